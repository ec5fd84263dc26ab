"""What a refund changes of what a shopper bought."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import EventName
from db.reads.carts import purchases
from db.reads.history import owned
from db.writes.events import NewEvent, record
from tests.visitors import create_visitor

TENTS = CartItem("tent", "tent-green", 2, 11900, "EUR")
STOVE = CartItem("stove", "stove", 1, 4900, "EUR")

pytestmark = pytest.mark.usefixtures("small_shop")


def after_refund(
    sessions: SessionFactory,
    identity: Identity,
    clock: SimulatedClock,
    *items: CartItem,
    of: str | None = "T1",
    by: Identity | None = None,
) -> tuple[dict[str, int], frozenset[str]]:
    """Pieces refunded by product, and what is owned, after two tents and a stove were bought."""
    now = clock.now()
    bought = NewEvent("b", EventName.PURCHASE, now, items=(TENTS, STOVE), transaction_id="T1")
    refund = NewEvent("r", EventName.REFUND, now, items=items, transaction_id=of)
    with sessions.begin() as session:
        record(session, identity, [bought], now=now)
        record(session, by or identity, [refund], now=now)
        (order,) = purchases(session, identity, since=now, until=now + timedelta(seconds=1))
        return {line.product_id: line.refunded for line in order.lines}, owned(session, identity)


def test_a_refund_without_items_is_of_the_whole_order(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    refunded, kept = after_refund(sessions, identity, clock)
    assert refunded == {"tent": 2, "stove": 1}
    assert kept == frozenset()


def test_a_refund_of_an_item_leaves_the_others_owned(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    refunded, kept = after_refund(sessions, identity, clock, STOVE)
    assert refunded == {"tent": 0, "stove": 1}
    assert kept == {"tent"}


def test_a_product_is_owned_while_a_piece_of_it_is_not_refunded(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    refunded, kept = after_refund(sessions, identity, clock, replace(TENTS, quantity=1))
    assert refunded == {"tent": 1, "stove": 0}
    assert kept == {"tent", "stove"}


def test_more_pieces_than_were_bought_are_never_told_as_refunded(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    refunded, _ = after_refund(sessions, identity, clock, replace(TENTS, quantity=9))
    assert refunded["tent"] == 2


@pytest.mark.parametrize("of", ["T2", None])
def test_a_refund_of_another_order_changes_nothing(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock, of: str | None
) -> None:
    refunded, kept = after_refund(sessions, identity, clock, of=of)
    assert refunded == {"tent": 0, "stove": 0}
    assert kept == {"tent", "stove"}


def test_another_shoppers_refund_of_the_same_order_number_changes_nothing(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        other = create_visitor(session, now=clock.now())
    refunded, _ = after_refund(sessions, identity, clock, by=other)
    assert refunded == {"tent": 0, "stove": 0}
