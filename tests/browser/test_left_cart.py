"""A cart is left and comes back: chat message, mail, click, coupon, order, in the running shop."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait
from sqlalchemy import select, update

from core.clock import SimulatedClock
from db.engine import SessionFactory, make_engine, make_session_factory
from db.models import Cart, Coupon, CouponState, Nudge, NudgeState, Person, Promotion
from db.pricing import DeliveryRule
from nudges.compose import Nudging, compose
from nudges.explain import explain
from tests.browser.support.widget import Widget
from tests.integration.nudges.coupons import Always
from tests.stack import ROOT, Stack

pytestmark = [pytest.mark.service, pytest.mark.slow]

SECONDS = 20
CARD = {"card_number": "4242424242424242", "card_expiry": "08/39", "card_code": "123"}
ADDRESS = {
    "name": "Test Shopper",
    "email": "shopper@example.org",
    "street": "Long Lane 1",
    "postcode": "10115",
    "city": "Berlin",
}


@pytest.fixture
def sessions(stack: Stack) -> Iterator[SessionFactory]:
    engine = make_engine(stack.settings.database_url)
    yield make_session_factory(engine, delivery=DeliveryRule.of(stack.settings))
    engine.dispose()


def nudging(stack: Stack, sessions: SessionFactory, *, later: timedelta) -> Nudging:
    """The scheduler as it will be in a while, with the demo's policy and a tenth off for all."""
    quick = stack.settings.model_copy(update={"nudge_policy": ROOT / "nudges/demo.toml"})
    made = compose(quick, sessions=sessions, clock=SimulatedClock(datetime.now(UTC) + later))
    begun = made.policy.model_copy(update={"active_from": datetime.now(UTC) - timedelta(minutes=5)})
    return replace(made, policy=begun, decider=Always("percent_10"))


def click(driver: WebDriver, selector: str) -> None:
    found = WebDriverWait(driver, SECONDS).until(
        lambda d: d.find_element(By.CSS_SELECTOR, selector), selector
    )
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    found.click()


def submit(driver: WebDriver, selector: str) -> None:
    """Click what sends a form, and wait for the page that answers."""
    page = driver.find_element(By.TAG_NAME, "html")
    click(driver, selector)
    WebDriverWait(driver, SECONDS).until(staleness_of(page), f"{selector!r} to be answered")


def reads(driver: WebDriver, text: str) -> None:
    WebDriverWait(driver, SECONDS).until(
        lambda d: text in d.find_element(By.TAG_NAME, "main").text, f"{text!r} on the page"
    )


def sign_in_and_leave(driver: WebDriver, stack: Stack) -> None:
    """Become a demo shopper, agree to mails and chat messages, put a dear thing into the cart."""
    driver.get(f"{stack.web_url}/sign-in")
    submit(driver, "main form button")
    driver.get(f"{stack.web_url}/account")
    for box in driver.find_elements(By.CSS_SELECTOR, "input[name=channel]"):
        if box.get_property("value") in ("email", "chat") and not box.is_selected():
            box.click()
    submit(driver, "form[action='/account/consent'] button")
    # What the shopper had left before may have sold out.
    driver.execute_async_script("fetch('/cart', {method: 'DELETE'}).then(arguments[0])")
    driver.get(f"{stack.web_url}/categories?sort=price_desc&in_stock=1")
    click(driver, ".tile-link")
    click(driver, "main [data-cart-add] button[type=submit]")
    WebDriverWait(driver, SECONDS).until(
        lambda d: d.find_element(By.CSS_SELECTOR, "[data-cart-count]").text == "1", "in the cart"
    )
    driver.get(f"{stack.web_url}/cart")
    reads(driver, "Total")


def test_a_left_cart_comes_back_with_its_coupon_and_is_bought(
    driver: WebDriver, stack: Stack, sessions: SessionFactory, widget: Widget, tmp_path: Path
) -> None:
    sign_in_and_leave(driver, stack)
    with sessions.begin() as session:
        cart = session.scalars(select(Cart).order_by(Cart.last_activity_at.desc())).first()
        assert cart is not None
        who = update(Person).where(Person.id == cart.person_id)
        session.execute(who.values(email="left.cart@example.org"))

    # The chat message comes into the open page.
    nudging(stack, sessions, later=timedelta(seconds=61)).sweeper().run()
    widget.open()
    widget.hears("You left these in your cart")

    # The mail comes to the catcher, and opens in a frame without scripts.
    nudging(stack, sessions, later=timedelta(seconds=125)).sweeper().run()
    with sessions.begin() as session:
        # Issued by the clock of in a while; the shop's own is not there yet.
        mine = select(Coupon.code).where(Coupon.cart_id == cart.id)
        session.execute(
            update(Promotion).where(Promotion.code.in_(mine)).values(starts_at=datetime.now(UTC))
        )
    driver.get(f"{stack.web_url}/demo/mails")
    click(driver, "main .orders a")
    driver.save_screenshot(str(tmp_path / "mail.png"))
    frame = driver.find_element(By.CSS_SELECTOR, "iframe.mail-frame")
    driver.switch_to.frame(frame)
    link = driver.find_element(By.PARTIAL_LINK_TEXT, "Take me to my cart")
    assert "10 % off" in driver.find_element(By.TAG_NAME, "body").text
    here = driver.window_handles
    link.click()
    WebDriverWait(driver, SECONDS).until(lambda d: len(d.window_handles) > len(here))
    driver.switch_to.window(driver.window_handles[-1])

    # The cart is back with the coupon on it, and is bought.
    reads(driver, "Your cart is back, at today's prices.")
    reads(driver, "Discount")
    driver.save_screenshot(str(tmp_path / "cart.png"))
    driver.get(f"{stack.web_url}/checkout")
    for name, value in (ADDRESS | CARD).items():
        field = driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(value)
    click(driver, "main form[action='/checkout'] button[type=submit]")
    WebDriverWait(driver, SECONDS).until(lambda d: "/orders/" in d.current_url)

    shop = nudging(stack, sessions, later=timedelta(minutes=5))
    with sessions() as session:
        mine = select(Nudge).where(Nudge.cart_id == cart.id)
        nudges = {one.stage: one for one in session.scalars(mine)}
        coupon = session.scalars(select(Coupon).where(Coupon.cart_id == cart.id)).one()
        story = explain(session, shop, cart.id, now=shop.clock.now())
    assert nudges["first"].delivered_at is not None
    assert nudges["second"].state is NudgeState.SENT
    assert nudges["second"].clicked_at is not None
    assert nudges["second"].ordered_at is not None
    assert coupon.state is CouponState.REDEEMED
    assert story is not None
    told = [sentence.text for episode in story.episodes for sentence in episode.sentences]
    for part in (
        "The shopper's side showed it.",
        "The shopper used its link.",
        "The shopper ordered afterwards.",
    ):
        assert part in told
