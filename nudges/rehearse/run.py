"""Sweeping through a shop's past days, quarter of an hour by quarter of an hour."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory, read_session
from db.migrate import upgrade
from db.models import Cart, CartStatus, Event, Nudge, NudgeState, Reminder
from db.models import Channel as ChannelName
from db.pricing import DeliveryRule
from nudges.channels import Outcome, OutcomeKind
from nudges.decision import Decider
from nudges.leaving import LeavingScores
from nudges.message import Message
from nudges.policy import Policy
from nudges.rehearse.feed import Feed
from nudges.rehearse.report import Rehearsal, report
from nudges.sweep import Sweeper

STEP = timedelta(minutes=15)
"""Production sweeps every minute; a month need not."""


@dataclass(slots=True)
class Sink:
    """Takes every message, and keeps none."""

    name: ChannelName
    at_once: int = 200
    confirms: bool = False

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        """Accept each."""
        return [Outcome(OutcomeKind.ACCEPTED, message_id=one.nudge_id) for one in messages]

    def close(self) -> None:
        """Nothing is held open."""


def newest_event(shop: SessionFactory) -> datetime | None:
    """When the last thing happened in a shop; None where nothing ever did."""
    with read_session(shop) as session:
        return session.scalar(select(func.max(Event.at)))


def rehearse(
    name: str,
    shop: SessionFactory,
    policy: Policy,
    *,
    settings: Settings,
    channels: Sequence[ChannelName],
    decider: Decider,
    begin: datetime,
    end: datetime,
    leaving: LeavingScores | None = None,
) -> Rehearsal:
    """What the policy would have done from `begin` to `end`, had it been switched on at `begin`.

    `shop` is read only. Raises ValueError where the time does not begin before it ends.
    """
    if begin >= end:
        raise ValueError("the time rehearsed must begin before it ends")
    delivery = policy.delivery
    steps = STEP // timedelta(minutes=1)
    policy = policy.model_copy(
        update={
            "active_from": begin,
            "delivery": delivery.model_copy(update={"per_minute": delivery.per_minute * steps}),
        }
    )
    clock = SimulatedClock(begin)
    with _copy(settings) as copy:
        sweeper = Sweeper(
            copy,
            settings=settings,
            policy=policy,
            channels=[Sink(channel) for channel in channels],
            decider=decider,
            clock=clock,
            leaving=leaving,
        )
        feed = Feed(shop, copy)
        feed.begin(begin)
        while clock.now() < end:
            moment = _next_moment(feed, copy, policy, now=clock.now()) or end
            steps = max(-((begin - moment) // STEP), (clock.now() - begin) // STEP + 1)
            clock.advance(min(begin + steps * STEP, end) - clock.now())
            feed.advance(clock.now())
            sweeper.run()
        with read_session(copy) as session:
            return report(session, name, policy, begin=begin, end=end)


@contextmanager
def _copy(settings: Settings) -> Iterator[SessionFactory]:
    with TemporaryDirectory(prefix="cartwright-rehearsal-") as folder:
        url = f"sqlite:///{Path(folder) / 'copy.db'}"
        upgrade(url)
        engine = make_engine(url)
        try:
            yield make_session_factory(engine, delivery=DeliveryRule.of(settings))
        finally:
            engine.dispose()


def _next_moment(
    feed: Feed, copy: SessionFactory, policy: Policy, *, now: datetime
) -> datetime | None:
    """When something happens next, or falls due; nothing would change before."""
    with read_session(copy) as session:
        waiting = select(func.min(Nudge.next_at)).where(Nudge.state == NudgeState.WAITING)
        asked = select(func.min(Reminder.due_at)).where(
            Reminder.taken_at.is_(None), Reminder.cancelled_at.is_(None)
        )
        moments = [feed.next_moment(), session.scalar(waiting), session.scalar(asked)]
        for stage in policy.stages:
            left = session.scalar(
                select(func.min(Cart.last_activity_at)).where(
                    Cart.status == CartStatus.OPEN,
                    Cart.person_id.is_not(None),
                    Cart.last_activity_at > now - stage.after,
                )
            )
            moments.append(left + stage.after if left else None)
    return min((moment for moment in moments if moment), default=None)
