"""Servers that are slow or in trouble: others are not kept waiting, and nothing stale goes out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Update, select, update

from core.clock import SimulatedClock
from core.identity import Identity
from core.ids import new_id
from db.engine import SessionFactory
from db.models import (
    Channel,
    LinkToken,
    Nudge,
    NudgeState,
    NudgeStep,
    Order,
    OrderLine,
    Pause,
    Person,
    Price,
    Product,
    Reminder,
    Variant,
)
from db.writes.addresses import connect_address
from nudges import deliver
from nudges.channels import Outcome, OutcomeKind
from nudges.channels.protocol import one_by_one
from nudges.message import Message
from nudges.pauses import ON_TRIAL
from tests.integration.nudges.shoppers import (
    STOVE,
    TENT,
    Sink,
    agree,
    leave_cart,
    left_carts,
    nudges,
    person,
    policy,
    sweeper,
)

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
        self,
        clock: SimulatedClock,
        takes: timedelta,
        meanwhile: Callable[[], None] = lambda: None,
        at_once: int = 1,
    ) -> None:
        super().__init__(at_once=at_once)
        self._clock, self._takes, self._meanwhile = clock, takes, meanwhile

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        take = super().deliver

        def slowly(message: Message) -> Outcome:
            self._clock.advance(self._takes)
            self._meanwhile()
            return take([message], now=now)[0]

        return one_by_one(messages, slowly, seconds=lambda: self._clock.now().timestamp())


def change(sessions: SessionFactory, *changes: Update) -> Callable[[], None]:
    def do() -> None:
        with sessions.begin() as session:
            for one in changes:
                session.execute(one)

    return do


def sent_and_stopped(sessions: SessionFactory, clock: SimulatedClock, sink: Slow) -> list[str]:
    """Two rounds over what was left: the gates that stopped all that was not sent."""
    sweep = sweeper(sessions, clock, channels=[sink])
    sweep.run()
    sweep.run()
    found = nudges(sessions)
    assert sum(one.state is NudgeState.SENT for one in found) == len(sink.taken)
    stopped = [one for one in found if one.state is not NudgeState.SENT]
    assert {(one.state, one.attempts) for one in stopped} == {(NudgeState.STOPPED, 0)}
    return [one.gate or "" for one in stopped]


dearer_or_left_out = pytest.mark.parametrize(
    ("what", "gate"),
    [
        (update(Price).values(amount=2 * Price.amount), "dearer"),
        (update(Person).values(is_staff=True), "left_out"),
    ],
)


@dearer_or_left_out
def test_what_was_judged_too_long_ago_is_judged_anew(
    sessions: SessionFactory, clock: SimulatedClock, what: Update, gate: str
) -> None:
    left_carts(sessions, clock, "ann", "bob", ago=HOUR)
    sink = Slow(clock, timedelta(minutes=2), change(sessions, what))
    assert sent_and_stopped(sessions, clock, sink) == [gate]


@dearer_or_left_out
def test_what_was_let_go_together_is_judged_anew_where_the_first_ones_take_long(
    sessions: SessionFactory, clock: SimulatedClock, what: Update, gate: str
) -> None:
    left_carts(sessions, clock, *(f"p{number}" for number in range(10)), ago=HOUR)
    sink = Slow(clock, timedelta(seconds=19), change(sessions, what), at_once=10)
    # The second begins within the twenty seconds that a release holds.
    assert sent_and_stopped(sessions, clock, sink) == [gate] * 8
    assert len(sink.taken) == 2


@pytest.mark.parametrize(("second", "sent"), [(30, 1), (50, 0)])
def test_what_might_be_handed_over_only_as_night_falls_waits_for_the_morning(
    sessions: SessionFactory, clock: SimulatedClock, second: int, sent: int
) -> None:
    # Quiet begins at 21:00 where they are, which is 20:00 UTC.
    clock.at = clock.now().replace(hour=19, minute=59, second=second)
    left_carts(sessions, clock, "ann", ago=HOUR)
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    (nudge,) = nudges(sessions)
    assert len(sink.taken) == sent
    assert nudge.gate == (None if sent else "quiet")


def test_nothing_goes_out_after_a_release_that_had_to_wait_too_long(
    sessions: SessionFactory, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    let_go = deliver.release

    def after_a_long_wait(*args: Any, **values: Any) -> set[str]:
        clock.advance(timedelta(minutes=2))
        return let_go(*args, **values)

    sink = Sink()
    monkeypatch.setattr(deliver, "release", after_a_long_wait)
    sweeper(sessions, clock, channels=[sink]).run()
    (nudge,) = nudges(sessions)
    assert (nudge.state, nudge.attempts, sink.taken) == (NudgeState.WAITING, 0, [])


@pytest.mark.parametrize(
    ("what", "gate"),
    [
        (update(Variant).values(stock=0), "sold_out"),
        (update(Product).values(facts={"shippable": False}), "cannot_be_shipped"),
    ],
)
def test_what_cannot_be_bought_any_more_since_it_was_judged_is_not_written_about(
    sessions: SessionFactory, clock: SimulatedClock, what: Update, gate: str
) -> None:
    left_carts(sessions, clock, "ann", "bob", ago=HOUR)
    sink = Slow(clock, timedelta(seconds=1), change(sessions, what))
    assert sent_and_stopped(sessions, clock, sink) == [gate]


@pytest.mark.parametrize("facts", [{}, {"shippable": True}, {"shippable": "false"}])
def test_what_is_not_said_to_be_impossible_to_send_is_let_go(
    sessions: SessionFactory, clock: SimulatedClock, facts: dict[str, Any]
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    change(sessions, update(Product).values(facts=facts))()
    sink = Sink()
    sweeper(sessions, clock, channels=[sink]).run()
    assert len(sink.taken) == 1


@pytest.mark.parametrize("ago", [timedelta(minutes=30), timedelta(hours=30)])
def test_what_was_bought_in_another_order_keeps_no_sold_out_cart_going(
    sessions: SessionFactory, clock: SimulatedClock, ago: timedelta
) -> None:
    """An order of before the cart was begun is another matter."""
    at = clock.now() - HOUR
    with sessions.begin() as session:
        for key in ("ann", "bob"):
            person(session, key, now=at - timedelta(days=2))
            leave_cart(session, key, at=at, items=[TENT, STOVE])
            stove = OrderLine(product_id="stove", variant_id="stove", quantity=1)
            order = Order(id=key, visitor_id=f"v-{key}", person_id=key, lines=[stove])
            order.placed_at = clock.now() - ago
            session.add(order)
    no_tents = update(Variant).where(Variant.id == "tent-green").values(stock=0)
    sink = Slow(clock, timedelta(seconds=1), change(sessions, no_tents))
    rules = policy(gates={"rest_after_order_hours": 0})
    sweep = sweeper(sessions, clock, channels=[sink], rules=rules)
    sweep.run()
    sweep.run()
    open_stove = ago > HOUR
    assert len(sink.taken) == 1 + open_stove
    assert {nudge.gate for nudge in nudges(sessions)} == (
        {None} if open_stove else {None, "sold_out"}
    )


def test_a_silence_holds_whatever_somebody_else_asked_for_since(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", "bob", ago=HOUR)

    def stop_all_but_what_was_sent() -> None:
        """The one who is written to asks for another reminder after all."""
        now = clock.now()
        with sessions.begin() as session:
            for nudge in session.scalars(select(Nudge)):
                who = {"visitor_id": nudge.visitor_id, "person_id": nudge.person_id}
                session.add(Pause(**who, reason="stop", source="test", at=now))
                if nudge.state is NudgeState.SENDING:
                    again = {"id": new_id(), "source": "test", "nudge_id": nudge.id}
                    asked = {"asked_at": now + HOUR, "due_at": now + 9 * HOUR}
                    session.add(Reminder(**who, **again, **asked))

    sink = Slow(clock, timedelta(seconds=1), stop_all_but_what_was_sent)
    assert sent_and_stopped(sessions, clock, sink) == ["silenced"]


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
    mail, telegram = Slow(clock, timedelta(seconds=30)), Sink(name=Channel.TELEGRAM, at_once=2)
    sweep = sweeper(sessions, clock, channels=[mail, telegram], rules=policy(stages=stages))
    sweep.run()
    assert len(telegram.taken) == 4
    assert len(mail.taken) == 2
    for _ in range(2):
        sweep.run()
    assert len(mail.taken) == len({one.nudge_id for one in mail.taken}) == 4


TROUBLE = Outcome(OutcomeKind.TEMPORARY, "away", server_wide=True)


def test_an_outage_uses_up_none_of_what_other_channels_may_send(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    stages = [{"name": "first", "after_minutes": 60, "channels": ["email", "chat"]}]
    rules = policy(stages=stages, delivery={"per_minute": 4})
    mail, chat = Sink(answers=[TROUBLE] * 9, at_once=1), Sink(name=Channel.CHAT)
    left_carts(sessions, clock, *(f"m{number}" for number in range(8)), ago=HOUR)
    sweep = sweeper(sessions, clock, channels=[mail, chat], rules=rules)
    sweep.run()
    clock.advance(timedelta(minutes=5))
    writers = [f"c{number}" for number in range(3)]
    left_carts(sessions, clock, *writers, ago=HOUR)
    with sessions.begin() as session:
        for key in writers:
            agree(session, key, Channel.EMAIL, now=clock.now(), granted=False)
            agree(session, key, Channel.CHAT, now=clock.now())
    sweep.run()
    assert (len(mail.taken), len(chat.taken)) == (2, 3)


def records(sessions: SessionFactory) -> dict[str, tuple[int, frozenset[str]]]:
    """How many steps each nudge has, and the digests of its tokens."""
    with sessions() as session:
        steps = Counter(session.scalars(select(NudgeStep.nudge_id)))
        tokens: dict[str, set[str]] = defaultdict(set)
        for key, digest in session.execute(select(LinkToken.nudge_id, LinkToken.digest)):
            tokens[key].add(digest)
    return {key: (count, frozenset(tokens[key])) for key, count in steps.items()}


def test_an_outage_adds_nothing_to_the_record_of_what_waits_for_its_end(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    people = [f"p{number}" for number in range(ON_TRIAL + 15)]
    left_carts(sessions, clock, *people, ago=HOUR)
    sink = Sink(answers=[TROUBLE] * 3, at_once=1)
    sweep = sweeper(sessions, clock, channels=[sink], page=20)
    sweep.run()
    for _ in range(2):
        before = records(sessions)
        assert len(before) == len(people)
        clock.advance(timedelta(minutes=5))
        sweep.run()
        changed = [key for key, record in records(sessions).items() if record != before[key]]
        assert len(changed) <= ON_TRIAL
    assert len(sink.taken) == 3
    clock.advance(timedelta(minutes=10))
    sweep.run()
    assert {nudge.state for nudge in nudges(sessions)} == {NudgeState.SENT}


def test_what_falls_due_while_its_server_is_in_trouble_is_on_record_undecided(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sweep = sweeper(sessions, clock, channels=[Sink(answers=[TROUBLE])])
    sweep.run()
    left_carts(sessions, clock, "bob", ago=HOUR)
    clock.advance(timedelta(minutes=1))
    sweep.run()
    bob = nudges(sessions)[-1]
    assert (bob.person_id, bob.state, bob.gate) == ("bob", NudgeState.WAITING, "delivery")
    assert bob.treatment is None
    assert records(sessions)[bob.id] == (1, frozenset())
