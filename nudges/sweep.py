"""One round over the left carts: claim, judge, decide, let go, deliver, write down.

Claim to decision is one transaction a page, so a process that dies in it leaves nothing behind.
Delivery runs outside of any transaction, group by group: at most one group's messages become
unknown when the process dies. A round holds one page at a time, however many carts there are.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from core.clock import Clock
from core.ids import new_id
from core.settings import Settings
from db.engine import SessionFactory
from nudges import coupons, heartbeat
from nudges.channels import Channel, chat
from nudges.decide import Decided, Rules, decide_page
from nudges.decision import Decider
from nudges.deliver import Courier, Delivered
from nudges.gates import Pass
from nudges.leaving import LeavingScores
from nudges.policy import Policy, Stage
from nudges.store.claim import (
    Claim,
    Cursor,
    claim_reminders,
    claim_stage,
    claim_waiting,
)
from nudges.store.outcomes import recover

PAGE = 500

# Takes one page of nudges in a transaction: their ids, and whether there may be more.
type Take = Callable[[Session, Claim, int], tuple[list[str], bool]]


@dataclass(slots=True)
class Summary:
    """What one round did; `seen` counts the nudges looked at, `gates` what stopped or delayed."""

    seen: int = 0
    ready: int = 0
    sent: int = 0
    held_out: int = 0
    unknown: int = 0
    failed: int = 0
    retried: int = 0
    held_back: int = 0
    taken_back: int = 0
    gates: Counter[str] = field(default_factory=Counter)

    def count(self, decided: Decided, delivered: Delivered) -> None:
        """Add a page."""
        self.seen += len(decided.verdicts)
        self.held_back += decided.put_off
        self.ready += len(decided.ready)
        self.held_out += decided.held_out
        self.gates.update(one.gate for one in decided.verdicts if not isinstance(one, Pass))
        self.sent += delivered.sent
        self.unknown += delivered.unknown
        self.failed += delivered.failed
        self.retried += delivered.retried
        self.held_back += delivered.held_back

    def as_detail(self) -> dict[str, Any]:
        """For the heartbeat and the log."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"gates": dict(self.gates)}


class Sweeper:
    """Runs rounds. Everything it needs is handed in.

    All it keeps between rounds is which servers are in trouble, so that none holds up every round.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        settings: Settings,
        policy: Policy,
        channels: Sequence[Channel],
        decider: Decider,
        clock: Clock,
        leaving: LeavingScores | None = None,
        page: int = PAGE,
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._policy = policy
        self._decider = decider
        self._clock = clock
        self._leaving = leaving
        self._page = page
        self._version = policy.version
        self._began = False
        self._channels = frozenset(channel.name for channel in channels)
        self._courier = Courier.on(channels, sessions=sessions, settings=settings, clock=clock)

    def run(self) -> Summary:
        """One round: what shoppers asked for, what waited, then every stage that fell due.

        It ends when nothing is due any more, or the policy's messages a minute are sent.
        """
        summary = Summary()
        policy = self._begin(summary)
        left = policy.delivery.per_minute
        for take in self._sources(policy):
            more = True
            while more and left > 0:
                more, taken = self._page_of(policy, take, min(self._page, left), summary)
                left -= taken
        with self._sessions.begin() as session:
            heartbeat.round_done(session, summary.as_detail(), now=self._clock.now())
        return summary

    def _begin(self, summary: Summary) -> Policy:
        """Tidy up after the dead; the policy with the moment from which on carts count."""
        now = self._clock.now()
        if self._leaving is not None:
            self._leaving.refresh()
        with self._sessions.begin() as session:
            activated = heartbeat.activate(session, now=now, first=not self._began)
            taken_back, unknown = recover(session, lease=self._policy.delivery.lease, now=now)
            coupons.tidy(session, now=now)
            chat.tidy(session, now=now)
        self._began = True
        summary.taken_back += taken_back
        summary.unknown += unknown
        if self._policy.active_from is not None:
            return self._policy
        return self._policy.model_copy(update={"active_from": activated})

    def _sources(self, policy: Policy) -> Iterator[Take]:
        yield _reminders
        yield _waiting
        for stage in policy.stages:
            yield _Stage(policy, stage)

    def _page_of(
        self, policy: Policy, take: Take, limit: int, summary: Summary
    ) -> tuple[bool, int]:
        """Decide and deliver one page: whether there may be more, and how many messages it took.

        What waits for a server in trouble takes none, or an outage would use up the minute of all
        that can be sent. Of a source that a slow server falls behind with, there is no more this
        round.
        """
        claim = Claim(new_id(), self._clock.now(), self._version)
        rules = Rules(
            policy,
            self._settings,
            self._channels,
            self._decider,
            self._leaving,
            pauses=self._courier.pauses,
        )
        with self._sessions.begin() as session:
            nudge_ids, more = take(session, claim, limit)
            decided = decide_page(session, claim, nudge_ids, rules)
        delivered = self._courier.deliver(claim, decided.ready, policy)
        summary.count(decided, delivered)
        more = (more or decided.on_trial > 0) and not delivered.late
        return more, len(decided.ready) - delivered.put_off - delivered.late


def _reminders(session: Session, claim: Claim, limit: int) -> tuple[list[str], bool]:
    nudge_ids, taken = claim_reminders(session, claim, limit=limit)
    return nudge_ids, taken == limit


def _waiting(session: Session, claim: Claim, limit: int) -> tuple[list[str], bool]:
    nudge_ids = claim_waiting(session, claim, limit=limit)
    return nudge_ids, len(nudge_ids) == limit


class _Stage:
    """Pages through the carts for which one stage fell due."""

    def __init__(self, policy: Policy, stage: Stage) -> None:
        self._policy = policy
        self._stage = stage
        self._after: Cursor | None = None

    def __call__(self, session: Session, claim: Claim, limit: int) -> tuple[list[str], bool]:
        nudge_ids, self._after = claim_stage(
            session, claim, self._policy, self._stage, after=self._after, limit=limit
        )
        return nudge_ids, self._after is not None
