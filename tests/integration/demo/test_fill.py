"""Filling the demo shop: everything in the tables agrees with everything else."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import (
    Base,
    Cart,
    CartLine,
    CartStatus,
    Category,
    Consent,
    Event,
    EventName,
    FaqEntry,
    Order,
    OrderLine,
    Person,
    Price,
    Product,
    Promotion,
    Variant,
    Visitor,
)
from db.reads.carts import left_in_carts, open_cart, purchases
from db.reads.catalogue import product_facts
from db.reads.training import event_frame
from db.writes.events import refold
from demo.fill import filled_with
from demo.world import ZONE
from tests.integration.demo.conftest import NOW, SCENARIO, Shop


def count(session: Session, model: type[Base], *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def person(session: Session, name: str) -> Identity:
    person_id = session.scalars(select(Person.id).where(Person.name == name)).one()
    return Identity("", person_id)


def dump(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    columns = {
        "carts": select(Cart.id, Cart.status, Cart.person_id, Cart.last_activity_at),
        "lines": select(CartLine.cart_id, CartLine.variant_id, CartLine.quantity),
        "orders": select(Order.id, Order.cart_id, Order.total, Order.discount),
    }
    return {name: sorted(map(tuple, session.execute(rows))) for name, rows in columns.items()}


def test_it_says_what_the_tables_then_hold(shop: Shop) -> None:
    with shop.sessions() as session:
        assert shop.filled.products == count(session, Product) > 400
        assert shop.filled.events == count(session, Event) > 3000
        assert shop.filled.orders == count(session, Order) > 30
        assert shop.filled.open_carts == count(session, Cart, Cart.status == CartStatus.OPEN) > 10
        assert count(session, FaqEntry) >= 40
        assert count(session, Promotion) >= 5
        assert count(session, Category) >= 14


def test_progress_is_told_to_its_end(shop: Shop) -> None:
    assert [stage for stage, _ in shop.stages.totals] == [
        "simulating shoppers",
        "storing events",
        "folding carts",
    ]
    assert shop.stages.done[:2] == [total for _, total in shop.stages.totals[:2]]
    assert 0 < shop.stages.done[2] <= shop.stages.totals[2][1]


def test_every_variant_has_one_price_in_force_and_stock_that_is_not_negative(shop: Shop) -> None:
    with shop.sessions() as session:
        in_force = count(session, Price, Price.valid_until.is_(None))
        assert in_force == count(session, Variant) > shop.filled.products
        assert count(session, Variant, Variant.stock < 0) == 0
        old = session.scalars(select(Price).where(Price.valid_until.is_not(None))).all()
        assert old
        for price in old:
            new = session.scalars(
                select(Price).where(
                    Price.variant_id == price.variant_id, Price.valid_until.is_(None)
                )
            ).one()
            assert (new.valid_from, new.list_amount) == (price.valid_until, price.amount)


def test_products_can_be_read_with_their_kind_and_reduced_price(shop: Shop) -> None:
    with shop.sessions() as session:
        facts = product_facts(session, ["jkt-07"], now=NOW)["jkt-07"]
    assert facts.facts["kind"] == "rain jacket"
    assert facts.facts["waterproof"] is True
    variant = facts.variants[0]
    assert variant.list_price is not None
    assert variant.list_price > variant.price


def test_every_purchase_is_an_order_that_adds_up(shop: Shop) -> None:
    with shop.sessions() as session:
        lines = dict(
            session.execute(
                select(
                    OrderLine.order_id, func.sum(OrderLine.unit_amount * OrderLine.quantity)
                ).group_by(OrderLine.order_id)
            ).all()
        )  # type: ignore[arg-type]
        orders = session.scalars(select(Order)).all()
        purchase_count = session.scalar(
            select(func.count(func.distinct(Event.transaction_id))).where(
                Event.name == EventName.PURCHASE
            )
        )
    assert len(orders) == purchase_count
    assert {order.delivery for order in orders} == {0, 490}
    for order in orders:
        assert order.total == lines[order.id] - order.discount + order.delivery
        assert order.cart_id is not None


def test_the_carts_are_the_fold_of_the_events(shop: Shop) -> None:
    with shop.sessions.begin() as session:
        before = dump(session)
        refold(session, session.scalars(select(Visitor.id)).all())
        session.flush()
        assert dump(session) == before


def test_robots_are_marked_and_stay_out_of_training(shop: Shop) -> None:
    with shop.sessions() as session:
        robots = set(session.scalars(select(Visitor.id).where(Visitor.is_robot)))
        assert len(robots) == 10
        assert count(session, Event, Event.visitor_id.in_(robots)) > 1000
        assert robots.isdisjoint(event_frame(session)["shopper"])


def test_only_people_who_bought_have_consented_and_none_before_their_purchase(shop: Shop) -> None:
    with shop.sessions() as session:
        first = dict(
            session.execute(
                select(Order.person_id, func.min(Order.placed_at)).group_by(Order.person_id)
            ).all()
        )  # type: ignore[arg-type]
        granted = session.scalars(select(Consent).where(Consent.granted)).all()
    assert granted
    assert all(first[line.person_id] <= line.at for line in granted)


def test_a_demo_shopper_left_a_cart_last_week_and_has_bought_before(shop: Shop) -> None:
    local = NOW.astimezone(ZONE)
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0)
    with shop.sessions() as session:
        mira = person(session, "Mira")
        week = {"since": monday - timedelta(days=7), "until": monday}
        left = left_in_carts(session, mira, **week)
        cart = open_cart(session, mira, now=NOW)
        assert cart is not None
        assert left
        assert {one.line.variant_id for one in left} <= {line.variant_id for line in cart.lines}
        assert purchases(session, mira, since=SCENARIO.begins, until=NOW)


def test_the_database_knows_what_its_past_follows_from(shop: Shop) -> None:
    with shop.sessions() as session:
        assert filled_with(session) == SCENARIO
