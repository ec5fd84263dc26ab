"""The widget in a real browser, against a chat server whose every answer the test decides."""

import gzip
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.support.cards import card, cart, suggested
from tests.browser.support.chat_shop import WIDGET, ChatShop, said
from tests.browser.support.widget import Widget

pytestmark = pytest.mark.service

AXE = Path(__file__).parents[2] / "web/widget/node_modules/axe-core/axe.min.js"


def visit(driver: WebDriver, shop: ChatShop, path: str = "/") -> None:
    driver.get(shop.url + path)


def policy_violations(driver: WebDriver) -> list[str]:
    entries = driver.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if "Content Security Policy" in entry["message"]]


def test_a_message_is_answered_and_both_are_shown_once(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    widget.open()
    widget.say("hello there")
    widget.hears("You said: hello there")
    assert widget.texts("user") == ["hello there"]
    assert widget.texts("bot") == ["You said: hello there"]
    assert policy_violations(driver) == []


def test_the_conversation_is_there_after_a_reload_and_on_another_page(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.answer = lambda _: [
        said("Which size?", quick_replies=[{"title": "Medium", "payload": "/size"}])
    ]
    visit(driver, shop)
    widget.open()
    widget.say("a jacket please")
    widget.hears("Which size?")
    driver.refresh()
    widget.hears("Which size?")
    assert widget.one(".reply").text == "Medium"
    visit(driver, shop, "/other")
    widget.hears("Which size?")
    assert widget.texts("user") == ["a jacket please"]


def test_a_quick_reply_sends_its_payload_and_goes_when_answered(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.answer = lambda uttered: [
        said("Fine.")
        if uttered.get("payload")
        else said("Sure?", quick_replies=[{"title": "Yes", "payload": "/affirm"}])
    ]
    visit(driver, shop)
    widget.open()
    widget.say("clear my cart")
    widget.one(".reply", "Yes").click()
    widget.hears("Fine.")
    assert shop.received[-1]["payload"] == "/affirm"
    assert shop.received[-1]["text"] == "Yes"
    assert widget.all(".reply") == []


def test_cards_show_what_a_shopper_decides_by_and_their_buttons_say_it(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    reason = "41 of 63 people who bought the tent also took this."
    shop.answer = lambda _: [said("Look:", cards=[suggested("storm", reason), card("kestrel")])]
    visit(driver, shop)
    widget.open()
    widget.say("show me")
    widget.hears("Look:")
    storm, kestrel = widget.cards()
    for part in ("Northbeck", "€119.00", "€149.00", "In stock", reason, "Why this?"):
        assert part in storm["text"]
    assert "Sold out" in kestrel["text"]
    assert "Add to cart" not in kestrel["text"]
    picture = widget.one(".card-picture img")
    widget.until(lambda: picture.get_property("naturalWidth") or None, "the picture")
    assert widget.one(".card-title a").get_property("href") == f"{shop.url}/products/storm"
    for label, payload in (
        ("Why this?", '/why_this{"product":"storm"}'),
        ("Not interested", '/not_interested{"product":"storm"}'),
        ("Add to cart", '/add_to_cart{"variant":"storm-M"}'),
    ):
        shop.received.clear()
        driver.execute_script("arguments[0].click()", widget.one(".card button", label))
        widget.until(lambda: shop.received or None, f"the message of {label}")
        assert shop.received[-1]["payload"] == payload


def test_what_already_lies_in_the_cart_leads_there_and_is_no_suggestion(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    left = card("storm", reason={"text": "1 × since Monday", "kind": "in_cart"})
    shop.answer = lambda _: [said("Left:", cards=[left])]
    visit(driver, shop)
    widget.open()
    widget.say("what did I leave?")
    widget.hears("Left:")
    assert "1 × since Monday" in widget.cards()[0]["text"]
    assert widget.all(".card button") == []
    assert widget.one(".card-foot a").get_property("href") == f"{shop.url}/cart"


def test_a_cart_changed_in_the_chat_is_told_to_the_page_at_once(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.answer = lambda _: [said("Done.", cart=cart(drift=2))]
    visit(driver, shop)
    driver.execute_script(
        "window.carts = [];"
        "document.addEventListener('cartwright:cart', e => carts.push(e.detail.cart.count));"
        "window.elsewhere = [];"
        "new BroadcastChannel('cartwright').onmessage = e => elsewhere.push(e.data.cart.count)"
    )
    widget.open()
    widget.say("add two")
    assert "€159.00" in widget.one(".cart .total").text
    assert driver.execute_script("return carts") == [2]
    widget.until(lambda: driver.execute_script("return elsewhere") == [2] or None, "broadcast")
    assert widget.one(".cart-count").text == "2"


def test_a_cart_changed_on_the_page_shows_in_the_chat(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.answer = lambda _: [said("Your cart:", cart=cart(drift=1))]
    visit(driver, shop)
    widget.open()
    widget.say("my cart")
    widget.one(".cart", "Drift")
    driver.execute_script(
        "const detail = {cart: arguments[0]};"
        "document.dispatchEvent(new CustomEvent('cartwright:cart', {detail}))",
        cart(storm=3),
    )
    widget.one(".cart", "Stormline")
    assert widget.one(".cart-count").text == "3"


def test_an_older_cart_is_shown_as_past(driver: WebDriver, shop: ChatShop, widget: Widget) -> None:
    carts = iter([cart(drift=1), cart(drift=1, storm=1)])
    shop.answer = lambda _: [said("Done.", cart=next(carts))]
    visit(driver, shop)
    widget.open()
    widget.say("add one")
    widget.one(".cart")
    widget.say("add another")
    assert "1 item, €79.50" in widget.one(".cart-past").text
    assert len(widget.all(".cart")) == 1


def test_a_table_is_shown_with_its_columns(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    table = {"columns": ["", "Storm", "Drift"], "rows": [["Price", "€119.00", "€79.50"]]}
    shop.answer = lambda _: [said("Side by side:", table=table)]
    visit(driver, shop)
    widget.open()
    widget.say("compare")
    assert widget.one("table").text.split() == ["Storm", "Drift", "Price", "€119.00", "€79.50"]


def test_enter_sends_and_shift_enter_makes_a_line(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    widget.open()
    field = widget.one("textarea")
    field.send_keys("one", Keys.SHIFT, Keys.ENTER, Keys.SHIFT, "two")
    assert shop.received == []
    field.send_keys(Keys.ENTER)
    widget.hears("You said")
    assert shop.received[0]["text"] == "one\ntwo"


def test_too_long_a_text_is_counted_and_not_sent(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    widget.open()
    widget.paste("x" * 1_799)
    assert widget.one(".counter").text == ""
    widget.paste("👍" * 1_990)
    widget.one(".counter", "10 characters left")
    widget.paste("x" * 10_000)
    widget.one(".counter", "8000 characters too many")
    widget.one("textarea").send_keys(Keys.ENTER)
    assert not widget.one(".send").is_enabled()
    assert shop.received == []


def test_everything_can_be_reached_with_the_keyboard(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.answer = lambda _: [
        said(
            "Look:",
            cards=[suggested("storm", "Goes well."), suggested("drift", "Goes well.")],
            quick_replies=[{"title": "More", "payload": "/m"}, {"title": "Stop", "payload": "/s"}],
        )
    ]
    visit(driver, shop)
    keyboard = driver.switch_to.active_element

    def press(*keys: str) -> None:
        driver.switch_to.active_element.send_keys(*keys)

    widget.one(".launcher")
    keyboard.send_keys(Keys.TAB, Keys.TAB)
    assert "launcher" in widget.focused()["kind"]
    press(Keys.ENTER)
    widget.ready()
    widget.until(lambda: widget.focused()["tag"] == "textarea" or None, "focus in the field")
    press("show me", Keys.ENTER)
    widget.hears("Look:")
    press(Keys.SHIFT, Keys.TAB, Keys.SHIFT)
    assert widget.focused()["kind"] == "latest"
    press(Keys.ENTER)
    widget.until(lambda: widget.focused()["tag"] == "textarea" or None, "focus in the field")
    widget.sees(0, ".latest")
    press(Keys.SHIFT, Keys.TAB, Keys.SHIFT)
    assert widget.focused()["text"] == "Stop"
    press(Keys.ARROW_LEFT)
    assert widget.focused()["text"] == "More"
    press(Keys.SHIFT, Keys.TAB, Keys.SHIFT)
    assert widget.focused()["text"] == "Not interested"
    press(Keys.ARROW_UP)
    assert widget.focused()["text"] == "Stormline Waterproof Jacket"
    press(Keys.ARROW_DOWN)
    assert widget.focused()["text"] == "Drift Packable Rain Jacket"
    press(Keys.ESCAPE)
    widget.until(lambda: "launcher" in (widget.focused()["kind"] or "") or None, "the launcher")
    assert widget.all("[role=dialog]") == []


def test_open_and_closed_is_remembered_without_taking_the_focus(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    widget.open()
    visit(driver, shop, "/other")
    widget.one("[role=dialog]")
    assert widget.focused()["tag"] is None
    widget.one("[aria-label='Close the chat']").click()
    driver.refresh()
    widget.one(".launcher")
    assert widget.all("[role=dialog]") == []


def test_the_page_can_open_the_chat(driver: WebDriver, shop: ChatShop, widget: Widget) -> None:
    visit(driver, shop)
    widget.one(".launcher")
    driver.execute_script("document.dispatchEvent(new CustomEvent('cartwright:open'))")
    widget.one("[role=dialog]")


def test_what_arrives_while_closed_is_counted_until_it_is_read(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    widget.open()
    widget.say("hello")
    widget.hears("You said")
    widget.one("[aria-label='Close the chat']").click()
    shop.push(said("One more thing."))
    assert widget.one(".unread").text == "1"
    driver.refresh()
    assert widget.one(".unread").text == "1"
    assert "1 unread message" in str(widget.one(".launcher").get_attribute("aria-label"))
    widget.open()
    widget.one("[aria-label='Close the chat']").click()
    assert widget.all(".unread") == []


def test_typing_is_shown_until_the_answer_comes(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    widget.open()
    widget.say("hello")
    widget.hears("You said")
    shop.emit("typing", {"on": True})
    widget.one(".typing")
    shop.push(said("There."))
    widget.hears("There.")
    assert widget.all(".typing") == []


def test_two_tabs_show_the_same_conversation(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    visit(driver, shop)
    widget.open()
    widget.say("said in the other tab")
    widget.hears("You said")
    driver.switch_to.window(first)
    widget.open()
    widget.hears("You said: said in the other tab")
    assert widget.texts("user") == ["said in the other tab"]


def test_a_problem_is_said_in_words(driver: WebDriver, shop: ChatShop, widget: Widget) -> None:
    visit(driver, shop)
    widget.open()
    widget.say("hello")
    widget.hears("You said")
    shop.emit("problem", {"code": "failed", "text": ""})
    widget.one(".notice", "Something went wrong on my side")
    widget.say("again")
    widget.hears("You said: again")
    assert "wrong" not in widget.one(".notice").text


def test_no_visitor_is_made_before_the_chat_is_opened(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    driver.delete_all_cookies()
    shop.sets_cookies = False
    visit(driver, shop)
    widget.one(".launcher")
    widget.until(lambda: shop.asked_without_identity or None, "the question for a token")
    assert shop.visitors_made == 0
    widget.open()
    widget.say("hello")
    widget.hears("You said: hello")
    assert shop.visitors_made == 1


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_cut_off_at_any_width(
    driver: WebDriver, shop: ChatShop, widget: Widget, width: int
) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False},
    )
    shop.answer = lambda _: [
        said("Look:", cards=[suggested("storm", "Goes well."), card("drift")]),
        said("And your cart:", cart=cart(storm=2, drift=12)),
    ]
    visit(driver, shop)
    widget.open()
    widget.say("w" * 300)
    widget.hears("And your cart")
    panel = widget.one(".panel").rect
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= width
    if width <= 480:
        assert panel["width"] == width
    overflowing = driver.execute_script(
        "const log = document.querySelector('cartwright-chat').shadowRoot.querySelector('.log');"
        "const right = log.getBoundingClientRect().right;"
        "return [...log.querySelectorAll('*')].filter(each => !each.closest('.hidden') &&"
        " each.getBoundingClientRect().right > right + 0.5).map(each => each.className)"
    )
    assert overflowing == []
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_on_a_phone_following_a_link_uncovers_the_page(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False},
    )
    shop.answer = lambda _: [said("Look:", cards=[card("storm")])]
    visit(driver, shop)
    widget.open()
    widget.say("show me")
    widget.one(".card-title a").click()
    widget.until(lambda: "/products/storm" in driver.current_url or None, "the product's page")
    widget.one(".launcher")
    assert widget.all("[role=dialog]") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_rule_is_broken(
    driver: WebDriver, shop: ChatShop, widget: Widget, scheme: str
) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {
            "features": [
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]
        },
    )
    shop.answer = lambda _: [
        said("Look:", cards=[suggested("storm", "Goes well."), card("drift"), card("kestrel")]),
        said("Your cart:", cart=cart(storm=1)),
        said(
            "A table:",
            table={"columns": ["A", "B"], "rows": [["1", "2"]]},
            quick_replies=[{"title": "Yes", "payload": "/affirm"}],
        ),
    ]
    visit(driver, shop)
    driver.execute_script(AXE.read_text())

    def broken() -> list[str]:
        found = driver.execute_async_script(
            "const done = arguments[0]; axe.run('cartwright-chat', {resultTypes: ['violations']})"
            ".then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + "
            "(n.failureSummary ?? '')).join())))"
        )
        return [str(each) for each in found]

    widget.one(".launcher")
    assert broken() == []
    widget.open()
    assert broken() == []
    widget.say("everything")
    widget.hears("A table")
    assert broken() == []


def test_the_bundle_stays_small() -> None:
    assert len(gzip.compress(WIDGET.read_bytes(), 9)) < 60 * 1024


def test_the_log_is_a_polite_live_region_in_a_labelled_dialog(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    visit(driver, shop)
    widget.open()
    dialog = widget.one("[role=dialog]")
    assert dialog.accessible_name == "Shopping assistant"
    log = dialog.find_element(By.CSS_SELECTOR, "[role=log]")
    assert log.get_attribute("aria-live") == "polite"
    assert log.accessible_name == "Conversation"
