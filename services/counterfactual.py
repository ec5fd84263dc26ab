"""What would have stood in a suggestion's place without the product that its reason names."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from core.identity import Identity
from db.reads.catalogue import ProductFacts
from db.reads.suggesting import namings, shown_suggestion
from recommender.protocol import History, Suggested, Surface
from services.suggest import ShownSuggestion, SuggestionService

type Ranking = list[tuple[Suggested, ProductFacts]]


@dataclass(frozen=True, slots=True)
class Instead:
    """The product that would have stood there, in words."""

    product_id: str
    text: str
    titles: dict[str, str]
    """Of the products that the text names, by id."""


def instead_of(
    service: SuggestionService,
    session: Session,
    identity: Identity,
    told: ShownSuggestion,
    *,
    now: datetime,
) -> Instead | None:
    """What would stand where `told` was shown, had its shopper not met the product it names.

    Ranks twice what was known then, with that product and without: the first of the second ranking
    that was not above `told` in the first. None where the reason names no product, where the place
    stays the same, where the first ranking no longer gives what was told, and where only some
    products were asked for or what goes with one.
    """
    row = shown_suggestion(session, identity, suggestion_id=told.suggestion_id)
    if row is None or not told.reason.because or not row.reason.get("from_all"):
        return None
    named = told.reason.because[0]
    history, unwanted = service.facts(session, identity)
    then = _as_of(history, row.shown_at)
    rest = _without(then, named)
    if rest == then:
        return None
    before, after = (
        service.ranked(
            session, one, unwanted | {named}, surface=Surface(row.surface), k=told.rank, now=now
        )
        for one in (then, rest)
    )
    first = _first_new(before, after, told)
    naming = namings(session, [named]).get(named)
    if first is None or naming is None:
        return None
    text = service.words.instead(naming.title, first.title)
    return Instead(first.product_id, text, {named: naming.title, first.product_id: first.title})


def _first_new(before: Ranking, after: Ranking, told: ShownSuggestion) -> ProductFacts | None:
    """The first product after that was not above what was told before, unless it is the same."""
    products = [(one.product_id, one.reason.because) for one, _ in before]
    shown = told.product_id, told.reason.because
    if shown not in products:
        return None
    above = {product for product, _ in products[: products.index(shown)]}
    first = next((facts for one, facts in after if one.product_id not in above), None)
    return first if first and first.product_id != told.product_id else None


def _as_of(history: History, at: datetime) -> History:
    """The steps until then, and the cart without what was added later."""
    steps = tuple(step for step in history.steps if step.at <= at)
    added = {step.product_id for step in steps if step.action == "add"}
    added_later = {step.product_id for step in history.steps if step.action == "add"} - added
    cart = tuple(product for product in history.cart if product not in added_later)
    return replace(history, steps=steps, cart=cart)


def _without(history: History, product: str) -> History:
    steps = tuple(step for step in history.steps if step.product_id != product)
    return replace(history, steps=steps, cart=tuple(one for one in history.cart if one != product))
