"""Shoppers who left carts, a channel that keeps what it is given, and a sweeper over both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import Channel as ChannelName
from db.models import EventName, Nudge, Person
from db.writes.consents import record_consent
from db.writes.events import NewEvent, record
from nudges.channels import Channel, Outcome, OutcomeKind
from nudges.decision import AlwaysRemind, Decider
from nudges.leaving import LeavingScores
from nudges.message import Message
from nudges.policy import Policy
from nudges.sweep import Sweeper

TENT = CartItem("tent", "tent-green", 1, 11900, "EUR")
STOVE = CartItem("stove", "stove", 1, 4500, "EUR")

# No hold-out, so that every shopper of a test is written to; the tests of hold-out set their own.
PLAIN: dict[str, Any] = {
    "active_from": "2026-01-01T00:00:00Z",
    "stages": [
        {"name": "first", "after_minutes": 60, "channels": ["email"]},
        {"name": "second", "after_minutes": 1440, "channels": ["email"]},
    ],
    "hold_out": {"share": 0},
    "caps": {"gap_hours": 1, "per_day": 5, "per_week": 5},
}


def policy(**changes: Any) -> Policy:
    """The plain policy with some tables or keys replaced."""
    return Policy.model_validate(PLAIN | changes)


@dataclass
class Sink:
    """A channel that takes whatever it gets, or answers with the outcomes it was given."""

    name: ChannelName = ChannelName.EMAIL
    at_once: int = 10
    confirms: bool = False
    answers: list[Outcome] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        outcomes = []
        for message in messages:
            self.taken.append(message)
            outcomes.append(
                self.answers.pop(0)
                if self.answers
                else Outcome(OutcomeKind.ACCEPTED, message_id=message.nudge_id)
            )
        return outcomes

    def close(self) -> None:
        """Nothing is held open."""


def sweeper(
    sessions: SessionFactory,
    clock: SimulatedClock,
    *,
    channels: Iterable[Channel] = (),
    rules: Policy | None = None,
    decider: Decider | None = None,
    leaving: LeavingScores | None = None,
    settings: Settings | None = None,
    page: int = 500,
) -> Sweeper:
    return Sweeper(
        sessions,
        settings=settings or Settings(),
        policy=rules or policy(),
        channels=list(channels),
        decider=decider or AlwaysRemind(),
        leaving=leaving,
        clock=clock,
        page=page,
    )


def person(session: Session, key: str, *, now: datetime, **values: Any) -> None:
    """Somebody with an e-mail address who agreed to e-mails."""
    address = {"email": f"{key}@example.org", "name": key.title()}
    session.add(Person(id=key, created_at=now, **(address | values)))
    session.flush()
    agree(session, key, ChannelName.EMAIL, now=now)


def agree(
    session: Session, key: str, channel: ChannelName, *, now: datetime, granted: bool = True
) -> None:
    record_consent(
        session, key, channel, granted=granted, wording_version="test-1", source="test", now=now
    )


def leave_cart(
    session: Session, key: str, *, at: datetime, items: Sequence[CartItem] = (TENT,)
) -> None:
    """The person puts things into their cart and goes."""
    event = NewEvent(f"add-{at.isoformat()}", EventName.ADD_TO_CART, at, items=tuple(items))
    record(session, Identity(f"v-{key}", key), [event], now=at)


def buy(session: Session, key: str, *, at: datetime, items: Sequence[CartItem] = (TENT,)) -> None:
    event = NewEvent(
        f"buy-{at.isoformat()}",
        EventName.PURCHASE,
        at,
        items=tuple(items),
        transaction_id=f"T{at:%H%M%S%f}",
    )
    record(session, Identity(f"v-{key}", key), [event], now=at)


def left_carts(sessions: SessionFactory, clock: SimulatedClock, *keys: str, ago: timedelta) -> None:
    """These people left a tent in their carts that long ago."""
    at = clock.now() - ago
    with sessions.begin() as session:
        for key in keys:
            person(session, key, now=at - timedelta(days=1))
            leave_cart(session, key, at=at)


def nudges(sessions: SessionFactory) -> list[Nudge]:
    with sessions() as session:
        return list(session.scalars(select(Nudge).order_by(Nudge.created_at, Nudge.id)))
