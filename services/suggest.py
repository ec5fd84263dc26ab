"""Suggestions as the shop's page and the chat show them: read, rank, explain, write down.

Reads the shopper's last steps, cart and orders, asks the recommender, checks stock in the same
transaction, words the reasons, and stores what was shown so that "why this?" has an answer. Where
no model is trained, or it knows too little, the rest comes from the catalogue: the same category
first, then what is popular; the reason says so.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.identity import Identity
from core.ids import new_id
from core.settings import Settings
from db.engine import SessionFactory, read_session
from db.insert import table_of
from db.models import Suggestion
from db.reads.catalogue import ProductFacts, product_facts
from db.reads.history import hidden, owned, recent_steps
from db.reads.suggesting import (
    Naming,
    categories_listed,
    in_cart,
    interest,
    listing_of_buyable,
    namings,
    shown_suggestion,
)
from db.reads.training import item_frame
from db.writes.visitors import claim_visitor
from recommender.filters import never_suggested
from recommender.protocol import (
    History,
    NoModelError,
    Reason,
    ReasonKind,
    Step,
    Suggested,
    Surface,
)
from recommender.registry import BrokenModelError
from recommender.sequences import MEMORY, WINDOW
from recommender.serving import Grounds, Suggester
from services.embedding import Embedder
from services.reason_words import ReasonWords

NO_MODEL = "none"
CONTENT_SOURCE = "catalogue"
POPULAR_DAYS = timedelta(days=30)
SHELF_FRESH = timedelta(seconds=30)
INTEREST_FRESH = timedelta(minutes=10)
RETRY_MODEL = timedelta(seconds=30)
SPARE = 8
REMEMBERED = WINDOW + MEMORY
"""Steps of a shopper that suggestions rest on."""
# Reasons that rest on what shoppers did with what lies in the cart, the strongest first.
TAKEN_ALONG = {ReasonKind.RULE: 0, ReasonKind.SEQUENCE: 1, ReasonKind.SIMILAR: 2}


@dataclass(frozen=True, slots=True)
class ShownSuggestion:
    """A product shown to a shopper, with the words of its reason."""

    suggestion_id: str
    """Empty where it was not stored."""
    product_id: str
    rank: int
    source: str
    reason: Reason
    reason_text: str
    product: ProductFacts | None = field(default=None, compare=False)
    """As read when it was shown, no part of what was said; None when that is looked up later."""


@dataclass(frozen=True)
class Shelf:
    """What can be bought, and how many people were interested in it, a short while ago."""

    at: datetime
    counted_at: datetime
    listing: str
    available: frozenset[str]
    category: dict[str, str | None]
    interest: dict[str, int]
    by_interest: list[str]


class SuggestionService:
    """Suggests from the model in force; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._models_dir = settings.models_dir
        self._min_people = settings.min_people
        self.words = ReasonWords(settings.locale)
        self._suggester = self._load(None)
        self._fitting: str | None = None
        self._looked_at: datetime | None = None
        self._shelf: Shelf | None = None

    @property
    def model_version(self) -> str:
        """The version in use, or "none"."""
        return self._suggester.version if self._suggester else NO_MODEL

    def warm_up(self, session: Session, *, now: datetime) -> None:
        """Read the shelf and load the model now, so that no shopper waits for it."""
        self._current_suggester(now, self._current_shelf(session, now))

    def suggest(
        self,
        session: Session,
        identity: Identity,
        *,
        surface: Surface | str,
        k: int,
        now: datetime,
        anchor: str | None = None,
        among: Collection[str] | None = None,
        without: Collection[str] = (),
        store: bool = True,
    ) -> list[ShownSuggestion]:
        """At most k products for the shopper, best first, stored as shown unless told otherwise.

        `anchor` is the product that the page or the question is about; an unknown one is no error.
        With `among` only these products are suggested, those first that shoppers were seen to
        take along, the merely popular last. What is in `without` the page shows already.
        """
        surface = Surface(surface)
        if k <= 0:
            return []
        history, unwanted = self.facts(session, identity)
        kept = self.ranked(
            session, history, unwanted | frozenset(without), surface=surface, k=k, now=now,
            anchor=anchor, among=among,
        )  # fmt: skip
        shown = self._worded(session, kept, new_ids=store)
        if store and shown:
            from_all = anchor is None and among is None and not without
            self._store(session, identity, surface, shown, kept, now, from_all=from_all)
        return shown

    def ranked(
        self,
        session: Session,
        history: History,
        unwanted: frozenset[str],
        *,
        surface: Surface,
        k: int,
        now: datetime,
        anchor: str | None = None,
        among: Collection[str] | None = None,
    ) -> list[tuple[Suggested, ProductFacts]]:
        """What `suggest` shows to somebody with that history, none of it `unwanted`."""
        shelf = self._current_shelf(session, now)
        suggester = self._current_suggester(now, shelf)
        chosen: list[Suggested] = []
        if suggester is not None:
            chosen = suggester.suggest(
                history,
                k=k + SPARE if among is None else len(among),
                surface=surface,
                exclude=unwanted,
                available=shelf.available if among is None else {*among} & shelf.available,
                anchor=anchor,
            )
        if len(chosen) < k:
            chosen = self.filled_up(
                chosen, shelf, history, unwanted, surface=surface, k=k + SPARE, anchor=anchor,
                among=among,
            )  # fmt: skip
        if among is not None:
            chosen.sort(key=lambda one: TAKEN_ALONG.get(one.reason.kind, len(TAKEN_ALONG)))
        return _in_stock(session, chosen, k, now)

    def why(
        self,
        session: Session,
        identity: Identity,
        *,
        suggestion_id: str | None = None,
        product_id: str | None = None,
    ) -> ShownSuggestion | None:
        """What was said when this was suggested to this shopper; None if it never was."""
        row = shown_suggestion(
            session, identity, suggestion_id=suggestion_id, product_id=product_id
        )
        if row is None:
            return None
        stored = row.reason
        reason = Reason(
            kind=ReasonKind(stored["kind"]),
            because=tuple(stored["because"]),
            people=stored["people"],
            of=stored["of"],
            confidence=stored["confidence"],
            lift=stored["lift"],
        )
        return ShownSuggestion(
            row.id, row.product_id, row.rank, row.source, reason, str(stored["text"])
        )

    def grounds(self, history: History, product_id: str, *, version: str) -> Grounds:
        """What a suggestion of that version rested on; nothing where another is in force."""
        suggester = self._suggester
        if suggester is None or suggester.version != version:
            return Grounds()
        return suggester.grounds(history, product_id)

    def facts(self, session: Session, identity: Identity) -> tuple[History, frozenset[str]]:
        """The shopper's steps, cart and orders, and the products they do not want to see."""
        steps = recent_steps(session, identity, limit=REMEMBERED)
        history = History(
            steps=tuple(Step(step.product_id, step.action, step.at) for step in steps),
            cart=in_cart(session, identity),
            owned=tuple(owned(session, identity)),
        )
        return history, hidden(session, identity)

    def leaving(self, session: Session, identity: Identity, *, now: datetime) -> float | None:
        """How likely the open cart will not be bought in this visit; None where that is unknown."""
        suggester = self._current_suggester(now, self._current_shelf(session, now))
        if suggester is None:
            return None
        history, _ = self.facts(session, identity)
        return suggester.leaving(history, now=now)

    def filled_up(
        self,
        chosen: Sequence[Suggested],
        shelf: Shelf,
        history: History,
        unwanted: Collection[str],
        *,
        surface: Surface,
        k: int,
        anchor: str | None,
        among: Collection[str] | None = None,
    ) -> list[Suggested]:
        """What was chosen, and after it products of the catalogue up to k."""
        model = self._suggester
        again = model.in_force.blend.bought_again(history.owned) if model is not None else ()
        taboo = never_suggested(
            history, surface=surface, unwanted=unwanted, again=again, about=anchor
        )
        taboo.update(one.product_id for one in chosen)
        about = [anchor] if anchor else _latest(history, surface)
        return [*chosen, *self._from_catalogue(shelf, about, taboo, k - len(chosen), among)]

    def current(self, shelf: Shelf, now: datetime) -> Suggester | None:
        """The model in force as last looked at by `freshen`; looked for where there is none."""
        if self._suggester is not None and self._suggester.version == self._fitting:
            return self._suggester
        return self._current_suggester(now, shelf)

    def shelf(self, sessions: SessionFactory, now: datetime) -> Shelf:
        """What can be bought, as last read; read now where that is long ago."""
        shelf = self._fresh_shelf(now)
        if shelf is None:
            with read_session(sessions) as session:
                shelf = self._current_shelf(session, now)
        return shelf

    def freshen(self, sessions: SessionFactory, now: datetime) -> None:
        """Look at the model in force and at what can be bought, so that no request has to.

        Products that came after the model was trained are found their place in it.
        """
        with read_session(sessions) as session:
            shelf = self._shelf = self._read_shelf(session, now, self._shelf)
        suggester = self._current_suggester(now, shelf)
        if suggester is not None and suggester.unplaced(shelf.category):
            with read_session(sessions) as session:
                catalogue = item_frame(session, now=now)
            suggester.place(shelf.category, catalogue, Embedder.load().vectors)

    def _current_suggester(self, now: datetime, shelf: Shelf) -> Suggester | None:
        if self._suggester is not None:
            if self._suggester.refresh(on_sale=shelf.available, now=now):
                self._fitting = self._suggester.version
        elif self._looked_at is None or now - self._looked_at >= RETRY_MODEL:
            self._looked_at = now
            self._suggester = self._load(now)
        suggester = self._suggester
        if suggester is not None and suggester.version != self._fitting:
            try:
                suggester.check(shelf.available)
            except BrokenModelError as error:
                structlog.get_logger().error("model_refused", error=str(error))
                self._suggester, self._looked_at = None, now
                return None
            self._fitting = suggester.version
        return suggester

    def _load(self, now: datetime | None) -> Suggester | None:
        try:
            return Suggester.load(self._models_dir, min_people=self._min_people, now=now)
        except NoModelError:
            return None
        except BrokenModelError as error:
            structlog.get_logger().error("model_refused", error=str(error))
            return None

    def _current_shelf(self, session: Session, now: datetime) -> Shelf:
        shelf = self._fresh_shelf(now)
        if shelf is None:
            shelf = self._shelf = self._read_shelf(session, now, self._shelf)
        return shelf

    def _fresh_shelf(self, now: datetime) -> Shelf | None:
        """The shelf as last read; None where that is long ago."""
        shelf = self._shelf
        is_fresh = shelf is not None and timedelta(0) <= now - shelf.at < SHELF_FRESH
        return shelf if is_fresh else None

    def _read_shelf(self, session: Session, now: datetime, before: Shelf | None) -> Shelf:
        listing = listing_of_buyable(session, now=now)
        is_counted = before is not None and timedelta(0) <= now - before.counted_at < INTEREST_FRESH
        if before is not None and before.listing == listing and is_counted:
            return replace(before, at=now)
        category = categories_listed(listing)
        available = frozenset(category)
        if before is not None and before.available == available:
            available = before.available
        if before is not None and is_counted:
            counted_at, counts = before.counted_at, before.interest
        else:
            counted_at, counts = now, interest(session, since=now - POPULAR_DAYS)
        order = sorted(available, key=lambda product: (-counts.get(product, 0), product))
        return Shelf(now, counted_at, listing, available, category, counts, order)

    def _from_catalogue(
        self,
        shelf: Shelf,
        about: Iterable[str],
        taboo: set[str],
        count: int,
        among: Collection[str] | None,
    ) -> list[Suggested]:
        """Products of the categories in question by popularity, then popular ones of any."""
        because: dict[str, str] = {}
        for product in about:
            category = shelf.category.get(product)
            if category is not None:
                because.setdefault(category, product)
        free = [
            product
            for product in shelf.by_interest
            if product not in taboo and (among is None or product in among)
        ]
        alike = [product for product in free if shelf.category[product] in because]
        rest = [product for product in free if shelf.category[product] not in because]
        return [
            self._catalogue_choice(shelf, product, because.get(shelf.category[product] or ""), at)
            for at, product in enumerate([*alike, *rest][: max(count, 0)], start=1)
        ]

    def _catalogue_choice(self, shelf: Shelf, product: str, like: str | None, at: int) -> Suggested:
        people = shelf.interest.get(product, 0)
        if like is not None:
            reason = Reason(ReasonKind.CONTENT, (like,))
        elif people >= self._min_people:
            reason = Reason(ReasonKind.POPULAR, people=people)
        else:
            reason = Reason(ReasonKind.CONTENT)
        return Suggested(product, 0.0, at, CONTENT_SOURCE, reason, {CONTENT_SOURCE: 1.0})

    def _worded(
        self, session: Session, kept: list[tuple[Suggested, ProductFacts]], *, new_ids: bool
    ) -> list[ShownSuggestion]:
        names = {facts.product_id: Naming(facts.title, facts.category_title) for _, facts in kept}
        because = {product for one, _ in kept for product in one.reason.because}
        names |= namings(session, because - names.keys())
        shown = []
        for rank, (one, facts) in enumerate(kept, start=1):
            reason, text = self.worded(one, names)
            key = new_id() if new_ids else ""
            shown.append(
                ShownSuggestion(key, one.product_id, rank, one.source, reason, text, facts)
            )
        return shown

    def worded(self, one: Suggested, names: dict[str, Naming]) -> tuple[Reason, str]:
        """The suggestion's reason in words, and as it may be said of products that have names."""
        reason = one.reason
        if any(product not in names for product in reason.because):
            reason = replace(reason, kind=ReasonKind.CONTENT, because=(), people=None, of=None)
        return reason, self.words.text(one.product_id, reason, names)

    @staticmethod
    def row(
        identity: Identity,
        shown: ShownSuggestion,
        one: Suggested,
        surface: Surface,
        version: str,
        now: datetime,
        *,
        from_all: bool,
    ) -> dict[str, Any]:
        """What is stored of a suggestion that was shown, and of how it was chosen.

        `from_all` says that it was chosen from all that can be bought, and about no product.
        """
        return {
            "id": shown.suggestion_id,
            "visitor_id": identity.visitor_id or None,
            "person_id": identity.person_id,
            "surface": str(surface),
            "product_id": one.product_id,
            "rank": shown.rank,
            "score": one.score,
            "source": one.source,
            "reason": _stored(shown.reason, shown.reason_text, one.shares, from_all=from_all),
            "model_version": NO_MODEL if one.source == CONTENT_SOURCE else version,
            "shown_at": now,
        }

    def _store(
        self,
        session: Session,
        identity: Identity,
        surface: Surface,
        shown: list[ShownSuggestion],
        kept: list[tuple[Suggested, ProductFacts]],
        now: datetime,
        *,
        from_all: bool,
    ) -> None:
        # A new visitor, or somebody whose token was signed elsewhere, is not stored yet.
        claim_visitor(session, identity, now=now)
        rows = [
            self.row(
                identity, seen, one, surface, self.model_version, now, from_all=from_all,
            )
            for seen, (one, _) in zip(shown, kept, strict=True)
        ]  # fmt: skip
        session.connection().execute(insert(table_of(Suggestion)), rows)


def _in_stock(
    session: Session, chosen: Sequence[Suggested], k: int, now: datetime
) -> list[tuple[Suggested, ProductFacts]]:
    """The first k that can be bought as the rows say now; the spare ones are read if needed."""
    kept: list[tuple[Suggested, ProductFacts]] = []
    for part in (chosen[:k], chosen[k:]):
        if len(kept) < k:
            found = product_facts(session, [one.product_id for one in part], now=now)
            for one in part:
                facts = found.get(one.product_id)
                if facts is not None and facts.available:
                    kept.append((one, facts))
    return kept[:k]


def _latest(history: History, surface: Surface) -> list[str]:
    """The products a fallback starts from, the latest first."""
    steps = [step.product_id for step in reversed(history.steps)]
    cart = list(reversed(history.cart))
    return [*cart, *steps] if surface is Surface.CART else [*steps, *cart]


def _stored(
    reason: Reason, text: str, shares: dict[str, float], *, from_all: bool
) -> dict[str, Any]:
    return {
        "kind": str(reason.kind),
        "because": list(reason.because),
        "people": reason.people,
        "of": reason.of,
        "confidence": reason.confidence,
        "lift": reason.lift,
        "text": text,
        "shares": shares,
        "from_all": from_all,
    }
