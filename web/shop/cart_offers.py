"""The offers below the cart's lines, and what would lift the cart to free delivery or to one."""

from dataclasses import dataclass
from typing import Any

from core.dates import day_text
from db.engine import read_session
from db.pricing import PromotionTerms, Refusal
from db.reads.carts import CartView
from recommender.protocol import Surface
from services.promotions import OFFERS_SHOWN, Offer, offers
from services.top_up import Gap, closing, gap_of
from web.shop.tiles import suggestion_tiles
from web.shop.visit import Visit
from web.wording import fill

TOP_UPS = 3


@dataclass(frozen=True, slots=True)
class CartOffers:
    """What the page shows: each offer that is not on the cart yet, and the way to the next one."""

    offers: list[dict[str, Any]]
    heading: str
    tiles: list[dict[str, Any]]

    @property
    def product_ids(self) -> set[str]:
        """What is shown as a top-up, which nothing else on the page repeats."""
        return {str(shown["product_id"]) for shown in self.tiles}


NOTHING = CartOffers([], "", [])


def cart_offers(visit: Visit, cart: CartView | None) -> CartOffers:
    """The offers for this visitor's cart, those it meets first, and products that close a gap."""
    if cart is None or not cart.lines:
        return NOTHING
    with read_session(visit.sessions) as session:
        found = offers(session, visit.identity, settings=visit.settings, now=visit.now)
        gap = gap_of(cart, found)
        hits = (
            closing(visit.search.catalogue, session, visit.identity, gap, now=visit.now)
            if gap
            else {}
        )
    taken = cart.promotion_code
    shown = [
        _offer(visit, one.terms, one, taken=taken)
        for one in found
        if one.terms is not None and one.terms.code != taken
    ]
    suggested = visit.suggest(Surface.CART, k=TOP_UPS, among=hits.keys()) if hits else []
    tiles = suggestion_tiles(suggested, settings=visit.settings, back="/cart")
    return CartOffers(shown[:OFFERS_SHOWN], _heading(visit, gap), tiles)


def _offer(
    visit: Visit, terms: PromotionTerms, offer: Offer, *, taken: str | None
) -> dict[str, Any]:
    """An offer as the page shows it; `taken` is the code that is on the cart already."""
    words = visit.words.cart.offers
    use = words.use if taken is None else words.instead
    return {
        "code": terms.code,
        "title": fill(words.only_for_you, title=terms.title) if terms.coupon else terms.title,
        "until": fill(words.until, day=day_text(terms.ends_at, visit.settings))
        if terms.ends_at
        else "",
        "own": terms.coupon is not None,
        "works": offer.outcome.refusal is None,
        "state": _state(visit, terms, offer),
        "use": fill(use, code=terms.code),
    }


def _state(visit: Visit, terms: PromotionTerms, offer: Offer) -> str:
    """What the offer does to the cart, or what it lacks, in the words of the chat."""
    words, outcome = visit.words.cart.offers, offer.outcome
    if outcome.refusal is None:
        return str(words.works)
    if outcome.refusal is Refusal.MINIMUM and outcome.missing is not None:
        return fill(words.minimum, missing=outcome.missing.text(visit.settings.locale))
    if outcome.refusal is Refusal.CATEGORY:
        titles = visit.search.catalogue.index.category_titles
        return fill(words.category, category=titles.get(terms.category_id or "", ""))
    return ""


def _heading(visit: Visit, gap: Gap | None) -> str:
    """What the products below it would bring."""
    if gap is None:
        return ""
    words, amount = visit.words.cart, gap.missing.text(visit.settings.locale)
    if gap.terms is None:
        return fill(words.gap, amount=amount)
    return fill(words.offers.gap, amount=amount, code=gap.terms.code)
