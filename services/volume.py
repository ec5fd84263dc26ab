"""Recommendations at volume: who is asked for, kept ready; what was shown, written a little later.

Each shopper's state (steps, cart, the network's state, the last answers) stays in memory, and every
request asks the database whether it still holds (`db.reads.watch`): so the next answer knows the
last event, whichever process took it in. All of it runs in one thread of its own, off the event
loop: no lock, and no request waits for another's page. A page's cards come from it too; theirs are
stored, and their products read, in the page's own transaction.
"""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any

import structlog
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.clock import Clock
from core.identity import Identity
from core.ids import new_id
from db.engine import SessionFactory, read_session
from db.fold import CART_EVENT_NAMES
from db.insert import table_of
from db.models import EventName, Suggestion
from db.reads.catalogue import ProductFacts, catalogue_version, product_facts
from db.reads.suggesting import Naming, every_naming, namings
from db.reads.training import ACTIONS
from db.reads.watch import Stamp, Watch, stamp_in
from db.writes.visitors import claim_visitor
from recommender.live import Live
from recommender.protocol import History, Step, Suggested, Surface
from recommender.serving import Loaded
from services.freshness import Keeper
from services.suggest import NO_MODEL, REMEMBERED, SPARE, ShownSuggestion, SuggestionService

MOST_SHOPPERS = 20_000
"""Shoppers kept ready, about 6 KB each; beyond it the longest unused is forgotten."""
MOST_NAMES = 200_000
MOST_WAITING = 500_000
"""Rows that wait while the database takes none; beyond it the oldest are dropped, and said so."""
WRITE_EVERY = 0.2
CHANGING = CART_EVENT_NAMES | {EventName.REFUND}
"""Events after which more has changed than what the shopper did: the cart, or what they own."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was suggested, by which model; and how likely the open cart will be left, if known."""

    model_version: str
    suggestions: list[dict[str, Any]]
    leaving: float | None


@dataclass(frozen=True, slots=True)
class _Worded:
    """A suggestion with its reason in words, and the row that stores it."""

    shown: ShownSuggestion
    chosen: Suggested
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A shopper as last read, and ready for what was then loaded."""

    stamp: Stamp | None
    edition: int | None
    history: History
    unwanted: frozenset[str]
    live: Live | None


class VolumeService:
    """Answers from one thread, keeps the shop fresh and writes from another."""

    def __init__(
        self, service: SuggestionService, engine: Engine, sessions: SessionFactory, clock: Clock
    ) -> None:
        self._service = service
        self._sessions = sessions
        self._clock = clock
        self._watch = Watch(engine)
        self._kept: OrderedDict[Identity, _Kept] = OrderedDict()
        self._names: dict[str, Naming] = {}
        self._catalogue = ""
        self._thread = ThreadPoolExecutor(1, "recommend")
        self._log = ShownLog(sessions)
        self._keeper = Keeper(self._freshen)

    def warm_up(self) -> None:
        """Read what the shop's products are called, so that no shopper waits for it."""
        self._freshen()

    def start(self) -> None:
        """Begin to keep the model and the shop's stock fresh, and to write."""
        self._log.start()
        self._keeper.start()

    def stop(self) -> None:
        """Answer what was asked, write what was shown, and stop; it may be started again."""
        self._keeper.stop()
        self._thread.shutdown()
        self._watch.close()
        self._log.stop()
        self._thread = ThreadPoolExecutor(1, "recommend")

    async def suggest(
        self, identity: Identity, *, surface: Surface, k: int, anchor: str | None
    ) -> Answer:
        """At most k products for the shopper, best first, with reasons; stored soon after."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, self._answer, identity, surface, k, anchor, self._clock.now()
        )

    def show(
        self, identity: Identity, *, surface: Surface, k: int, anchor: str | None
    ) -> tuple[str, list[ShownSuggestion]]:
        """The same with what is known of the products, stored by the time that it returns.

        And the model's version. For a thread of its own.
        """
        now = self._clock.now()
        asked = self._thread.submit(self._worded, identity, surface, k, anchor, now)
        version, worded, _ = asked.result()
        with self._sessions.begin() as session:
            facts = product_facts(session, [one.shown.product_id for one in worded], now=now)
            # What sold out since it was chosen.
            worded = [one for one in worded if _is_available(facts.get(one.shown.product_id))]
            if worded:
                rows = [one.row for one in worded]
                session.connection().execute(insert(table_of(Suggestion)), rows)
        return version, [replace(one.shown, product=facts[one.shown.product_id]) for one in worded]

    def _answer(
        self, identity: Identity, surface: Surface, k: int, anchor: str | None, now: datetime
    ) -> Answer:
        version, worded, leaving = self._worded(identity, surface, k, anchor, now)
        self._log.put([one.row for one in worded])
        return Answer(version, [_told(one) for one in worded], leaving)

    def _worded(
        self, identity: Identity, surface: Surface, k: int, anchor: str | None, now: datetime
    ) -> tuple[str, list[_Worded], float | None]:
        stamp = self._watch.stamp(identity)
        if stamp is None:
            # A new visitor, or somebody whose token was signed elsewhere, is not stored yet.
            with self._sessions.begin() as session:
                claim_visitor(session, identity, now=now)
            stamp = self._watch.stamp(identity)
        shelf = self._service.shelf(self._sessions, now)
        current = self._service.current(shelf, now)
        loaded = current.in_force if current is not None else None
        version = loaded.version if loaded is not None else NO_MODEL
        edition = loaded.edition if loaded is not None else None
        held = self._kept.get(identity)
        if held is None or held.stamp != stamp or held.edition != edition:
            held = self._read(identity, stamp, loaded, held)
            self._kept[identity] = held
            if len(self._kept) > MOST_SHOPPERS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(identity)
        chosen: list[Suggested] = []
        leaving = None
        if current is not None and loaded is not None and held.live is not None:
            leaving = loaded.blend.leaving(held.live, now=now)
            mask = current.mask(shelf.available, loaded)
            chosen = loaded.blend.suggest(
                held.live, k=k + SPARE, surface=surface, available=mask, anchor=anchor
            )
        if len(chosen) < k:
            chosen = self._service.filled_up(
                chosen,
                shelf,
                held.history,
                held.unwanted,
                surface=surface,
                k=k + SPARE,
                anchor=anchor,
            )
        stocked = self._watch.in_stock([one.product_id for one in chosen])
        kept = [one for one in chosen if one.product_id in stocked][:k]
        worded = self._in_words(identity, surface, kept, version, now, from_all=anchor is None)
        return version, worded, leaving

    def _read(
        self,
        identity: Identity,
        stamp: Stamp | None,
        loaded: Loaded | None,
        before: _Kept | None,
    ) -> _Kept:
        history = None if before is None else self._gone_on(identity, stamp, before)
        if before is not None and history is not None:
            unwanted = before.unwanted
        else:
            with read_session(self._sessions) as session:
                # Of the same moment as the facts, so that what is read on from it is nothing twice.
                stamp = stamp_in(session, identity)
                history, unwanted = self._service.facts(session, identity)
        live = None
        if loaded is not None:
            is_same = before is not None and before.edition == loaded.edition
            known = before.live if before is not None and is_same else None
            live = loaded.blend.follow(history, unwanted, before=known)
        return _Kept(stamp, loaded.edition if loaded else None, history, unwanted, live)

    def _gone_on(self, identity: Identity, stamp: Stamp | None, before: _Kept) -> History | None:
        """The history with what the shopper did since it was kept.

        None where more than that has changed: it is read anew.
        """
        kept = before.stamp
        if stamp is None or kept is None or stamp._replace(event=kept.event) != kept:
            return None
        if stamp.event is None or kept.event is None or stamp.event < kept.event:
            return None
        news = self._watch.news(identity, kept.event, stamp.event)
        if any(one.name in CHANGING for one in news):
            return None
        new = [
            Step(one.product_id, ACTIONS[EventName(one.name)], one.at)
            for one in news
            if one.product_id is not None and one.name in ACTIONS
        ]
        # What is as old as a step that is known came after it.
        steps = sorted([*before.history.steps, *new], key=lambda step: step.at)
        # Not cut at every step, so that what was made of the steps before is of use.
        kept_steps = steps[-REMEMBERED:] if len(steps) > 2 * REMEMBERED else steps
        return replace(before.history, steps=tuple(kept_steps))

    def _in_words(
        self, identity: Identity, surface: Surface, chosen: list[Suggested], version: str,
        now: datetime, *, from_all: bool,
    ) -> list[_Worded]:  # fmt: skip
        names = self._learnt_names(chosen)
        worded = []
        for rank, one in enumerate(chosen, start=1):
            reason, text = self._service.worded(one, names)
            key = new_id()
            row = self._service.row(
                identity, key, replace(one, rank=rank, reason=reason), text, surface, version, now,
                from_all=from_all,
            )  # fmt: skip
            shown = ShownSuggestion(key, one.product_id, rank, one.source, reason, text)
            worded.append(_Worded(shown, one, row))
        return worded

    def _learnt_names(self, chosen: list[Suggested]) -> dict[str, Naming]:
        """Names among which are those of all products that suggestions speak of."""
        # Another thread may put other names in their place at any time.
        names = self._names
        needed = {one.product_id for one in chosen}
        needed.update(product for one in chosen for product in one.reason.because)
        missing = [product for product in needed if product not in names]
        if missing:
            with read_session(self._sessions) as session:
                names.update(namings(session, missing))
            if len(names) > MOST_NAMES:
                self._names = {product: names[product] for product in needed & names.keys()}
        return names

    def _freshen(self) -> None:
        self._service.freshen(self._sessions, self._clock.now())
        with read_session(self._sessions) as session:
            catalogue = catalogue_version(session)
        if catalogue != self._catalogue:
            # Titles may have changed. Names beyond these are read as they are needed.
            self._catalogue = catalogue
            with read_session(self._sessions) as session:
                self._names = every_naming(session, most=MOST_NAMES // 2)


def _told(one: _Worded) -> dict[str, Any]:
    shown, chosen = one.shown, one.chosen
    return {
        "product_id": shown.product_id,
        "rank": shown.rank,
        "score": round(chosen.score, 6),
        "source": shown.source,
        "shares": chosen.shares,
        "reason": {"text": shown.reason_text, "kind": shown.reason.kind.value},
        "suggestion_id": shown.suggestion_id,
    }


def _is_available(facts: ProductFacts | None) -> bool:
    return facts is not None and facts.available


class ShownLog:
    """Writes what was shown in batches; `stop` writes the rest."""

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions
        self._waiting: list[dict[str, Any]] = []
        self._lock = Lock()
        self._stop = Flag()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to write every WRITE_EVERY seconds."""
        self._thread = Thread(target=self._run, name="shown log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.write()
        self._stop = Flag()

    def put(self, rows: list[dict[str, Any]]) -> None:
        """Have rows written soon."""
        with self._lock:
            self._waiting += rows
            if (over := len(self._waiting) - MOST_WAITING) > 0:
                del self._waiting[:over]
                log.error("shown_suggestions_dropped", rows=over)

    def write(self) -> None:
        """Write what waits now; where the database takes none, it goes on waiting."""
        with self._lock:
            rows, self._waiting = self._waiting, []
        if not rows:
            return
        try:
            self._insert(rows)
        except IntegrityError:
            self._insert_known(rows)
        except SQLAlchemyError as error:
            log.warning("shown_suggestions_wait", rows=len(rows), error=type(error).__name__)
            with self._lock:
                self._waiting = rows + self._waiting

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        with self._sessions.begin() as session:
            session.connection().execute(insert(table_of(Suggestion)), rows)

    def _insert_known(self, rows: list[dict[str, Any]]) -> None:
        """One shopper after the other: some of them were erased since."""
        by_owner: dict[Any, list[dict[str, Any]]] = {}
        for row in rows:
            by_owner.setdefault((row["visitor_id"], row["person_id"]), []).append(row)
        for own in by_owner.values():
            try:
                self._insert(own)
            except IntegrityError:
                log.info("shown_suggestions_of_nobody", rows=len(own))

    def _run(self) -> None:
        while not self._stop.wait(WRITE_EVERY):
            self.write()
