"""What lifts a cart to free delivery or to a promotion's minimum, in chat and on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.identity import Identity
from core.money import Money
from db.pricing import PromotionTerms, Refusal
from db.reads.carts import CartView
from db.reads.history import owned
from services.promotions import Offer
from services.query import SearchQuery, Sort
from services.search import CatalogueSearch, Hit

# Top-up products may cost this many times what is missing; more would be another purchase.
REACH = 2.5
# An offer is named unasked where no more than this share of the cart's value is missing.
NEAR = 0.5
# The most popular products of the price are enough to find those that go with the cart.
CANDIDATES = 150


@dataclass(frozen=True, slots=True)
class Gap:
    """What the cart lacks to the promotion's minimum; to free delivery where there is none."""

    missing: Money
    terms: PromotionTerms | None = None


def gap_of(cart: CartView, offers: Sequence[Offer] = ()) -> Gap | None:
    """What to close first: the way to free delivery, else to the nearest offer's minimum.

    None where neither is near.
    """
    if cart.free_delivery_gap is not None:
        return Gap(cart.free_delivery_gap)
    short = least_short(offers)
    gap = gap_to(short) if short else None
    is_near = gap is not None and gap.missing.amount <= NEAR * cart.subtotal.amount
    return gap if is_near else None


def gap_to(offer: Offer) -> Gap | None:
    """What the cart lacks to this offer's minimum; None where that is not what is missing."""
    if offer.terms is None or offer.outcome.missing is None:
        return None
    return Gap(offer.outcome.missing, offer.terms)


def least_short(offers: Sequence[Offer]) -> Offer | None:
    """The offer whose minimum the cart is nearest to, of those that lack only that."""
    short = [
        (offer.outcome.missing.amount, offer.terms.code, offer)
        for offer in offers
        if offer.terms is not None
        and offer.outcome.refusal is Refusal.MINIMUM
        and offer.outcome.missing is not None
    ]
    return min(short, key=lambda one: one[:2])[2] if short else None


def closing(
    search: CatalogueSearch, session: Session, identity: Identity, gap: Gap, *, now: datetime
) -> dict[str, Hit]:
    """What closes the gap by itself and costs little more, by product id."""
    missing = gap.missing.amount
    query = SearchQuery(
        price_min=missing,
        price_max=max(int(missing * REACH), missing + 1000),
        sort=Sort.POPULAR,
    )
    result = search.search(session, query, limit=CANDIDATES, now=now)
    if result.relaxed:
        return {}
    mine = owned(session, identity)
    return {
        hit.product_id: hit
        for hit in result.hits
        if hit.variant.stock > 0 and hit.product_id not in mine
    }
