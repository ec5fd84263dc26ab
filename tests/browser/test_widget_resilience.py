"""The widget when things break: networks, servers, tokens, and people who change places."""

import time

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.browser.support.chat_shop import ChatShop, said
from tests.browser.support.widget import Widget

pytestmark = pytest.mark.service


def offline(driver: WebDriver, *, on: bool) -> None:
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )


def start_talking(driver: WebDriver, shop: ChatShop, widget: Widget) -> None:
    driver.get(shop.url)
    widget.open()
    widget.say("hello")
    widget.hears("You said: hello")


def test_offline_is_said_plainly_and_what_was_written_meanwhile_is_sent_once_after(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    offline(driver, on=True)
    try:
        assert widget.one(".notice.offline").text == "You’re offline. I’ll reconnect by myself."
        widget.say("are you there?")
        widget.one(".entry.user .stamp", "Waiting to be sent")
    finally:
        offline(driver, on=False)
    widget.hears("You said: are you there?")
    widget.one(".notice.back", "Connected again.")
    assert widget.texts("user") == ["hello", "are you there?"]
    assert [uttered["text"] for uttered in shop.received] == ["hello", "are you there?"]
    assert widget.all(".entry.user .stamp") == []


def test_a_server_that_goes_away_is_waited_for(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    shop.stop()
    widget.one(".notice.offline", "I can’t reach the shop right now")
    widget.say("first")
    widget.say("second")
    shop.start()
    widget.hears("You said: second")
    assert widget.texts("user") == ["hello", "first", "second"]
    assert widget.texts("bot")[-2:] == ["You said: first", "You said: second"]


def test_a_message_written_while_offline_survives_a_reload(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    shop.stop()
    widget.one(".notice.offline")
    widget.say("do not lose me")
    widget.one(".entry.user", "do not lose me")
    shop.start()
    driver.refresh()
    widget.hears("You said: do not lose me")
    assert widget.texts("user") == ["hello", "do not lose me"]


def test_a_message_that_arrived_before_the_connection_broke_is_not_said_twice(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    shop.acknowledges = False
    widget.say("only once")
    widget.until(lambda: len(shop.received) == 2 or None, "the message")
    # The server has it, but the browser never learns so.
    own = said("only once", sender="user") | {"id": shop.received[-1]["id"]}
    next(iter(shop.histories.values())).append(own)
    shop.acknowledges = True
    shop.drop_connections()
    widget.until(lambda: not widget.all(".entry.user .stamp") or None, "it sent")
    assert widget.texts("user") == ["hello", "only once"]
    assert len(shop.received) == 2


def test_a_refused_message_can_be_tried_again_with_the_same_id(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    shop.refuses_with = "busy"
    widget.say("please")
    widget.one(".failed", "I’m busy right now")
    shop.refuses_with = None
    widget.one(".failed button", "Try again").click()
    widget.hears("You said: please")
    assert shop.received[-1]["id"] == shop.received[-2]["id"]
    assert widget.texts("user") == ["hello", "please"]


def test_an_expired_token_is_replaced_without_a_word(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    issued = shop.tokens_issued
    shop.expire_tokens()
    shop.drop_connections()
    widget.until(lambda: shop.refusals or None, "the refusal of the old token")
    widget.say("still me")
    widget.hears("You said: still me")
    assert shop.tokens_issued > issued
    assert widget.texts("user") == ["hello", "still me"]


def test_tokens_refused_again_and_again_do_not_become_a_storm(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.refuses_every_token = True
    driver.get(shop.url)
    widget.one(".launcher").click()
    widget.one(".notice.offline")
    time.sleep(5)
    assert 3 <= shop.refusals <= 8
    shop.refuses_every_token = False
    widget.until(lambda: not widget.all(".notice.offline") or None, "a connection", patience=40)


def test_signing_in_shows_the_persons_conversation_and_nothing_of_the_visitors(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.histories["p_ada"].append(said("Welcome back."))
    start_talking(driver, shop, widget)
    driver.execute_async_script(
        "const done = arguments[0]; fetch('/sign-in/ada').then(() => {"
        "document.dispatchEvent(new CustomEvent('cartwright:identity')); done(); })"
    )
    widget.hears("Welcome back.")
    assert widget.texts("bot") == ["Welcome back."]
    assert widget.texts("user") == []


def test_signing_in_reaches_the_other_tab(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    shop.histories["p_ada"].append(said("Welcome back."))
    start_talking(driver, shop, widget)
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    driver.get(shop.url + "/sign-in/ada")
    driver.get(shop.url)
    widget.open()
    widget.hears("Welcome back.")
    driver.switch_to.window(first)
    widget.hears("Welcome back.")
    assert widget.texts("user") == []


def test_what_one_shopper_left_unsent_is_never_sent_as_another(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    shop.stop()
    widget.one(".notice.offline")
    widget.say("a secret of mine")
    shop.refuses_every_token = True
    shop.start()
    driver.get(shop.url + "/sign-in/ada")
    shop.refuses_every_token = False
    driver.get(shop.url)
    widget.say("hello from ada")
    widget.hears("You said: hello from ada")
    assert all(uttered["text"] != "a secret of mine" for uttered in shop.received)
    assert "secret" not in widget.shown()


def test_a_history_of_a_thousand_messages_opens_quickly_and_is_all_there(
    driver: WebDriver, shop: ChatShop, widget: Widget
) -> None:
    start_talking(driver, shop, widget)
    (history,) = shop.histories.values()
    history[:] = [
        said(f"message {number}", sender=("user", "bot")[number % 2]) for number in range(1_000)
    ]
    driver.refresh()
    began = time.monotonic()
    widget.hears("message 999")
    assert time.monotonic() - began < 5
    assert len(widget.all(".entry")) < 200
    log = widget.one(".log")
    assert driver.execute_script(
        "const log = arguments[0]; return log.scrollHeight - log.clientHeight - log.scrollTop < 3",
        log,
    )
    while earlier := widget.all(".earlier"):
        driver.execute_script("arguments[0].click()", earlier[0])
    widget.until(lambda: len(widget.all(".entry")) == 1_000 or None, "every message")
    assert widget.texts("user")[0] == "message 0"
