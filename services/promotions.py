"""The shop's offers, and what each would do to a shopper's cart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.identity import Identity
from core.settings import Settings
from db.pricing import PromotionOutcome, PromotionTerms, evaluate
from db.reads.carts import open_cart, priced_lines
from db.reads.promotions import own_coupons, promotion_terms, running_promotions

# More would bury the ones that help.
OFFERS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion and what it does to the shopper's cart as it is now."""

    terms: PromotionTerms | None
    outcome: PromotionOutcome


def offers(
    session: Session, identity: Identity, *, settings: Settings, now: datetime
) -> list[Offer]:
    """The shopper's own coupons and every running promotion, those that the cart meets first."""
    running = own_coupons(session, identity, now=now) + running_promotions(session, now=now)
    found = _evaluated(session, identity, list(running), settings=settings, now=now)
    return sorted(found, key=lambda offer: offer.outcome.refusal is not None)


def offer_for(
    session: Session, identity: Identity, code: str, *, settings: Settings, now: datetime
) -> Offer:
    """What a code would do to the cart, whether the promotion runs or not."""
    terms = promotion_terms(session, code, identity)
    return _evaluated(session, identity, [terms], settings=settings, now=now)[0]


def _evaluated(
    session: Session,
    identity: Identity,
    promotions: list[PromotionTerms] | list[PromotionTerms | None],
    *,
    settings: Settings,
    now: datetime,
) -> list[Offer]:
    cart = open_cart(session, identity, now=now)
    lines = priced_lines(cart.lines) if cart else []
    cart_id = cart.id if cart else None
    return [
        Offer(terms, evaluate(terms, lines, currency=settings.currency, now=now, cart_id=cart_id))
        for terms in promotions
    ]
