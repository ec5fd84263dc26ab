"""The link that brings a left cart back: at today's prices, to any browser, as nobody."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import (
    Cart,
    Coupon,
    CouponState,
    LinkPurpose,
    Nudge,
    NudgeStep,
    Order,
    Pause,
    Price,
    Product,
    Variant,
)
from nudges.message import Message
from tests.integration.shop.conftest import Browser
from tests.integration.shop.left import JACKET, STOVE, every_row, path, remind


@pytest.fixture
def message(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, mailbox: None
) -> Message:
    """Anna left a stove and two jackets, and got a mail about it."""
    return remind(sessions, clock, settings, STOVE, JACKET)


@pytest.fixture
def link(message: Message) -> str:
    return path(message, LinkPurpose.RECOVER)


@pytest.fixture
def coupon_link(
    sessions: SessionFactory, clock: SimulatedClock, settings: Settings, mailbox: None
) -> str:
    """Anna left a stove and two jackets, and got a tenth off, at most the policy's most."""
    message = remind(sessions, clock, settings, STOVE, JACKET, treatment="percent_10")
    return path(message, LinkPurpose.RECOVER)


def pieces(browser: Browser) -> dict[str, int]:
    return {line["variant_id"]: line["quantity"] for line in browser.cart()["lines"]}


def test_looking_at_the_link_changes_nothing(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    before = every_row(sessions)
    answer = browser.get(link)
    assert answer.status_code == 200
    assert "Gas stove" in answer.text
    assert "set-cookie" not in answer.headers
    assert every_row(sessions) == before


def test_the_cart_comes_into_a_browser_that_has_none(browser: Browser, link: str) -> None:
    answer = browser.post(link)
    assert answer.url.path == "/cart"
    assert "Your cart is back" in answer.text
    assert pieces(browser) == {"stove-1": 1, "rain-black-m": 2}


def test_the_page_tells_of_the_return_once(browser: Browser, link: str) -> None:
    browser.post(link)
    assert "Your cart is back" not in browser.get("/cart").text


def test_nobody_is_signed_in_by_it(browser: Browser, link: str) -> None:
    browser.post(link)
    answer = browser.get("/account")
    assert "Anna" not in answer.text
    assert "You are not signed in" in answer.text


def test_what_is_there_already_is_filled_up_and_the_rest_stays(browser: Browser, link: str) -> None:
    browser.post("/cart/add", variant_id="down-red", quantity="1")
    browser.post("/cart/add", variant_id="rain-black-m", quantity="1")
    browser.post(link)
    assert pieces(browser) == {"down-red": 1, "stove-1": 1, "rain-black-m": 2}


def test_a_second_click_adds_nothing(browser: Browser, link: str) -> None:
    browser.post(link)
    browser.post(link)
    assert pieces(browser) == {"stove-1": 1, "rain-black-m": 2}


def test_in_the_owners_browser_the_cart_stays_as_it_is(browser: Browser, link: str) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post(link)
    assert pieces(browser) == {"stove-1": 1, "rain-black-m": 2}


def test_signing_in_after_it_doubles_nothing(browser: Browser, link: str) -> None:
    browser.post("/cart/add", variant_id="down-red", quantity="1")
    browser.post(link)
    browser.post("/account/sign-in", person_id="anna")
    assert pieces(browser) == {"down-red": 1, "stove-1": 1, "rain-black-m": 2}


def test_signing_in_as_somebody_else_after_it_keeps_what_came(browser: Browser, link: str) -> None:
    browser.post(link)
    browser.post("/account/sign-in", person_id="ben")
    assert pieces(browser) == {"stove-1": 1, "rain-black-m": 2}


def test_it_says_what_changed_since(
    browser: Browser, sessions: SessionFactory, clock: SimulatedClock, link: str
) -> None:
    with sessions.begin() as session:
        session.execute(update(Price).where(Price.variant_id == "stove-1").values(amount=2790))
        session.execute(update(Variant).where(Variant.id == "rain-black-m").values(stock=1))
    answer = browser.post(link)
    assert "Gas stove has gone up from €24.90 to €27.90." in answer.text
    assert "There are only 1 of Rain jacket (black, M) left." in answer.text
    assert pieces(browser) == {"stove-1": 1, "rain-black-m": 1}
    assert browser.cart()["subtotal"]["amount"] == 2790 + 11900


def test_what_is_sold_out_or_no_longer_sold_is_named_and_left_out(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    with sessions.begin() as session:
        session.execute(update(Variant).where(Variant.id == "stove-1").values(stock=0))
        session.execute(update(Product).where(Product.id == "rain").values(active=False))
    answer = browser.post(link)
    assert "Gas stove has sold out by now." in answer.text
    assert "Rain jacket (black, M) has sold out by now." in answer.text
    assert pieces(browser) == {}


def test_the_click_is_stored_once(
    browser: Browser, other_browser: Browser, sessions: SessionFactory, clock: SimulatedClock,
    link: str,
) -> None:  # fmt: skip
    browser.post(link)
    first = clock.now()
    clock.advance(timedelta(hours=1))
    other_browser.post(link)
    with sessions() as session:
        assert session.scalars(select(Nudge.clicked_at)).one() == first
        clicks = select(NudgeStep).where(NudgeStep.what == "clicked")
        assert len(session.scalars(clicks).all()) == 1


def test_an_order_after_the_click_is_written_to_the_message(
    browser: Browser, sessions: SessionFactory, clock: SimulatedClock, link: str
) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post(link)
    clock.advance(timedelta(days=1))
    browser.get("/")
    browser.pay()
    with sessions() as session:
        nudge = session.scalars(select(Nudge)).one()
        assert nudge.ordered_at == clock.now()
        assert nudge.order_id is not None


def test_so_is_one_on_a_browser_that_nobody_is_signed_in_on(
    browser: Browser, sessions: SessionFactory, clock: SimulatedClock, link: str
) -> None:
    browser.post(link)
    clock.advance(timedelta(days=1))
    browser.get("/")
    browser.pay()
    with sessions() as session:
        nudge = session.scalars(select(Nudge)).one()
        order = session.scalars(select(Order)).one()
        assert (nudge.ordered_at, nudge.order_id) == (clock.now(), order.id)


def test_an_order_in_a_browser_that_the_link_did_not_come_to_is_not(
    browser: Browser, other_browser: Browser, sessions: SessionFactory, link: str
) -> None:
    browser.post(link)
    other_browser.post("/cart/add", variant_id="stove-1", quantity="1")
    other_browser.pay()
    with sessions() as session:
        assert session.scalars(select(Nudge.ordered_at)).one() is None


def test_an_order_without_a_click_is_not(
    browser: Browser, sessions: SessionFactory, link: str
) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.pay()
    with sessions() as session:
        assert session.scalars(select(Nudge.ordered_at)).one() is None


def test_a_cart_carried_to_another_browser_is_left_in_peace(
    browser: Browser, other_browser: Browser, sessions: SessionFactory, link: str
) -> None:
    browser.post(link)
    other_browser.post(link)
    with sessions() as session:
        (silence,) = session.scalars(select(Pause))
        assert (silence.person_id, silence.reason) == ("anna", "recovered_elsewhere")
        assert silence.cart_id == session.scalars(select(Nudge.cart_id)).one()


def test_after_the_order_it_brings_nothing_back(
    browser: Browser, other_browser: Browser, sessions: SessionFactory, link: str
) -> None:
    with sessions.begin() as session:
        session.execute(update(Cart).values(status="ordered"))
    browser.get("/")
    for answer in (browser.get(link), browser.post(link)):
        assert "You have already bought" in answer.text
    assert pieces(browser) == {}


def test_after_its_time_it_is_dead(browser: Browser, clock: SimulatedClock, link: str) -> None:
    clock.advance(timedelta(days=30))
    assert browser.get(link).status_code == 404
    assert browser.post(link).status_code == 404
    assert "does not work any more" in browser.get(link).text


def test_a_foreign_page_cannot_fill_somebodys_cart(browser: Browser, link: str) -> None:
    browser.get("/cart")
    answer = browser.client.post(link, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert pieces(browser) == {}


def test_the_page_tells_its_address_to_no_other_site(browser: Browser, link: str) -> None:
    answer = browser.get(link)
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "track.js" not in answer.text
    assert "widget.js" not in answer.text


def test_it_puts_the_messages_coupon_on_its_persons_cart(
    browser: Browser, coupon_link: str
) -> None:
    browser.post("/account/sign-in", person_id="anna")
    assert "(only for you)" in browser.get("/cart").text
    browser.post(coupon_link)
    assert browser.cart()["discount"]["amount"] == 1500
    assert "(only for you)" not in browser.get("/cart").text


def test_on_a_browser_that_nobody_is_signed_in_on_the_coupon_comes_with_the_cart(
    browser: Browser, sessions: SessionFactory, coupon_link: str
) -> None:
    answer = browser.post(coupon_link)
    assert "sign in there to use it" not in answer.text
    assert browser.cart()["discount"]["amount"] == 1500
    assert browser.pay().url.path.startswith("/orders/")
    with sessions() as session:
        coupon = session.scalars(select(Coupon)).one()
        order = session.get_one(Order, coupon.order_id)
        assert (coupon.state, order.person_id) == (CouponState.REDEEMED, None)


def test_carried_twice_the_coupon_is_good_where_its_link_was_opened_last(
    browser: Browser, other_browser: Browser, coupon_link: str
) -> None:
    browser.post(coupon_link)
    code = browser.cart()["promotion_code"]
    other_browser.post(coupon_link)
    assert browser.cart()["discount"]["amount"] == 0
    assert browser.post("/cart/code", code=code).status_code == 409
    assert browser.cart()["discount"]["amount"] == 0
    assert other_browser.cart()["discount"]["amount"] == 1500


def test_carried_away_it_is_still_used_once(
    browser: Browser, other_browser: Browser, coupon_link: str
) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post(coupon_link)
    other_browser.post(coupon_link)
    code = other_browser.cart()["promotion_code"]
    assert other_browser.pay().url.path.startswith("/orders/")
    assert browser.cart()["discount"]["amount"] == 0
    other_browser.post("/cart/add", variant_id="down-red", quantity="1")
    answer = other_browser.post("/cart/code", code=code)
    assert f"The code {code} was good once, and has been used." in answer.text


def test_it_is_good_for_the_carried_cart_and_not_for_the_next_one(
    browser: Browser, coupon_link: str
) -> None:
    browser.post(coupon_link)
    code = browser.cart()["promotion_code"]
    browser.post("/cart/code", take_off="1")
    browser.pay()
    browser.post("/cart/add", variant_id="down-red", quantity="1")
    browser.post("/cart/code", code=code)
    assert browser.cart()["discount"]["amount"] == 0


def test_somebody_elses_account_gets_the_cart_without_the_coupon_and_is_told(
    browser: Browser, coupon_link: str
) -> None:
    browser.post("/account/sign-in", person_id="ben")
    answer = browser.post(coupon_link)
    assert "sign in there to use it" in answer.text
    assert browser.cart()["discount"]["amount"] == 0


def test_signing_in_after_it_the_person_has_the_coupon_on_their_own_cart(
    browser: Browser, coupon_link: str
) -> None:
    browser.post(coupon_link)
    browser.post("/account/sign-in", person_id="anna")
    browser.post(coupon_link)
    assert browser.cart()["discount"]["amount"] == 1500


def test_a_code_that_gives_more_stays_on_the_cart(
    browser: Browser, sessions: SessionFactory, coupon_link: str
) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post("/cart/code", code="JACKET10")
    assert browser.cart()["discount"]["amount"] == 2380
    browser.post(coupon_link)
    assert browser.cart()["discount"]["amount"] == 2380


def test_after_the_order_the_coupon_is_gone(browser: Browser, coupon_link: str) -> None:
    browser.post("/account/sign-in", person_id="anna")
    browser.post(coupon_link)
    code = browser.cart()["promotion_code"]
    assert browser.pay().url.path.startswith("/orders/")
    assert "You have already bought" in browser.get(coupon_link).text
    browser.post("/cart/add", variant_id="down-red", quantity="1")
    answer = browser.post("/cart/code", code=code)
    assert f"The code {code} was good once, and has been used." in answer.text
