"""A round writes to whom it may, once, and stores why nobody else got anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import Channel, EventName, NudgeState, Suppression
from db.writes.events import NewEvent, record
from nudges.channels import Outcome, OutcomeKind
from tests.integration.nudges.shoppers import (
    TENT,
    Sink,
    agree,
    buy,
    leave_cart,
    left_carts,
    nudges,
    person,
    policy,
    sweeper,
)

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("small_shop")


def test_a_left_cart_is_written_about_once(sessions: SessionFactory, clock: SimulatedClock) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink()
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    clock.advance(timedelta(minutes=1))
    sweep.run()
    (message,) = sink.taken
    assert message.address.address == "ann@example.org"
    assert "Ridge tent" in message.text
    (nudge,) = nudges(sessions)
    assert (nudge.state, nudge.stage, nudge.channel) == (NudgeState.SENT, "first", Channel.EMAIL)


def test_a_cart_that_is_not_due_is_left_alone(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=timedelta(minutes=59))
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    assert sink.taken == []
    assert nudges(sessions) == []


def test_each_stage_comes_in_its_time(sessions: SessionFactory, clock: SimulatedClock) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink()
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    clock.advance(timedelta(hours=23))
    sweep.run()
    clock.advance(timedelta(days=2))
    sweep.run()
    assert [nudge.stage for nudge in nudges(sessions)] == ["first", "second"]
    assert len(sink.taken) == 2


def test_after_a_long_stop_only_the_stage_of_now_is_sent(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=timedelta(days=2))
    sink = Sink()
    sweep = sweeper(sessions, clock, channels=[sink])
    for _ in range(3):
        sweep.run()
        clock.advance(timedelta(minutes=1))
    assert [nudge.stage for nudge in nudges(sessions)] == ["second"]
    assert len(sink.taken) == 1


def test_a_backlog_is_worked_off_at_the_policys_pace(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, *(f"p{number}" for number in range(7)), ago=HOUR)
    sink = Sink()
    rules = policy(delivery={"per_minute": 3})
    sweep = sweeper(sessions, clock, channels=[sink], rules=rules)
    sent = []
    for _ in range(3):
        sweep.run()
        sent.append(len(sink.taken))
    assert sent == [3, 6, 7]


def test_small_pages_miss_nobody(sessions: SessionFactory, clock: SimulatedClock) -> None:
    left_carts(sessions, clock, *(f"p{number}" for number in range(7)), ago=HOUR)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink], page=2).run()
    assert sorted(message.address.address[:2] for message in sink.taken) == [
        f"p{number}" for number in range(7)
    ]


def test_without_consent_nothing_is_sent_and_the_reason_is_stored(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    with sessions.begin() as session:
        agree(session, "ann", Channel.EMAIL, now=clock.now() - HOUR / 2, granted=False)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    assert sink.taken == []
    (nudge,) = nudges(sessions)
    assert (nudge.state, nudge.gate) == (NudgeState.STOPPED, "no_consent")


def test_coming_back_starts_a_new_episode(sessions: SessionFactory, clock: SimulatedClock) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink()
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    clock.advance(HOUR)
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now())
    clock.advance(2 * HOUR)
    sweep.run()
    first, second = nudges(sessions)
    assert first.stage == second.stage == "first"
    assert first.episode < second.episode
    assert len(sink.taken) == 2


def test_what_a_gate_delays_is_sent_later(sessions: SessionFactory, clock: SimulatedClock) -> None:
    clock.at = clock.now().replace(hour=22)
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink()
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    (nudge,) = nudges(sessions)
    assert (nudge.state, nudge.gate) == (NudgeState.WAITING, "quiet")
    assert nudge.next_at is not None
    clock.at = nudge.next_at
    sweep.run()
    assert len(sink.taken) == 1
    assert nudges(sessions)[0].state is NudgeState.SENT


class Buys(Sink):
    """Before it takes the second message, the shopper of the third one buys."""

    def __init__(self, sessions: SessionFactory, clock: SimulatedClock) -> None:
        super().__init__(at_once=1)
        self._sessions, self._clock = sessions, clock

    def deliver(self, messages, *, now):  # type: ignore[no-untyped-def]
        if len(self.taken) == 1:
            with self._sessions.begin() as session:
                for key in ("ann", "bob", "cat"):
                    if all(key not in one.address.address for one in [*self.taken, *messages]):
                        buy(session, key, at=self._clock.now())
        return super().deliver(messages, now=now)


def test_an_order_between_decision_and_sending_stops_the_message(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", "bob", "cat", ago=HOUR)
    sink = Buys(sessions, clock)
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    assert len(sink.taken) == 2
    sweep.run()
    assert len(sink.taken) == 2
    assert sorted((nudge.state, nudge.gate) for nudge in nudges(sessions)) == [
        (NudgeState.SENT, None),
        (NudgeState.SENT, None),
        (NudgeState.STOPPED, "bought"),
    ]


def test_a_temporary_failure_is_tried_again_with_growing_pauses(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    refusals = [Outcome(OutcomeKind.TEMPORARY, "SMTP 451")] * 3
    sink = Sink(answers=refusals)
    sweep = sweeper(sessions, clock, channels=[sink])
    tried = []
    for _ in range(60):
        before = len(sink.taken)
        sweep.run()
        if len(sink.taken) > before:
            tried.append(clock.now())
        clock.advance(timedelta(minutes=1))
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (5, 10, 20)]
    assert nudges(sessions)[0].state is NudgeState.SENT


def test_attempts_end(sessions: SessionFactory, clock: SimulatedClock) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink(answers=[Outcome(OutcomeKind.TEMPORARY, "SMTP 451")] * 9)
    rules = policy(delivery={"attempts": 2})
    sweep = sweeper(sessions, clock, channels=[sink], rules=rules)
    for _ in range(20):
        sweep.run()
        clock.advance(timedelta(minutes=1))
    assert len(sink.taken) == 2
    assert nudges(sessions)[0].state is NudgeState.FAILED


def test_a_dead_address_is_never_used_again_and_another_channel_is(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    with sessions.begin() as session:
        agree(session, "ann", Channel.CHAT, now=clock.now() - HOUR)
    mail = Sink(answers=[Outcome(OutcomeKind.PERMANENT, "SMTP 550", suppress=True)])
    chat = Sink(name=Channel.CHAT)
    stages = [{"name": "first", "after_minutes": 60, "channels": ["email", "chat"]}]
    sweep = sweeper(sessions, clock, channels=[mail, chat], rules=policy(stages=stages))
    sweep.run()
    clock.advance(timedelta(minutes=1))
    sweep.run()
    assert (len(mail.taken), len(chat.taken)) == (1, 1)
    with sessions() as session:
        assert session.query(Suppression).count() == 1


def test_an_unknown_outcome_is_never_tried_again(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink(answers=[Outcome(OutcomeKind.UNKNOWN, "the connection broke")])
    sweep = sweeper(sessions, clock, channels=[sink])
    for _ in range(5):
        sweep.run()
        clock.advance(HOUR)
    assert len(sink.taken) == 1
    assert nudges(sessions)[0].state is NudgeState.UNKNOWN


def test_staff_is_left_out(sessions: SessionFactory, clock: SimulatedClock) -> None:
    at = clock.now() - HOUR
    with sessions.begin() as session:
        person(session, "eve", now=at, is_staff=True)
        leave_cart(session, "eve", at=at)
    sweeper(sessions, clock, channels=[Sink()]).run()
    assert [nudge.gate for nudge in nudges(sessions)] == ["left_out"]


def look_around(
    sessions: SessionFactory, key: str, *, since: datetime, gaps: Sequence[float]
) -> None:
    """The person looks at the tent again and again, with these pauses in seconds."""
    at, views = since, []
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        views.append(NewEvent(f"look-{number}", EventName.VIEW_ITEM, at, items=(TENT,)))
    with sessions.begin() as session:
        record(session, Identity(f"v-{key}", key), views, now=at)


@pytest.mark.parametrize(
    ("gaps", "sent"),
    [
        ([0.4, 0.7] * 40, False),
        ([30.0] * 40, False),
        ([3, 40, 21, 90, 8] * 8, True),
        ([0.4, 0.7] * 14, True),
    ],
    ids=["as fast as no person", "as regular as a clock", "a person", "too few to tell"],
)
def test_who_behaves_like_a_robot_is_left_out(
    sessions: SessionFactory, clock: SimulatedClock, gaps: list[float], sent: bool
) -> None:
    left_carts(sessions, clock, "rob", "ann", ago=HOUR)
    look_around(sessions, "rob", since=clock.now() - 20 * HOUR, gaps=gaps)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    assert len(sink.taken) == 1 + sent
    gates = {nudge.person_id: nudge.gate for nudge in nudges(sessions)}
    assert gates == {"ann": None, "rob": None if sent else "left_out"}


def test_a_cart_that_is_kept_for_months_remembers_all_its_messages(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink()
    stages = [{"name": "first", "after_minutes": 60, "channels": ["email"]}]
    caps = {"gap_hours": 1, "per_cart": 2}
    sweep = sweeper(sessions, clock, channels=[sink], rules=policy(stages=stages, caps=caps))
    for _ in range(4):
        sweep.run()
        clock.advance(timedelta(days=60))
        with sessions.begin() as session:
            leave_cart(session, "ann", at=clock.now() - HOUR)
    assert len(sink.taken) == 2
    assert nudges(sessions)[-1].gate == "cart_cap"
