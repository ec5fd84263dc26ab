"""Storing events and the carts they fold into, on both databases."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.fold import CartEvent, CartItem, fold
from db.models import Cart, CartLine, CartStatus, Event, EventName, Order, Visitor
from db.writes.bulk import insert_new
from db.writes.events import NewEvent, record, refold
from db.writes.visitors import bind
from tests.integration.db.racing import add_often
from tests.visitors import create_visitor

ADD, REMOVE, PURCHASE = EventName.ADD_TO_CART, EventName.REMOVE_FROM_CART, EventName.PURCHASE

type Lines = set[tuple[str, str, int]]


def cart_event(
    event_id: str, name: EventName, at: datetime, *items: CartItem, transaction: str | None = None
) -> NewEvent:
    return NewEvent(event_id, name, at, items=items, transaction_id=transaction)


def tent(quantity: int = 1) -> CartItem:
    return CartItem("tent", "tent-green", quantity, 11900, "EUR")


def stored_carts(session: Session, visitor_id: str) -> tuple[Lines, list[Lines]]:
    """The open cart's lines and each ordered cart's, as they stand in the tables."""
    carts: dict[str, tuple[CartStatus, Lines]] = {}
    rows = session.execute(
        select(Cart.id, Cart.status, CartLine)
        .outerjoin(CartLine, CartLine.cart_id == Cart.id)
        .where(Cart.visitor_id == visitor_id)
        .order_by(Cart.closed_at)
    )
    for cart_id, status, line in rows:
        _, lines = carts.setdefault(cart_id, (status, set()))
        if line:
            lines.add((line.product_id, line.variant_id, line.quantity))
    open_lines = [lines for status, lines in carts.values() if status is CartStatus.OPEN]
    ordered = [lines for status, lines in carts.values() if status is CartStatus.ORDERED]
    assert len(open_lines) <= 1
    return (open_lines[0] if open_lines else set()), sorted(ordered, key=sorted)


def folded_carts(visitor_id: str, events: Sequence[NewEvent]) -> tuple[Lines, list[Lines]]:
    """The same, as the pure fold has it."""
    carts = fold(
        CartEvent(e.at, e.event_id, visitor_id, e.name, e.items, e.transaction_id) for e in events
    )

    def lines(episode: object) -> Lines:
        return {
            (*key, line.quantity)
            for key, line in episode.lines.items()  # type: ignore[attr-defined]
        }

    return (
        lines(carts.open) if carts.open else set(),
        sorted((lines(episode) for episode in carts.closed), key=sorted),
    )


def test_an_event_sent_twice_changes_nothing(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    event = cart_event("e1", ADD, clock.now(), tent(2))
    with sessions.begin() as session:
        first = record(session, identity, [event, event], now=clock.now())
    with sessions.begin() as session:
        second = record(session, identity, [event], now=clock.now())
        assert stored_carts(session, identity.visitor_id)[0] == {("tent", "tent-green", 2)}
    assert (first.stored, first.duplicates) == (1, 1)
    assert (second.stored, second.duplicates) == (0, 1)


def test_the_same_event_id_of_two_visitors_is_two_events(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    event = cart_event("e1", ADD, clock.now(), tent())
    with sessions.begin() as session:
        other = create_visitor(session, now=clock.now())
        assert record(session, identity, [event], now=clock.now()).stored == 1
        assert record(session, other, [event], now=clock.now()).stored == 1


def test_a_purchase_told_again_with_another_event_id_is_no_second_order(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    first = cart_event("server", PURCHASE, clock.now(), tent(), transaction="T1")
    again = cart_event("page", PURCHASE, clock.now(), tent(), transaction="T1")
    with sessions.begin() as session:
        record(session, identity, [first], now=clock.now())
    with sessions.begin() as session:
        assert record(session, identity, [again], now=clock.now()).duplicates == 1
        assert session.scalar(select(func.count()).select_from(Order)) == 1


def test_another_shoppers_transaction_id_takes_no_order_away(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    purchase = cart_event("e", PURCHASE, clock.now(), tent(), transaction="T1")
    with sessions.begin() as session:
        thief = create_visitor(session, now=clock.now())
        record(session, thief, [purchase], now=clock.now())
        record(session, identity, [purchase], now=clock.now())
        owners = set(session.scalars(select(Order.visitor_id)))
    assert owners == {thief.visitor_id, identity.visitor_id}


def test_a_visitor_known_only_from_a_signed_token_is_created(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        record(session, Identity("new-visitor"), [], now=clock.now())
        assert session.get(Visitor, "new-visitor") is not None


def test_a_robots_events_are_kept_but_make_no_cart(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.get_one(Visitor, identity.visitor_id).is_robot = True
    with sessions.begin() as session:
        record(session, identity, [cart_event("e", ADD, clock.now(), tent())], now=clock.now())
        assert session.scalar(select(func.count()).select_from(Event)) == 1
        assert session.scalar(select(func.count()).select_from(Cart)) == 0


def test_a_person_known_from_chat_writes_as_their_newest_visitor(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        bind(session, identity, "ann", now=clock.now())
        clock.advance(timedelta(hours=1))
        newer = create_visitor(session, now=clock.now())
        bind(session, newer, "ann", now=clock.now())
        event = cart_event("e", ADD, clock.now(), tent())
        record(session, Identity("", "ann"), [event], now=clock.now())
        assert session.scalar(select(Event.visitor_id)) == newer.visitor_id


def test_a_cart_keeps_its_id_through_late_events_and_its_purchase(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    now = clock.now()

    def cart_ids() -> set[str]:
        return set(session.scalars(select(Cart.id)))

    with sessions.begin() as session:
        record(session, identity, [cart_event("b", ADD, now, tent())], now=now)
        before = cart_ids()
        early = cart_event("a", ADD, now - timedelta(hours=1), tent())
        record(session, identity, [early], now=now)
        assert cart_ids() == before
        later = now + timedelta(minutes=1)
        bought = cart_event("c", PURCHASE, later, tent(), transaction="T")
        record(session, identity, [bought], now=later)
        assert cart_ids() == before
        assert session.scalar(select(Order.cart_id)) in before


minutes = st.integers(0, 15)
histories = st.lists(
    st.tuples(
        minutes,
        st.sampled_from([ADD, ADD, ADD, REMOVE, PURCHASE, EventName.VIEW_ITEM]),
        st.lists(
            st.builds(
                CartItem,
                product_id=st.sampled_from(["tent", "stove", "mat"]),
                variant_id=st.sampled_from([None, "green"]),
                quantity=st.integers(1, 4),
                unit_amount=st.none() | st.just(4500),
                currency=st.just("EUR"),
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories, seed=st.integers(0, 2**32))
def test_stored_carts_are_the_fold_whatever_the_order_the_batches_and_the_repeats(
    sessions: SessionFactory,
    history: list[tuple[int, EventName, tuple[CartItem, ...]]],
    seed: int,
) -> None:
    start = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
    now = start + timedelta(hours=1)
    events = [
        cart_event(
            f"e{number}",
            name,
            start + timedelta(minutes=minute),
            *items,
            transaction=f"T{number}" if name is PURCHASE else None,
        )
        for number, (minute, name, items) in enumerate(history)
    ]
    random = Random(seed)  # noqa: S311 a shuffle for a test
    arriving = events + random.sample(events, len(events) // 2)
    random.shuffle(arriving)
    with sessions.begin() as session:
        shopper = create_visitor(session, now=start)
    while arriving:
        size = random.randint(1, 5)
        batch, arriving = arriving[:size], arriving[size:]
        with sessions.begin() as session:
            record(session, shopper, batch, now=now)
    with sessions.begin() as session:
        stored = stored_carts(session, shopper.visitor_id)
        folded = folded_carts(
            shopper.visitor_id, [e for e in events if e.name is not EventName.VIEW_ITEM]
        )
        assert stored == folded
        refold(session, [shopper.visitor_id])
        assert stored_carts(session, shopper.visitor_id) == folded


def test_events_loaded_in_bulk_fold_into_the_carts_that_recording_gives(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    now = clock.now()
    rows = pl.DataFrame(
        [
            {
                "visitor_id": identity.visitor_id,
                "event_id": f"e{number}",
                "position": 0,
                "name": name.value,
                "at": now + timedelta(minutes=number),
                "received_at": now,
                "product_id": "tent",
                "variant_id": "tent-green",
                "quantity": 1,
                "unit_amount": 11900,
                "currency": "EUR",
                "transaction_id": "T" if name is PURCHASE else None,
                "source": "import",
            }
            for number, name in enumerate([ADD, ADD, PURCHASE, ADD])
        ]
    )
    with sessions.begin() as session:
        assert insert_new(session, Event, rows) == 4
        refold(session, [identity.visitor_id])
    with sessions.begin() as session:
        assert insert_new(session, Event, rows) == 0
        refold(session, [identity.visitor_id])
        open_lines, ordered = stored_carts(session, identity.visitor_id)
        assert open_lines == {("tent", "tent-green", 1)}
        assert ordered == [{("tent", "tent-green", 1)}]
        assert session.scalars(select(Order.total)).all() == [11900]


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False], ids=["known visitor", "new visitor"])
def test_two_processes_racing_on_one_cart_lose_nothing(
    database_url: str, sessions: SessionFactory, clock: SimulatedClock, known: bool
) -> None:
    visitor_id, times = "racer", 25
    if known:
        with sessions.begin() as session:
            session.add(Visitor(id=visitor_id, created_at=clock.now()))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        writers = [pool.submit(add_often, database_url, visitor_id, w, times) for w in "ab"]
        for writer in writers:
            writer.result()
    with sessions() as session:
        assert stored_carts(session, visitor_id)[0] == {("tent", "tent-green", 2 * times)}
