"""A shopper shops and talks: the whole assistant, in a real browser, from page to database."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from sqlalchemy import Engine, text

from db.engine import make_engine
from tests.browser.support.widget import Widget
from tests.browser.test_widget_hostile import ATTACKS
from tests.stack import Stack

pytestmark = [pytest.mark.service, pytest.mark.slow]

JACKETS = "show me waterproof jackets under 120 but not black"


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Engine]:
    """The running shop's own database, to check what it claims."""
    engine = make_engine(stack.settings.database_url)
    yield engine
    engine.dispose()


def rows(database: Engine, query: str, **values: object) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def ask(widget: Widget, said: str) -> str:
    """Say something; all that the assistant answers in that turn."""
    before = len(widget.texts())
    widget.say(said)
    return answer(widget, before, said)


def answer(widget: Widget, before: int, what: str) -> str:
    widget.until(lambda: len(widget.texts()) > before or None, f"an answer to {what!r}")
    widget.sees(0, ".typing")
    return "\n".join(widget.texts()[before:])


def product_ids(widget: Widget) -> list[str]:
    """The products of the newest cards, by the addresses they link to."""
    links = widget.all(".cards")[-1].find_elements(By.CSS_SELECTOR, ".card-title a")
    return [str(link.get_property("href")).rsplit("/", 1)[1].split("?")[0] for link in links]


def page_cart_count(driver: WebDriver) -> str:
    badge = driver.find_element(By.CSS_SELECTOR, "[data-cart-count]")
    return str(badge.get_property("textContent")).strip()


def add_second(widget: Widget) -> str:
    """Ask for the second of the cards; its product id."""
    wanted = product_ids(widget)[1]
    ask(widget, "add the second one")
    widget.one(".cart")
    return wanted


def sign_in(driver: WebDriver, stack: Stack, name: str) -> None:
    driver.get(f"{stack.web_url}/sign-in")
    button = next(
        each
        for each in driver.find_elements(By.CSS_SELECTOR, "main form button")
        if name in each.accessible_name or name in each.find_element(By.XPATH, "../..").text
    )
    driver.execute_script("arguments[0].click()", button)
    WebDriverWait(driver, 20).until(
        lambda driver: name in driver.find_element(By.CSS_SELECTOR, ".site-tools").text
    )


def test_a_search_in_words_shows_only_what_was_asked_for(
    driver: WebDriver, stack: Stack, widget: Widget, database: Engine
) -> None:
    driver.get(stack.web_url)
    widget.open()
    ask(widget, JACKETS)
    shown = product_ids(widget)
    assert len(shown) >= 2
    for card in widget.cards():
        price = re.search(r"€([\d,.]+)", card["text"])
        assert price is not None
        assert float(price[1].replace(",", "")) <= 120
        assert "black" not in card["text"].lower()
    for product in shown:
        (facts,) = rows(
            database,
            "SELECT p.title, p.description, p.facts, c.id, c.parent_id FROM products p "
            "JOIN categories c ON c.id = p.category_id WHERE p.id = :id",
            id=product,
        )
        words = " ".join(str(fact) for fact in facts).lower()
        assert "waterproof" in words, product
        assert "jacket" in words or "coat" in words, product


def test_the_second_one_is_put_into_the_cart_and_the_page_shows_it_at_once(
    driver: WebDriver, stack: Stack, widget: Widget, database: Engine
) -> None:
    driver.get(stack.web_url)
    widget.open()
    assert page_cart_count(driver) in ("", "0")
    ask(widget, JACKETS)
    kind = (
        widget.all(".cards")[-1]
        .find_elements(By.CSS_SELECTOR, ".card-kind > span:first-child")[1]
        .text
    )
    wanted = add_second(widget)
    WebDriverWait(driver, 5).until(lambda driver: page_cart_count(driver) == "1")
    assert widget.one(".cart-count").text == "1"
    in_cart = rows(
        database,
        "SELECT v.product_id, v.colour || ' · ' || v.size, l.quantity "
        "FROM cart_lines l JOIN variants v ON v.id = l.variant_id "
        "WHERE l.cart_id = (SELECT cart_id FROM cart_lines ORDER BY id DESC LIMIT 1)",
    )
    assert in_cart == [(wanted, kind, 1)]
    driver.get(f"{stack.web_url}/cart")
    link = driver.find_element(By.CSS_SELECTOR, f"main a[href*='/products/{wanted}']")
    assert link.is_displayed()


def test_what_goes_with_it_gives_suggestions_with_readable_reasons(
    driver: WebDriver, stack: Stack, widget: Widget, database: Engine
) -> None:
    driver.get(stack.web_url)
    widget.open()
    ask(widget, JACKETS)
    added = add_second(widget)
    ask(widget, "what goes with it?")
    suggested = product_ids(widget)
    assert suggested
    assert added not in suggested
    reasons = [
        reason.text
        for reason in widget.all(".cards")[-1].find_elements(By.CSS_SELECTOR, ".card-reason")
    ]
    assert len(reasons) == len(suggested)
    titles = {str(title) for (title,) in rows(database, "SELECT title FROM products")}
    for reason in reasons:
        assert len(reason.split()) >= 3
        assert not re.search(r"[{}_<>]|None|null|nan", reason)
    assert any(title in reason for reason in reasons for title in titles)
    before = len(widget.texts())
    why = widget.all(".cards")[-1].find_element(By.CSS_SELECTOR, ".card-actions button")
    driver.execute_script("arguments[0].click()", why)
    assert len(answer(widget, before, "why this?").split()) > 3


def test_the_conversation_is_still_there_after_a_reload_and_on_other_pages(
    driver: WebDriver, stack: Stack, widget: Widget
) -> None:
    driver.get(stack.web_url)
    widget.open()
    ask(widget, JACKETS)
    ask(widget, "add the second one")
    said, heard = widget.texts("user"), widget.texts("bot")
    cards, replies = product_ids(widget), [reply.text for reply in widget.all(".reply")]
    for address in (driver.current_url, f"{stack.web_url}/cart", f"{stack.web_url}/categories"):
        driver.get(address)
        widget.until(lambda: widget.texts("bot") == heard or None, "the same answers")
        assert widget.texts("user") == said
        assert product_ids(widget) == cards
        assert [reply.text for reply in widget.all(".reply")] == replies


def test_what_was_left_in_the_cart_last_week_is_answered_from_that_shoppers_rows(
    driver: WebDriver, stack: Stack, widget: Widget, database: Engine
) -> None:
    # Not the first demo shopper, whose cart another test leaves and buys in the same shop.
    sign_in(driver, stack, "Jonas")
    widget.open()
    heard = ask(widget, "what did I leave in my cart last week?")
    shown = set(product_ids(widget)) if widget.all(".cards, .cart") else set()
    shown |= {
        str(link.get_property("href")).rsplit("/", 1)[1].split("?")[0]
        for link in widget.all(".cart-lines .card-title a")
    }
    assert shown, heard
    monday = datetime.now(ZoneInfo(stack.settings.time_zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    monday -= timedelta(days=monday.weekday())
    since, until = (
        at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
        for at in (monday - timedelta(days=7), monday)
    )
    his = {
        product
        for (product,) in rows(
            database,
            "SELECT e.product_id FROM events e JOIN visitors v ON v.id = e.visitor_id "
            "JOIN people p ON p.id = v.person_id "
            "WHERE p.name = 'Jonas' AND e.name = 'add_to_cart' "
            "AND e.at >= :since AND e.at < :until",
            since=since,
            until=until,
        )
    }
    assert shown <= his, heard


def test_the_visitors_talk_and_cart_come_along_at_sign_in(
    driver: WebDriver, stack: Stack, widget: Widget
) -> None:
    driver.get(stack.web_url)
    widget.open()
    ask(widget, JACKETS)
    add_second(widget)
    sign_in(driver, stack, "Henrik")
    widget.until(lambda: JACKETS in widget.texts("user") or None, "what the visitor said")
    assert int(page_cart_count(driver)) >= 1


def test_a_cart_changed_on_the_page_shows_in_the_chat(
    driver: WebDriver, stack: Stack, widget: Widget, database: Engine
) -> None:
    ((product,),) = rows(
        database, "SELECT product_id FROM variants WHERE stock > 5 ORDER BY id LIMIT 1"
    )
    driver.get(f"{stack.web_url}/products/{product}")
    widget.open()
    form = driver.find_element(By.CSS_SELECTOR, "form[data-cart-add]")
    driver.execute_script(
        "const f = arguments[0];"
        "const choice = f.querySelector('input[type=radio]:not([disabled])');"
        "if (choice) choice.checked = true; f.requestSubmit()",
        form,
    )
    assert widget.one(".cart-count").text == "1"


def test_no_script_runs_whatever_is_said_to_the_assistant(
    driver: WebDriver, stack: Stack, widget: Widget
) -> None:
    driver.get(stack.web_url)
    widget.open()
    for attack in [attack for attack in ATTACKS if len(attack) <= 2_000][:12]:
        before = len(widget.texts())
        widget.paste(attack)
        widget.one(".send").click()
        answer(widget, before, attack)
    driver.refresh()
    widget.ready()
    widget.until(lambda: len(widget.texts("user")) >= 12 or None, "the history")
    assert driver.execute_script("return window.hacked") is None
    log = driver.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in log if "Content Security Policy" in entry["message"]] == []


@pytest.mark.parametrize("width", [320, 360, 390])
def test_on_a_phone_the_assistants_button_never_lies_on_the_way_to_the_checkout(
    driver: WebDriver, stack: Stack, widget: Widget, tmp_path: Path, width: int
) -> None:
    size = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(f"{stack.web_url}/categories?in_stock=1")
    driver.find_element(By.CSS_SELECTOR, ".tile-link").click()
    button = driver.find_element(By.CSS_SELECTOR, "main [data-cart-add] button[type=submit]")
    driver.execute_script("arguments[0].click()", button)
    WebDriverWait(driver, 20).until(lambda d: page_cart_count(d) == "1")
    driver.get(f"{stack.web_url}/cart")
    launcher = widget.one(".launcher")
    checkout = driver.find_element(By.CSS_SELECTOR, "main a[href='/checkout']")
    for share in (0, 0.25, 0.5, 0.75, 1):
        driver.execute_script(
            "scrollTo({top: document.documentElement.scrollHeight * arguments[0]})", share
        )
        driver.save_screenshot(str(tmp_path / f"cart-{width}-{share}.png"))
        at, way = launcher.rect, checkout.rect
        apart = (
            at["y"] + at["height"] <= way["y"]
            or way["y"] + way["height"] <= at["y"]
            or way["x"] + way["width"] <= at["x"]
        )
        assert apart, f"{at} lies on {way}"
    checkout.click()
    WebDriverWait(driver, 20).until(lambda d: d.current_url.endswith("/checkout"))
    driver.save_screenshot(str(tmp_path / f"checkout-{width}.png"))
