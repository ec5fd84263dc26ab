"""What the shop itself does to a cart: stock and price from rows, errors that change nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core.clock import SimulatedClock
from core.identity import Identity
from core.money import Money
from db.engine import SessionFactory, make_engine, make_session_factory, read_session
from db.models import (
    CartLine,
    Event,
    EventName,
    Order,
    Price,
    Product,
    Promotion,
    PromotionKind,
    Variant,
)
from db.pricing import DeliveryRule, Refusal
from db.reads.carts import left_in_carts, open_cart, purchase, purchases
from db.writes import carts, orders
from db.writes.carts import NotInCart, OutOfStock, PromotionRefused, UnknownVariant
from db.writes.orders import EmptyCart

pytestmark = pytest.mark.usefixtures("small_shop")


@pytest.fixture
def promotions(small_shop: None, sessions: SessionFactory, clock: SimulatedClock) -> None:
    with sessions.begin() as session:
        for code, kind, value, minimum, category in (
            ("TEN", PromotionKind.PERCENT, 10, 0, None),
            ("BIG", PromotionKind.AMOUNT, 2000, 20_000, None),
            ("CAMP", PromotionKind.PERCENT, 50, 0, "camping"),
        ):
            session.add(
                Promotion(
                    code=code,
                    title=code.title(),
                    kind=kind,
                    value=value,
                    minimum=minimum,
                    currency="EUR",
                    category_id=category,
                    starts_at=clock.now() - timedelta(days=1),
                )
            )


def test_adding_opens_a_cart_priced_from_the_price_row(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        cart = carts.add(session, identity, "tent-green", 2, now=clock.now())
        price_id = session.scalar(select(Price.id).where(Price.variant_id == "tent-green"))
    (line,) = cart.lines
    assert (line.title, line.brand, line.colour, line.stock) == (
        "Ridge tent",
        "Nordkap",
        "green",
        9,
    )
    assert (line.price_id, line.unit) == (price_id, Money("EUR", 11900))
    assert line.list_price == Money("EUR", 14900)
    assert (cart.count, cart.subtotal) == (2, Money("EUR", 23800))


def test_a_cart_shows_the_price_of_now_and_not_of_when_it_was_filled(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())
        session.execute(
            update(Price).where(Price.variant_id == "tent-green").values(valid_until=clock.now())
        )
        session.add(
            Price(variant_id="tent-green", amount=9900, currency="EUR", valid_from=clock.now())
        )
    with read_session(sessions) as session:
        cart = open_cart(session, identity, now=clock.now())
    assert cart is not None
    assert cart.subtotal == Money("EUR", 9900)


def test_more_than_the_stock_is_refused_and_nothing_changes(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 8, now=clock.now())
    with pytest.raises(OutOfStock) as refused, sessions.begin() as session:
        carts.add(session, identity, "tent-green", 2, now=clock.now())
    assert refused.value.available == 9
    with read_session(sessions) as session:
        cart = open_cart(session, identity, now=clock.now())
    assert cart is not None
    assert cart.count == 8


@pytest.mark.parametrize("variant", ["nothing-like-it", "mat"])
def test_what_the_shop_does_not_sell_cannot_be_added(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock, variant: str
) -> None:
    with pytest.raises(UnknownVariant), sessions.begin() as session:
        carts.add(session, identity, variant, 1, now=clock.now())


def test_a_product_taken_off_sale_cannot_be_added(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.get_one(Product, "tent").active = False
    with pytest.raises(UnknownVariant), sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())


def test_changes_at_one_and_the_same_instant_count_in_the_order_they_were_made(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        for quantity in (3, 1, 5, 2):
            carts.add(session, identity, "tent-green", 1, now=clock.now())
            cart = carts.set_quantity(session, identity, "tent-green", quantity, now=clock.now())
            assert cart.count == quantity


def test_setting_a_quantity_to_what_it_is_writes_no_event(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 2, now=clock.now())
        carts.set_quantity(session, identity, "tent-green", 2, now=clock.now())
        assert session.scalar(select(func.count()).select_from(Event)) == 1


def test_a_line_that_is_not_there_cannot_be_changed(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with pytest.raises(NotInCart), sessions.begin() as session:
        carts.set_quantity(session, identity, "tent-green", 2, now=clock.now())
    with pytest.raises(NotInCart), sessions.begin() as session:
        carts.remove(session, identity, "tent-green", now=clock.now())


def test_removing_and_clearing_empty_the_cart_but_keep_it_open(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        first = carts.add(session, identity, "tent-green", 2, now=clock.now())
        carts.add(session, identity, "stove", 1, now=clock.now())
        assert [
            line.product_id
            for line in carts.remove(session, identity, "stove", now=clock.now()).lines
        ] == ["tent"]
        cleared = carts.clear(session, identity, now=clock.now())
    assert cleared is not None
    assert (cleared.id, cleared.lines, cleared.total) == (first.id, (), Money("EUR", 0))


def test_an_event_the_page_also_pushes_counts_once(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    from db.fold import CartItem
    from db.writes.events import NewEvent, record

    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now(), event_id="same")
        pushed = NewEvent(
            "same", EventName.ADD_TO_CART, clock.now(), items=(CartItem("tent", "tent-green"),)
        )
        assert record(session, identity, [pushed], now=clock.now()).duplicates == 1


@pytest.mark.usefixtures("promotions")
def test_a_promotion_is_applied_by_its_code_in_any_case(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())
        cart = carts.apply_promotion(session, identity, " ten ", now=clock.now())
    assert (cart.promotion_code, cart.discount) == ("TEN", Money("EUR", 1190))


@pytest.mark.usefixtures("promotions")
def test_a_promotion_for_a_category_holds_for_the_categories_below_it(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())
        assert carts.apply_promotion(session, identity, "CAMP", now=clock.now()).discount == Money(
            "EUR", 5950
        )


@pytest.mark.usefixtures("promotions")
def test_a_refused_promotion_says_why_and_what_is_missing(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())
    with pytest.raises(PromotionRefused) as refused, sessions.begin() as session:
        carts.apply_promotion(session, identity, "BIG", now=clock.now())
    assert (refused.value.reason, refused.value.missing) == (Refusal.MINIMUM, 8100)
    with pytest.raises(PromotionRefused) as refused, sessions.begin() as session:
        carts.apply_promotion(session, identity, "NOPE", now=clock.now())
    assert refused.value.reason is Refusal.UNKNOWN


@pytest.mark.usefixtures("promotions")
def test_a_promotion_on_a_cart_that_shrank_gives_nothing_and_says_why(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 2, now=clock.now())
        carts.apply_promotion(session, identity, "BIG", now=clock.now())
        cart = carts.set_quantity(session, identity, "tent-green", 1, now=clock.now())
    assert (cart.promotion_code, cart.promotion_refusal) == ("BIG", Refusal.MINIMUM)
    assert cart.discount == Money("EUR", 0)


@pytest.mark.usefixtures("promotions")
def test_an_order_takes_the_stock_and_keeps_what_was_paid(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 2, now=clock.now())
        carts.apply_promotion(session, identity, "TEN", now=clock.now())
        placed = orders.place(session, identity, now=clock.now())
    assert (placed.total, placed.discount) == (Money("EUR", 21420), Money("EUR", 2380))
    assert (placed.delivery, placed.promotion_code) == (Money("EUR", 0), "TEN")
    assert [(line.title, line.quantity) for line in placed.lines] == [("Ridge tent", 2)]
    with read_session(sessions) as session:
        assert session.scalar(select(Variant.stock).where(Variant.id == "tent-green")) == 7
        assert open_cart(session, identity, now=clock.now()) is None
        assert purchase(session, identity, placed.order_id) == placed


def test_an_empty_cart_cannot_be_ordered(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with pytest.raises(EmptyCart), sessions.begin() as session:
        orders.place(session, identity, now=clock.now())


def test_an_order_for_what_has_sold_out_changes_nothing(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=clock.now())
        carts.add(session, identity, "stove", 1, now=clock.now())
    with sessions.begin() as session:
        session.get_one(Variant, "stove").stock = 0
    with pytest.raises(OutOfStock), sessions.begin() as session:
        orders.place(session, identity, now=clock.now())
    with read_session(sessions) as session:
        assert session.scalar(select(Variant.stock).where(Variant.id == "tent-green")) == 9
        assert session.scalar(select(func.count()).select_from(Order)) == 0
        assert session.scalar(select(func.count()).select_from(CartLine)) == 2


def test_an_order_of_a_line_the_catalogue_does_not_know_is_refused(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    from db.fold import CartItem
    from db.writes.events import NewEvent, record

    unknown = CartItem("lamp", None, 1, 900, "EUR")
    with sessions.begin() as session:
        event = NewEvent("e", EventName.ADD_TO_CART, clock.now(), items=(unknown,))
        record(session, identity, [event], now=clock.now())
        cart = open_cart(session, identity, now=clock.now())
    assert cart is not None
    assert (cart.lines[0].title, cart.lines[0].unit) == ("lamp", Money("EUR", 900))
    with pytest.raises(UnknownVariant), sessions.begin() as session:
        orders.place(session, identity, now=clock.now())


def test_left_in_carts_gives_the_lines_of_the_period_that_were_never_bought(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    monday = clock.now()
    with sessions.begin() as session:
        carts.add(session, identity, "tent-green", 1, now=monday)
        carts.add(session, identity, "stove", 1, now=monday)
        carts.remove(session, identity, "stove", now=monday)
    clock.advance(timedelta(days=7))

    def left(since: timedelta, until: timedelta) -> list[str]:
        with read_session(sessions) as session:
            return [
                one.line.product_id
                for one in left_in_carts(
                    session, identity, since=monday + since, until=monday + until
                )
            ]

    assert left(timedelta(0), timedelta(days=1)) == ["tent"]
    assert left(timedelta(days=1), timedelta(days=7)) == []
    with sessions.begin() as session:
        orders.place(session, identity, now=clock.now())
    assert left(timedelta(0), timedelta(days=1)) == []


def test_purchases_come_newest_first_and_only_from_the_period(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock
) -> None:
    start = clock.now()
    placed = []
    for _ in range(3):
        with sessions.begin() as session:
            carts.add(session, identity, "tent-green", 1, now=clock.now())
            placed.append(orders.place(session, identity, now=clock.now()).order_id)
        clock.advance(timedelta(days=1))
    with read_session(sessions) as session:
        found = purchases(
            session, identity, since=start + timedelta(hours=1), until=start + timedelta(days=9)
        )
    assert [one.order_id for one in found] == [placed[2], placed[1]]


def test_a_cart_is_priced_with_the_delivery_that_its_sessions_were_made_with(
    sessions: SessionFactory, identity: Identity, clock: SimulatedClock, database_url: str
) -> None:
    with sessions.begin() as session:
        carts.add(session, identity, "stove", 1, now=clock.now())
    engine = make_engine(database_url)
    dear = DeliveryRule(fee=Money("EUR", 1234), free_from=Money("EUR", 10_000_000))
    with make_session_factory(engine, delivery=dear)() as session:
        cart = open_cart(session, identity, now=clock.now())
        assert cart is not None
        assert cart.delivery == Money("EUR", 1234)
    with make_session_factory(engine)() as session, pytest.raises(RuntimeError, match="delivery"):
        open_cart(session, identity, now=clock.now())
    engine.dispose()
