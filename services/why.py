"""Why was this suggested? What is told beyond the reason that was stored with the suggestion.

Which product of the visit moved the network most, what people did whose visits were most like it,
and what would have stood in its place without the product that its reason names. All of it as of
the moment when the suggestion was shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import Suggestion
from db.reads.catalogue import ProductFacts
from db.reads.suggesting import namings, shown_suggestion
from recommender.protocol import History, Suggested, Surface
from services.suggest import ShownSuggestion, SuggestionService

type Ranking = list[tuple[Suggested, ProductFacts]]


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence, and the titles of the products that it names, by id, in their order."""

    text: str
    titles: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Why:
    """What is told beyond the reason; each is None where it is not known."""

    moved: Told | None = None
    visits_alike: Told | None = None
    instead: Told | None = None

    def __iter__(self) -> Iterator[Told]:
        return (one for one in (self.moved, self.visits_alike, self.instead) if one is not None)

    @property
    def text(self) -> str:
        """All sentences, the last without its full stop; empty where nothing is known."""
        return ". ".join(one.text for one in self)


def told_beyond(
    service: SuggestionService,
    session: Session,
    identity: Identity,
    told: ShownSuggestion,
    *,
    now: datetime,
) -> Why:
    """What is known of a suggestion beyond its reason.

    Nothing where only some products were asked for, or what goes with one.
    """
    row = shown_suggestion(session, identity, suggestion_id=told.suggestion_id)
    if row is None or not row.reason.get("from_all"):
        return Why()
    history, unwanted = service.facts(session, identity)
    then = _as_of(history, row.shown_at)
    grounds = service.grounds(then, told.product_id, version=row.model_version)
    moved = visits_alike = None
    # A product that the reason names already is not named again.
    if grounds.moved_by is not None and grounds.moved_by not in told.reason.because:
        naming = namings(session, [grounds.moved_by]).get(grounds.moved_by)
        if naming is not None:
            text = service.words.moved(naming.title)
            moved = Told(text, {grounds.moved_by: naming.title})
    if grounds.people is not None and grounds.of is not None:
        visits_alike = Told(service.words.visits_alike(grounds.people, grounds.of))
    instead = _instead(service, session, then, unwanted, told, row, now=now)
    return Why(moved, visits_alike, instead)


def _instead(
    service: SuggestionService,
    session: Session,
    then: History,
    unwanted: frozenset[str],
    told: ShownSuggestion,
    row: Suggestion,
    *,
    now: datetime,
) -> Told | None:
    """What would stand where `told` was shown, had its shopper not met the product it names.

    Ranks twice what was known then, with that product and without: the first of the second ranking
    that was not above `told` in the first. None where the reason names no product, where the place
    stays the same, and where the first ranking no longer gives what was told.
    """
    if not told.reason.because:
        return None
    named = told.reason.because[0]
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
    return Told(text, {named: naming.title, first.product_id: first.title})


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
