"""The shop's own people can send a stage early or dismiss an abandonment, past no gate."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from db.engine import SessionFactory, read_session
from db.models import Cart, Channel, NudgeState
from nudges.by_hand import UnknownCartError, dismiss, send_now
from nudges.compose import Nudging
from nudges.experiments import is_held_out
from nudges.store.facts import facts_if_due
from tests.integration.nudges.shoppers import (
    Sink,
    agree,
    buy,
    leave_cart,
    left_carts,
    nudges,
    policy,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("small_shop")


@pytest.fixture
def cart(sessions: SessionFactory, clock: SimulatedClock) -> str:
    """Left ten minutes ago by somebody who has been gone for longer than a gate asks."""
    left_carts(sessions, clock, "ann", ago=31 * MINUTE)
    with read_session(sessions) as session:
        return session.scalars(select(Cart.id)).one()


def test_a_stage_is_sent_before_its_time(nudging: Nudging, sink: Sink, cart: str) -> None:
    assert send_now(nudging, cart) == "Sent by e-mail."
    assert [message.address.address for message in sink.taken] == ["ann@example.org"]


def test_the_stage_that_was_sent_early_is_not_sent_again(
    nudging: Nudging, sink: Sink, cart: str, clock: SimulatedClock
) -> None:
    send_now(nudging, cart)
    clock.advance(HOUR)
    nudging.sweeper().run()
    assert len(sink.taken) == 1


def test_asking_twice_meets_the_caps(
    nudging: Nudging, sink: Sink, cart: str, clock: SimulatedClock
) -> None:
    send_now(nudging, cart)
    clock.advance(MINUTE)
    said = send_now(nudging, cart)
    assert said.startswith("Not sent, it would have to wait until Mon 2 Mar 2026 12:00 CET")
    assert len(sink.taken) == 1


def test_without_consent_the_gate_is_named_and_nothing_is_changed(
    nudging: Nudging, sink: Sink, cart: str, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    with sessions.begin() as session:
        agree(session, "ann", Channel.EMAIL, now=clock.now(), granted=False)
    assert send_now(nudging, cart) == (
        "Not sent: the shopper agreed to none of this stage's channels. Nothing was changed."
    )
    assert sink.taken == []
    assert nudges(sessions) == []


def test_at_night_it_says_until_when_it_would_wait(
    nudging: Nudging, cart: str, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    clock.at = clock.now().replace(hour=20)
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now() - 31 * MINUTE)
    assert send_now(nudging, cart) == (
        "Not sent, it would have to wait until Tue 3 Mar 2026 08:00 CET: it is night where the "
        "shopper is. Nothing was changed."
    )


def test_the_hold_out_is_kept(
    nudging: Nudging, sink: Sink, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    half = policy(hold_out={"share": 0.5})
    held = Nudging(nudging.settings, half, sessions, nudging.channels, nudging.decider, clock)
    left_carts(sessions, clock, *(f"p{number}" for number in range(12)), ago=31 * MINUTE)
    with read_session(sessions) as session:
        carts = session.scalars(select(Cart.id)).all()
        facts = [
            facts_if_due(
                session, cart, "first", policy=half, settings=held.settings,
                channels=held.channel_names, now=clock.now(),
            )
            for cart in carts
        ]  # fmt: skip
    expected = [bool(one and is_held_out(one)) for one in facts]
    said = ["in the hold-out" in send_now(held, cart) for cart in carts]
    assert said == expected
    assert 0 < sum(said) < 12
    assert len(sink.taken) == 12 - sum(said)


def test_an_ordered_cart_is_not_sent(
    nudging: Nudging, cart: str, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    with sessions.begin() as session:
        buy(session, "ann", at=clock.now())
    assert send_now(nudging, cart) == "The cart is not open any more."


def test_when_all_stages_had_their_turn_it_says_so(
    nudging: Nudging, cart: str, clock: SimulatedClock
) -> None:
    clock.advance(timedelta(days=20))
    assert send_now(nudging, cart) == (
        "No stage of this cart is left to send: each had its turn, or its time is over."
    )


def test_a_waiting_stage_is_sent_and_not_doubled(
    nudging: Nudging, sink: Sink, cart: str, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    clock.at = clock.now().replace(hour=20)
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now() - HOUR)
    nudging.sweeper().run()
    assert nudges(sessions)[0].state is NudgeState.WAITING
    clock.at = clock.now() + timedelta(hours=11, minutes=30)
    assert send_now(nudging, cart) == "Sent by e-mail."
    nudging.sweeper().run()
    assert len(sink.taken) == 1
    assert len(nudges(sessions)) == 1


def test_dismissing_ends_the_abandonment(
    nudging: Nudging, sink: Sink, cart: str, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    assert dismiss(nudging, cart).startswith("Dismissed: nothing more is sent")
    for _ in range(50):
        clock.advance(HOUR)
        nudging.sweeper().run()
    assert sink.taken == []
    assert {nudge.gate for nudge in nudges(sessions)} == {"dismissed"}
    assert send_now(nudging, cart).startswith("No stage of this cart is left")


def test_dismissing_holds_back_what_waits(
    nudging: Nudging, sink: Sink, cart: str, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    clock.at = clock.now().replace(hour=20)
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now() - HOUR)
    nudging.sweeper().run()
    dismiss(nudging, cart)
    clock.advance(timedelta(hours=14))
    nudging.sweeper().run()
    assert sink.taken == []


def test_coming_back_after_a_dismissal_starts_anew(
    nudging: Nudging, sink: Sink, cart: str, clock: SimulatedClock, sessions: SessionFactory
) -> None:
    dismiss(nudging, cart)
    clock.advance(HOUR)
    with sessions.begin() as session:
        leave_cart(session, "ann", at=clock.now())
    clock.advance(HOUR)
    nudging.sweeper().run()
    assert len(sink.taken) == 1


def test_a_cart_that_does_not_exist_is_an_error(nudging: Nudging) -> None:
    for act in (send_now, dismiss):
        with pytest.raises(UnknownCartError):
            act(nudging, "nothing")
