"""The cart's forms, as a page without a script sends them."""

import pytest

from tests.integration.shop.conftest import PAGE, Browser


def test_adding_changing_and_removing_work_without_a_script(browser: Browser) -> None:
    answer = browser.post("/cart/add", variant_id="rain-blue-m", quantity="2")
    assert answer.url.path == "/cart"
    assert "Added to your cart." in answer.text
    assert browser.cart()["count"] == 2
    browser.post("/cart/update", variant_id="rain-blue-m", quantity="typed", typed="5")
    assert browser.cart()["lines"][0]["quantity"] == 5
    browser.post("/cart/update", variant_id="rain-blue-m", quantity="4")
    assert browser.cart()["subtotal"]["amount"] == 4 * 11900
    answer = browser.post("/cart/remove", variant_id="rain-blue-m")
    assert "Your cart is empty." in answer.text


def test_a_note_is_said_once(browser: Browser) -> None:
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    assert "Added to your cart." not in browser.get("/cart").text


def test_more_than_there_is_is_refused_and_the_page_says_how_many_there_are(
    browser: Browser,
) -> None:
    answer = browser.post("/cart/add", variant_id="rain-black-m", quantity="3")
    assert answer.status_code == 409
    assert "We have only 2 of it" in answer.text
    assert "Rain jacket" in answer.text
    assert browser.cart()["count"] == 0


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "many", "", "100", "٣"])
def test_a_quantity_that_is_none_is_refused_in_words(browser: Browser, quantity: str) -> None:
    answer = browser.post("/cart/add", variant_id="stove-1", quantity=quantity)
    assert answer.status_code == 422
    assert "Enter a whole number between 0 and 99." in answer.text
    assert browser.cart()["count"] == 0


def test_an_unknown_variant_is_refused_in_words(browser: Browser) -> None:
    answer = browser.post("/cart/add", variant_id="<b>", quantity="1")
    assert answer.status_code == 404
    assert "not in the shop any more" in answer.text


def test_a_code_applies_and_comes_off(browser: Browser) -> None:
    browser.post("/cart/add", variant_id="rain-blue-m", quantity="1")
    answer = browser.post("/cart/code", code="jacket10")
    assert "Your code is applied." in answer.text
    assert browser.cart()["discount"]["amount"] == 1190
    browser.post("/cart/code", take_off="1")
    assert browser.cart()["promotion_code"] is None


@pytest.mark.parametrize(
    ("variant", "code", "reason"),
    [
        ("stove-1", "JACKET10", "is for Jackets, and nothing of that is in your cart"),
        ("rain-blue-m", "NOPE", "There is no code NOPE"),
        ("rain-blue-m", "  ", "Type a code first."),
        ("rain-blue-m", "<b>x</b>", "There is no code &lt;B&gt;X&lt;/B&gt;"),
    ],
)
def test_a_code_that_does_not_apply_says_why(
    browser: Browser, variant: str, code: str, reason: str
) -> None:
    browser.post("/cart/add", variant_id=variant, quantity="1")
    answer = browser.post("/cart/code", code=code)
    assert reason in answer.text
    assert browser.cart()["promotion_code"] is None


def test_nobody_sees_or_changes_the_cart_of_another_visitor(
    browser: Browser, other_browser: Browser
) -> None:
    browser.post("/cart/add", variant_id="rain-blue-m", quantity="1")
    assert "Rain jacket" not in other_browser.get("/cart").text
    answer = other_browser.post("/cart/update", variant_id="rain-blue-m", quantity="9")
    assert answer.status_code == 404
    other_browser.post("/cart/remove", variant_id="rain-blue-m")
    assert browser.cart()["count"] == 1


def test_a_form_on_a_foreign_site_changes_nothing(browser: Browser) -> None:
    browser.get("/")
    answer = browser.client.post(
        "/cart/add",
        data={"variant_id": "stove-1", "quantity": "1"},
        headers={**PAGE, "Origin": "https://elsewhere.example"},
    )
    assert answer.status_code == 403
    assert browser.cart()["count"] == 0


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\e", ""])
def test_a_form_never_leads_to_another_site(browser: Browser, back: str) -> None:
    answer = browser.client.post(
        "/cart/add",
        data={"variant_id": "stove-1", "quantity": "1", "back": back},
        headers=PAGE,
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/cart"


def test_the_cart_page_says_how_much_is_missing_to_free_delivery(browser: Browser) -> None:
    browser.post("/cart/add", variant_id="stove-1", quantity="1")
    assert "€25.10 more and delivery is free." in browser.get("/cart").text
    browser.post("/cart/add", variant_id="stove-1", quantity="2")
    assert "Delivery is free." in browser.get("/cart").text
