"""What is measured is what happened, and the hold-out tells what was caused."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.fold import CartItem
from db.insert import table_of
from db.models import Channel, EventName, Exposure, Nudge, NudgeState, Order, OrderLine
from db.writes.events import NewEvent, record
from nudges.experiments import HELD_OUT, WRITTEN_TO
from nudges.measure import Measurement, measure
from nudges.policy import HOLD_OUT
from tests.integration.nudges.shoppers import Sink, left_carts, policy, sweeper

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("small_shop")


def measured(sessions: SessionFactory, clock: SimulatedClock) -> Measurement:
    with sessions() as session:
        return measure(
            session,
            since=clock.now() - DAY,
            until=clock.now() + DAY,
            currency="EUR",
            margin_percent=35,
        )


def swept(sessions: SessionFactory, clock: SimulatedClock, people: int, *, held: int) -> list[str]:
    """People with left carts, swept once; the first `held` of them are then put into the hold-out.

    Their orders are the tests' own.
    """
    keys = [f"p{number:03d}" for number in range(people)]
    left_carts(sessions, clock, *keys, ago=HOUR)
    sweeper(sessions, clock, channels=[Sink()]).run()
    with sessions.begin() as session:
        mine = Nudge.id == Exposure.nudge_id
        session.execute(
            update(Exposure).where(mine, Nudge.person_id.in_(keys[:held])).values(arm=HELD_OUT)
        )
    return keys


def order(
    sessions: SessionFactory,
    clock: SimulatedClock,
    keys: Sequence[str],
    *,
    later: timedelta,
    currency: str = "EUR",
) -> None:
    """Each pays €95 for goods of €100 (4 at €15, 1 at €40) and €5 of delivery, with €10 off."""
    with sessions.begin() as session:
        session.connection().execute(
            insert(table_of(Order)),
            [
                {
                    "id": f"o-{key}-{later}",
                    "visitor_id": f"v-{key}",
                    "person_id": key,
                    "total": 9500,
                    "discount": 1000,
                    "delivery": 500,
                    "currency": currency,
                    "placed_at": clock.now() + later,
                    "transaction_id": f"T-{key}",
                }
                for key in keys
            ],
        )
        session.connection().execute(
            insert(table_of(OrderLine)),
            [
                {
                    "order_id": f"o-{key}-{later}",
                    "product_id": product,
                    "variant_id": product,
                    "quantity": quantity,
                    "unit_amount": amount,
                }
                for key in keys
                for product, quantity, amount in (("stove", 4, 1500), ("tent", 1, 4000))
            ],
        )


def refund(sessions: SessionFactory, clock: SimulatedClock, key: str, *items: CartItem) -> None:
    """Their order of an hour from now is refunded half an hour later, whole without items."""
    at = clock.now() + 1.5 * HOUR
    event = NewEvent(f"back-{key}", EventName.REFUND, at, items=items, transaction_id=f"T-{key}")
    with sessions.begin() as session:
        record(session, Identity(f"v-{key}", key), [event], now=at)


def test_delivered_clicked_and_ordered_are_kept_apart(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", "ben", "cat", "dan", ago=HOUR)
    sweeper(sessions, clock, channels=[Sink()]).run()
    with sessions.begin() as session:
        later = clock.now() + HOUR
        for key, values in (
            ("ben", {"delivered_at": later}),
            ("cat", {"delivered_at": later, "clicked_at": later}),
            ("dan", {"delivered_at": later, "clicked_at": later, "ordered_at": later}),
        ):
            session.execute(update(Nudge).where(Nudge.person_id == key).values(**values))
    found = measured(sessions, clock)
    total = found.total
    assert (total.sent, total.delivered, total.clicked, total.ordered) == (4, 3, 2, 1)
    assert found.funnels["stage"] == {"first": total}
    assert found.funnels["channel"] == {Channel.EMAIL.value: total}
    assert found.funnels["treatment"] == {"reminder": total}


def test_what_no_channel_got_is_counted_by_its_gate(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sweeper(sessions, clock, channels=[]).run()
    found = measured(sessions, clock)
    assert found.total.sent == 0
    assert found.gates == {"unreachable": 1}


def test_what_has_an_unknown_fate_is_not_counted_as_sent(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "ann", ago=HOUR)
    sweeper(sessions, clock, channels=[Sink()]).run()
    with sessions.begin() as session:
        session.execute(update(Nudge).values(state=NudgeState.UNKNOWN))
    total = measured(sessions, clock).total
    assert (total.sent, total.unknown) == (0, 1)


def test_the_hold_out_tells_what_was_caused(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    keys = swept(sessions, clock, 240, held=100)
    order(sessions, clock, keys[:20] + keys[100:170], later=HOUR)
    found = measured(sessions, clock).hold_out
    assert found is not None
    assert (found.against.name, found.against.people, found.against.buyers) == (HELD_OUT, 100, 20)
    assert (found.arm.name, found.arm.people, found.arm.buyers) == (WRITTEN_TO, 140, 70)
    # €90 of goods after the discount; 35 % of €100 less the €10 off.
    assert found.revenue is not None
    assert found.revenue.value == pytest.approx(9000 * (0.5 - 0.2))
    assert found.margin is not None
    assert found.margin.value == pytest.approx(2500 * (0.5 - 0.2))
    assert found.margin.low < 2500 * 0.3 < found.margin.high
    assert found.brought is not None
    assert found.brought.value == pytest.approx(140 * 2500 * 0.3)


def test_what_was_refunded_is_taken_off(sessions: SessionFactory, clock: SimulatedClock) -> None:
    keys = swept(sessions, clock, 4, held=1)
    order(sessions, clock, keys[1:], later=HOUR)
    refund(sessions, clock, keys[1])
    refund(sessions, clock, keys[2], CartItem("stove", quantity=2))
    found = measured(sessions, clock).hold_out
    assert found is not None
    # Of the second order 70 % stays.
    assert (found.arm.buyers, found.arm.revenue) == (2, 9000 + 6300)
    assert found.arm.margin == 2500 + 1750


def test_orders_in_another_currency_are_not_added_up_with_the_shops(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    keys = swept(sessions, clock, 4, held=1)
    order(sessions, clock, keys[1:3], later=HOUR)
    order(sessions, clock, keys[3:], later=HOUR, currency="JPY")
    found = measured(sessions, clock).hold_out
    assert found is not None
    assert (found.arm.buyers, found.arm.revenue, found.arm.margin) == (2, 18000, 5000)


def test_orders_from_before_the_first_exposure_do_not_count(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    keys = swept(sessions, clock, 240, held=100)
    order(sessions, clock, keys, later=-HOUR)
    found = measured(sessions, clock).hold_out
    assert found is not None
    assert (found.arm.buyers, found.against.buyers) == (0, 0)


def test_too_little_is_said_and_no_number_is(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    keys = swept(sessions, clock, 120, held=20)
    order(sessions, clock, keys, later=HOUR)
    found = measured(sessions, clock).hold_out
    assert found is not None
    assert found.missing == "20 of the 100 people that each group needs"
    assert (found.revenue, found.margin, found.brought) == (None, None, None)


def test_arms_of_an_experiment_are_compared_without_those_held_out(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    arms = [
        {"name": "early", "share": 0.5, "value": 60},
        {"name": "late", "share": 0.5, "value": 61},
    ]
    rules = policy(
        hold_out={"share": 0.5},
        experiments=[{"name": "when", "stage": "first", "varies": "timing", "arms": arms}],
    )
    left_carts(sessions, clock, *(f"p{number}" for number in range(60)), ago=2 * HOUR)
    sweeper(sessions, clock, channels=[Sink()], rules=rules).run()
    found = measured(sessions, clock)
    (compared,) = found.experiments
    assert (compared.experiment, compared.arm.name, compared.against.name) == (
        "when",
        "late",
        "early",
    )
    assert found.hold_out is not None
    assert compared.arm.people + compared.against.people == found.hold_out.arm.people
    assert compared.missing is not None


def test_without_exposures_there_is_nothing_to_compare(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    found = measured(sessions, clock)
    assert found.hold_out is None
    assert found.experiments == []
    assert HOLD_OUT not in found.funnels
