"""Servers that are slow or in trouble: others are not kept waiting, and nothing stale goes out."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Update, update

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import Channel, NudgeState, Person, Price, Variant
from db.writes.addresses import connect_address
from nudges.channels import Outcome, OutcomeKind
from nudges.message import Message
from tests.integration.nudges.shoppers import Sink, agree, left_carts, nudges, policy, sweeper

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("small_shop")


def paused(minutes: int) -> Outcome:
    pause = timedelta(minutes=minutes)
    return Outcome(OutcomeKind.TEMPORARY, "busy", retry_after=pause, server_wide=True)


def test_a_pause_that_a_server_wants_is_kept_in_every_round_and_by_no_other_channel(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", "bob", ago=HOUR)
    stages = [{"name": "first", "after_minutes": 60, "channels": ["email", "chat"]}]
    mail, chat = Sink(answers=[paused(7)], at_once=1), Sink(name=Channel.CHAT)
    sweep = sweeper(sessions, clock, channels=[mail, chat], rules=policy(stages=stages))
    sweep.run()
    assert len(mail.taken) == 1
    left_carts(sessions, clock, "cat", "dan", ago=HOUR)
    with sessions.begin() as session:
        agree(session, "dan", Channel.EMAIL, now=clock.now(), granted=False)
        agree(session, "dan", Channel.CHAT, now=clock.now())
    for minute in range(1, 8):
        clock.advance(timedelta(minutes=1))
        sweep.run()
        assert len(chat.taken) == 1
        assert len(mail.taken) == (4 if minute == 7 else 1)
    assert {nudge.state for nudge in nudges(sessions)} == {NudgeState.SENT}


def test_a_push_service_in_trouble_holds_up_no_other(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    hosts = {"ann": "one", "bob": "one", "cat": "two", "dan": "two"}
    left_carts(sessions, clock, *hosts, ago=HOUR)
    at = clock.now() - HOUR
    with sessions.begin() as session:
        for key, host in hosts.items():
            agree(session, key, Channel.WEB_PUSH, now=at)
            endpoint = f"https://{host}.example/{key}"
            connect_address(session, Identity(f"v-{key}", key), Channel.WEB_PUSH, endpoint, now=at)
    sink = Sink(name=Channel.WEB_PUSH, answers=[paused(7)], at_once=1)
    stages = [{"name": "first", "after_minutes": 60, "channels": ["web_push"]}]
    sweeper(sessions, clock, channels=[sink], rules=policy(stages=stages)).run()
    in_trouble, *others = [message.address.server for message in sink.taken]
    assert len(others) == 2
    assert in_trouble not in others


class Slow(Sink):
    """Takes its time over each message, while something else happens in the shop."""

    def __init__(
        self, clock: SimulatedClock, takes: timedelta, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(at_once=1)
        self._clock, self._takes, self._meanwhile = clock, takes, meanwhile

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        self._clock.advance(self._takes)
        self._meanwhile()
        return super().deliver(messages, now=now)


def change(sessions: SessionFactory, *changes: Update) -> Callable[[], None]:
    def do() -> None:
        with sessions.begin() as session:
            for one in changes:
                session.execute(one)

    return do


@pytest.mark.parametrize(
    ("what", "gate"),
    [
        (update(Price).values(amount=2 * Price.amount), "dearer"),
        (update(Person).values(is_staff=True), "left_out"),
    ],
)
def test_what_was_judged_too_long_ago_is_judged_anew(
    sessions: SessionFactory, clock: SimulatedClock, what: Update, gate: str
) -> None:
    left_carts(sessions, clock, "ann", "bob", ago=HOUR)
    sink = Slow(clock, timedelta(minutes=2), change(sessions, what))
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    sweep.run()
    assert len(sink.taken) == 1
    assert sorted((nudge.state, nudge.gate) for nudge in nudges(sessions)) == [
        (NudgeState.SENT, None),
        (NudgeState.STOPPED, gate),
    ]


def test_what_sold_out_since_it_was_judged_is_not_written_about(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", "bob", ago=HOUR)
    sold_out = change(sessions, update(Variant).values(stock=0))
    sink = Slow(clock, timedelta(seconds=1), sold_out)
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    sweep.run()
    assert len(sink.taken) == 1
    assert sorted((nudge.state, nudge.gate) for nudge in nudges(sessions)) == [
        (NudgeState.SENT, None),
        (NudgeState.STOPPED, "sold_out"),
    ]


def test_a_slow_server_is_served_over_several_rounds_and_holds_up_no_other_channel(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    keys = [f"p{number}" for number in range(8)]
    left_carts(sessions, clock, *keys, ago=HOUR)
    with sessions.begin() as session:
        for key in keys[::2]:
            agree(session, key, Channel.EMAIL, now=clock.now(), granted=False)
            agree(session, key, Channel.TELEGRAM, now=clock.now())
            who = Identity(f"v-{key}", key)
            connect_address(session, who, Channel.TELEGRAM, key[1:], now=clock.now())
    stages = [{"name": "first", "after_minutes": 60, "channels": ["email", "telegram"]}]
    mail, telegram = Slow(clock, timedelta(seconds=50)), Sink(name=Channel.TELEGRAM, at_once=2)
    sweep = sweeper(sessions, clock, channels=[mail, telegram], rules=policy(stages=stages))
    sweep.run()
    assert len(telegram.taken) == 4
    assert len(mail.taken) == 2
    for _ in range(2):
        sweep.run()
    assert len(mail.taken) == len({one.nudge_id for one in mail.taken}) == 4
