"""A cart is left and comes back: chat message, mail, click, coupon, order, in the running shop."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait
from sqlalchemy import select, update

from db.engine import SessionFactory, make_engine, make_session_factory
from db.models import Cart, Coupon, CouponState, Person
from db.pricing import DeliveryRule
from nudges.compose import Nudging, compose
from tests.browser.support.widget import Widget
from tests.stack import ROOT, Stack, clean_environment

pytestmark = [pytest.mark.service, pytest.mark.slow]

SECONDS = 20
CHAT_STAGE, MAIL_STAGE = "left_cart_chat", "left_cart_mail"
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


@pytest.fixture
def demo_policy(tmp_path: Path) -> Path:
    """The demo's policy from now on, nothing drawn at random, its stages named for this test."""
    text = (ROOT / "nudges/demo.toml").read_text(encoding="utf-8")
    text = text.replace('"first"', f'"{CHAT_STAGE}"').replace('"second"', f'"{MAIL_STAGE}"')
    path = tmp_path / "policy.toml"
    path.write_text(f'active_from = "{datetime.now(UTC).isoformat()}"\n{text}', encoding="utf-8")
    return path


@pytest.fixture
def shop(stack: Stack, sessions: SessionFactory, demo_policy: Path) -> Nudging:
    """What the scheduler works with, as it is composed for it."""
    settings = stack.settings.model_copy(update={"nudge_policy": demo_policy})
    return compose(settings, sessions=sessions)


def sweep_when_due(shop: Nudging, cart: Cart, stage: str) -> None:
    """Wait, by the real clock, until the stage of the cart is due, and sweep."""
    rule = shop.policy.stage(stage)
    assert rule is not None
    left = cart.last_activity_at + rule.after - shop.clock.now()
    time.sleep(max(0.0, left.total_seconds()) + 0.5)
    shop.sweeper().run()


def command(stack: Stack, policy: Path, *words: str) -> str:
    """What `cartwright nudges` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "nudges", *words],
        cwd=ROOT,
        env=clean_environment()
        | {
            "DATABASE_URL": stack.settings.database_url,
            "CARTWRIGHT_NUDGE_POLICY": str(policy),
            "COLUMNS": "150",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def counts(stats: str, stage: str) -> list[int]:
    """A stage's row: due, waiting, held out, stopped, failed, unknown, sent, … ordered."""
    (row,) = [line for line in stats.splitlines() if stage in line]
    return [int(number) for number in re.findall(r"(?<=\s)\d+(?=\s)", row)]


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
    driver: WebDriver,
    stack: Stack,
    sessions: SessionFactory,
    shop: Nudging,
    demo_policy: Path,
    widget: Widget,
    tmp_path: Path,
) -> None:
    sign_in_and_leave(driver, stack)
    with sessions.begin() as session:
        cart = session.scalars(select(Cart).order_by(Cart.last_activity_at.desc())).first()
        assert cart is not None
        who = update(Person).where(Person.id == cart.person_id)
        session.execute(who.values(email="left.cart@example.org"))

    # The chat message comes into the open page, says why, and its button leads to the cart.
    sweep_when_due(shop, cart, CHAT_STAGE)
    widget.open()
    widget.hears("You left these in your cart")
    widget.hears("You get this because you agreed to reminders")
    titles = [reply.text for reply in widget.all(".reply")]
    assert titles == ["Show my cart", "Remind me later", "Why this?", "No more reminders"]
    driver.save_screenshot(str(tmp_path / "chat.png"))
    widget.one(".reply", "Show my cart").click()
    widget.hears("Pieces in your cart: 1.")
    driver.save_screenshot(str(tmp_path / "chat-cart.png"))

    # The mail comes to the catcher, and opens in a frame without scripts.
    sweep_when_due(shop, cart, MAIL_STAGE)
    driver.get(f"{stack.web_url}/demo/mails")
    driver.save_screenshot(str(tmp_path / "mails.png"))
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
    driver.save_screenshot(str(tmp_path / "checkout.png"))
    click(driver, "main form[action='/checkout'] button[type=submit]")
    WebDriverWait(driver, SECONDS).until(lambda d: "/orders/" in d.current_url)
    driver.save_screenshot(str(tmp_path / "order.png"))

    with sessions() as session:
        coupon = session.scalars(select(Coupon).where(Coupon.cart_id == cart.id)).one()
    assert coupon.state is CouponState.REDEEMED
    story = command(stack, demo_policy, "explain", cart.id)
    for part in (
        f"Cart {cart.id}",
        "The shopper's side showed it.",
        "The shopper used its link or its button.",
        "The shopper ordered afterwards.",
    ):
        assert part in story
    stats = command(stack, demo_policy, "stats", "--days", "1")
    #                                  due, waiting, held out, stopped, failed, unknown, sent,
    #                                  delivered, clicked, ordered
    assert counts(stats, CHAT_STAGE) == [1, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert counts(stats, MAIL_STAGE) == [1, 0, 0, 0, 0, 0, 1, 0, 1, 1]
    assert "Not enough data yet" in stats
    read_as_operator(driver, stack, cart, tmp_path)


def read_as_operator(driver: WebDriver, stack: Stack, cart: Cart, screenshots: Path) -> None:
    """The shop's own people read the same on their pages."""
    driver.get(f"{stack.web_url}/operators/carts/{cart.id}")
    driver.find_element(By.ID, "secret").send_keys(stack.settings.operator_secret or "")
    submit(driver, ".operators-enter button")
    story = "The shopper used its link or its button."
    reads(driver, story)
    happened = driver.find_element(By.CSS_SELECTOR, "[aria-labelledby=happened]").text
    for part in ("The shopper's side showed it.", story, "The shopper ordered afterwards."):
        assert part in happened
    # Nothing can be sent about what is bought.
    assert driver.find_elements(By.CSS_SELECTOR, "button[value=send_now]") == []
    driver.save_screenshot(str(screenshots / "operators-cart.png"))

    driver.get(f"{stack.web_url}/operators")
    rows = driver.find_elements(By.CSS_SELECTOR, ".rows tbody tr")
    about = [row for row in rows if row.find_elements(By.CSS_SELECTOR, f"a[href$='{cart.id}']")]
    assert len(about) == 2
    assert "left.cart@example.org" not in driver.page_source
    driver.save_screenshot(str(screenshots / "operators.png"))

    driver.get(f"{stack.web_url}/operators/statistics?days=1")
    (mails,) = driver.find_elements(By.XPATH, f"//tr[th[normalize-space()='{MAIL_STAGE}']]")
    numbers = [int(cell.text) for cell in mails.find_elements(By.TAG_NAME, "td")]
    assert numbers == [1, 0, 0, 0, 0, 0, 1, 0, 1, 1]
    driver.save_screenshot(str(screenshots / "operators-statistics.png"))
