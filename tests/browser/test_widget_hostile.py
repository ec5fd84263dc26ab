"""Whatever the server or the shopper says, it is shown as text: no script ever runs."""

import re
from typing import Any

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.browser.support.cards import card, cart
from tests.browser.support.chat_shop import ChatShop, said
from tests.browser.support.widget import Widget

pytestmark = pytest.mark.service

ATTACKS = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    '"><svg onload=window.hacked=1>',
    "' onfocus='window.hacked=1' autofocus='",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<a href='javascript:window.hacked=1'>click</a>",
    "javascript:window.hacked=1",
    "<details open ontoggle=window.hacked=1>",
    "<style>@import 'javascript:window.hacked=1'</style>",
    "${window.hacked=1} {{constructor.constructor('window.hacked=1')()}}",
    "<!--?lit$1$--><!--><script>window.hacked=1</script>",
    "</textarea></template><script>window.hacked=1</script>",
    'https://example.invalid/" onmouseover="window.hacked=1',
    "data:text/html,<script>window.hacked=1</script>",
    "' OR 1=1; DROP TABLE carts; --",
    "‮gnp.exe‬ and ⁦isolated",
    "zero​width‍joi﻿ners",
    "👩‍👩‍👧‍👦🏳️‍🌈" * 50,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "مرحبا بالعالم שלום 買手機 こんにちは",
    "x" * 10_000,
    "a\x00b\x1bc\x07",
]


UNPRINTABLE = re.compile("[\x00\x07\x1b\u202c\u202e\u2066\u2069\ufeff]")


def everywhere(attack: str) -> dict[str, Any]:
    """A message with the attack in each of its strings."""
    hostile = card(
        product_id=attack,
        variant_id=attack,
        title=attack,
        brand=attack,
        colour=attack,
        size=attack,
        picture=attack,
        url=attack,
        stock=attack,
        reason={"text": attack, "kind": attack},
        suggestion_id=attack,
        price={"amount": 1, "currency": attack, "text": attack},
        list_price={"amount": 1, "currency": attack, "text": attack},
    )
    hostile_cart = cart() | {
        "lines": [hostile | {"quantity": 1, "line_total": hostile["price"]}],
        "count": 1,
        "total": hostile["price"],
        "promotion_code": attack,
        "discount": {"amount": 5, "currency": "EUR", "text": attack},
        "free_delivery_gap": hostile["price"],
    }
    return said(
        attack,
        cards=[hostile],
        cart=hostile_cart,
        table={"columns": [attack, attack], "rows": [[attack, attack]]},
        quick_replies=[{"title": attack, "payload": attack}],
        receipts=[{"text": attack, "table": attack, "id": attack, "column": attack}],
    )


def test_no_script_of_a_message_runs(driver: WebDriver, shop: ChatShop, widget: Widget) -> None:
    shop.answer = lambda uttered: [everywhere(uttered["text"])]
    driver.get(shop.url)
    widget.open()
    for number, attack in enumerate(ATTACKS, start=1):
        shop.push(everywhere(attack))
        widget.sees(number, ".entry.bot")
    links = driver.execute_script(
        "const root = document.querySelector('cartwright-chat').shadowRoot;"
        "root.querySelectorAll('a').forEach(each => each.dispatchEvent(new MouseEvent('mouseover',"
        "{bubbles: true})));"
        "return [...root.querySelectorAll('[href], [src], [srcset], [action], [formaction]')]"
        ".map(each => each.href ?? each.src)"
    )
    assert links
    assert all(link.startswith(("http://", "https://")) for link in links)
    made = driver.execute_script(
        "const root = document.querySelector('cartwright-chat').shadowRoot;"
        "return [root.querySelectorAll('script, iframe, style, object, embed, base').length,"
        " [...root.querySelectorAll('*')].flatMap(each => each.getAttributeNames())"
        "   .filter(name => name.startsWith('on')).length]"
    )
    assert made == [0, 0]
    assert driver.execute_script("return window.hacked") is None


def test_a_hostile_history_still_opens(driver: WebDriver, shop: ChatShop, widget: Widget) -> None:
    driver.get(shop.url)
    widget.open()
    widget.say("hello")
    widget.hears("You said")
    (history,) = shop.histories.values()
    history += [everywhere(attack) for attack in ATTACKS]
    history += [None, 7, "text", [], {}, {"id": 1, "from": "bot"}, {"id": "x", "from": "admin"}]  # type: ignore[list-item]
    driver.refresh()
    widget.sees(len(ATTACKS) + 1, ".entry.bot")
    assert driver.execute_script("return window.hacked") is None


@pytest.mark.parametrize("attack", [text for text in ATTACKS if len(text) <= 2_000])
def test_what_a_shopper_types_comes_back_as_they_typed_it(
    driver: WebDriver, shop: ChatShop, widget: Widget, attack: str
) -> None:
    driver.get(shop.url)
    widget.open()
    widget.paste(attack)
    widget.one(".send").click()
    widget.hears("You said")
    assert shop.received[0]["text"] == UNPRINTABLE.sub("", attack).strip()
    assert driver.execute_script("return window.hacked") is None


@pytest.mark.parametrize(
    "value", [None, 7, "text", [], {"history": 3}, {"history": [[[]]]}, {"on": {}}, {"code": []}]
)
def test_nonsense_events_do_not_break_the_chat(
    driver: WebDriver, shop: ChatShop, widget: Widget, value: object
) -> None:
    driver.get(shop.url)
    widget.open()
    for event in ("message", "typing", "problem", "session", "no_such_event"):
        shop.emit(event, value)
    widget.say("still alive?")
    widget.hears("You said: still alive?")
