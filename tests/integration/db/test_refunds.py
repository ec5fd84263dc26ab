"""What a refund changes of what a shopper bought."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.event import listen

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.fold import CartItem
from db.models import Event, EventName, Person, Visitor
from db.reads.carts import purchases
from db.reads.history import owned
from db.reads.refunds import refunds_of_people
from db.writes.events import NewEvent, record
from tests.conftest import START
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


def test_the_refunds_of_a_time_are_found_by_their_index(sessions: SessionFactory) -> None:
    """However much else happened in it."""
    people = [f"p{number}" for number in range(200)]
    with sessions.begin() as session:
        session.execute(insert(Person), [{"id": key, "created_at": START} for key in people])
        session.execute(
            insert(Visitor),
            [{"id": f"v-{key}", "person_id": key, "created_at": START} for key in people],
        )
        session.execute(
            insert(Event),
            [
                {
                    "visitor_id": f"v-{key}",
                    "event_id": f"e{number}",
                    "name": EventName.VIEW_ITEM if number or key != "p7" else EventName.REFUND,
                    "transaction_id": "T1",
                    "at": START + timedelta(minutes=number),
                    "received_at": START,
                }
                for key in people
                for number in range(20)
            ],
        )
        session.connection().exec_driver_sql("ANALYZE")
    seen: list[tuple[str, Any]] = []

    def note(_: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
        seen.append((text, values))

    with sessions() as session:
        connection = session.connection()
        listen(connection, "before_cursor_execute", note)
        everybody, until = select(Person.id), START + timedelta(days=1)
        found = refunds_of_people(session, everybody, since=START, until=until)
        assert list(found) == ["p7"]
        ((text, values),) = seen
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        plan = connection.exec_driver_sql(f"{explain} {text}", values).all()
    assert "ix_events_refunds_at" in "\n".join(str(row[-1]) for row in plan)
