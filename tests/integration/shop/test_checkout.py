"""Checkout: what is paid is ordered, and what fails loses nothing."""

import pytest
from sqlalchemy import select

from core.identity import Identity
from db.engine import SessionFactory
from db.models import Event, EventName, Order, Variant
from db.writes.events import NewEvent, record
from tests.integration.shop.conftest import ADDRESS, Browser


@pytest.fixture
def shopper(browser: Browser) -> Browser:
    """A browser with a jacket in its cart."""
    browser.post("/cart/add", variant_id="rain-black-m", quantity="2")
    return browser


def test_paying_orders_the_cart_and_takes_the_stock(
    shopper: Browser, sessions: SessionFactory
) -> None:
    answer = shopper.pay()
    assert answer.status_code == 200
    assert "Thank you. Your order is placed." in answer.text
    assert shopper.cart()["count"] == 0
    with sessions() as session:
        assert session.scalars(select(Order.total)).all() == [23800]
        assert session.get_one(Variant, "rain-black-m").stock == 0


def test_a_purchase_is_recorded_once_though_the_page_pushes_it_too(
    shopper: Browser, sessions: SessionFactory
) -> None:
    page = shopper.pay().text
    with sessions() as session:
        stored = session.scalars(
            select(Event.event_id).where(Event.name == EventName.PURCHASE)
        ).all()
    assert len(stored) == 1
    assert f'"event_id":"{stored[0]}"' in page


def test_the_page_of_a_refunded_order_says_so(shopper: Browser, sessions: SessionFactory) -> None:
    paid = shopper.pay()
    assert "Refunded" not in paid.text
    with sessions.begin() as session:
        order = session.scalars(select(Order)).one()
        now = order.placed_at
        refund = NewEvent("r", EventName.REFUND, now, transaction_id=order.transaction_id)
        record(session, Identity(order.visitor_id, order.person_id), [refund], now=now)
    assert "Refunded" in shopper.get(f"/orders/{order.id}").text


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("4000 0000 0000 0002", "Your bank declined this card."),
        ("4000000000009995", "not enough money"),
        ("4000-0000-0000-0069", "has expired"),
        ("4000 0000 0000 0119", "did not answer"),
    ],
)
def test_a_payment_that_fails_says_why_and_keeps_cart_and_address(
    shopper: Browser, sessions: SessionFactory, card: str, reason: str
) -> None:
    answer = shopper.pay(card_number=card)
    assert answer.status_code == 402
    assert reason in answer.text
    assert "Your cart is unchanged and nothing was charged." in answer.text
    assert 'value="Long Lane 1"' in answer.text
    assert shopper.cart()["count"] == 2
    with sessions() as session:
        assert session.scalars(select(Order)).all() == []
        assert session.get_one(Variant, "rain-black-m").stock == 2
    assert "Thank you." in shopper.pay().text


def test_a_card_is_never_shown_again(shopper: Browser) -> None:
    answer = shopper.pay(card_number="4000 0000 0000 0002", card_code="987", city="")
    assert "4000 0000 0000 0002" not in answer.text.split("test-cards")[0]
    assert "987" not in answer.text


@pytest.mark.parametrize("field", list(ADDRESS))
def test_a_field_left_out_is_named_and_the_rest_is_kept(shopper: Browser, field: str) -> None:
    answer = shopper.pay(**{field: ""})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert shopper.cart()["count"] == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("card_number", "4242 4242 4242 4241"),
        ("card_number", "٤٢٤٢" * 4),
        ("card_expiry", "02/26"),
        ("card_expiry", "13/29"),
        ("card_code", "12"),
        ("email", "not an address"),
        ("country", "XX"),
    ],
)
def test_a_field_that_cannot_be_right_is_named(shopper: Browser, field: str, value: str) -> None:
    answer = shopper.pay(**{field: value})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text


def test_what_sold_out_meanwhile_is_said_in_the_cart_and_nothing_is_charged(
    shopper: Browser, sessions: SessionFactory
) -> None:
    page = shopper.get("/checkout")
    assert page.status_code == 200
    with sessions.begin() as session:
        session.get_one(Variant, "rain-black-m").stock = 1
    answer = shopper.post("/checkout", **ADDRESS, seen_total="23800")
    assert answer.status_code == 409
    assert "Meanwhile some of it sold out." in answer.text
    assert "There are only 1 of Rain jacket (black, M) left." in answer.text
    with sessions() as session:
        assert session.scalars(select(Order)).all() == []


def test_one_press_goes_on_without_what_sold_out(
    shopper: Browser, sessions: SessionFactory
) -> None:
    shopper.post("/cart/add", variant_id="stove-1", quantity="1")
    with sessions.begin() as session:
        session.get_one(Variant, "stove-1").stock = 0
        session.get_one(Variant, "rain-black-m").stock = 1
    page = shopper.get("/cart")
    assert "Gas stove is sold out and is taken out." in page.text
    assert 'href="/checkout"' not in page.text
    answer = shopper.post("/cart/fit")
    assert answer.url.path == "/checkout"
    assert "no longer in your cart" in answer.text
    assert [(one["variant_id"], one["quantity"]) for one in shopper.cart()["lines"]] == [
        ("rain-black-m", 1)
    ]
    assert shopper.pay().url.path.startswith("/orders/")


def test_where_all_of_it_sold_out_the_cart_is_emptied(
    shopper: Browser, sessions: SessionFactory
) -> None:
    with sessions.begin() as session:
        session.get_one(Variant, "rain-black-m").stock = 0
    assert "Take it out" in shopper.get("/cart").text
    answer = shopper.post("/cart/fit")
    assert answer.url.path == "/cart"
    assert "Your cart is empty." in answer.text


def test_a_total_that_changed_must_be_seen_before_it_is_paid(
    shopper: Browser, sessions: SessionFactory
) -> None:
    answer = shopper.post("/checkout", **ADDRESS, seen_total="100")
    assert answer.status_code == 409
    assert "The total changed from €1.00 to €238.00" in answer.text
    with sessions() as session:
        assert session.scalars(select(Order)).all() == []


def test_an_empty_cart_leads_back_to_the_cart(browser: Browser) -> None:
    assert browser.get("/checkout").url.path == "/cart"
    answer = browser.post("/checkout", **ADDRESS)
    assert answer.status_code == 409
    assert "nothing to pay" in answer.text


def test_an_order_is_there_for_its_own_shopper_alone(
    shopper: Browser, other_browser: Browser
) -> None:
    path = shopper.pay().url.path
    assert "Rain jacket" in shopper.get(path).text
    assert other_browser.get(path).status_code == 404
    assert path in shopper.get("/account").text
    assert path not in other_browser.get("/account").text
