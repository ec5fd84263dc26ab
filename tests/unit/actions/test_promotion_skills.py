"""Coupons in chat: applied on the row, refused with the reason."""

from datetime import timedelta

import pytest

from core.clock import SimulatedClock
from core.identity import Identity
from tests.integration.nudges.coupons import coupons, send_coupons
from tests.integration.nudges.shoppers import person
from tests.unit.actions.conftest import Chat, entity


@pytest.fixture
def with_press(chat: Chat) -> Chat:
    """A cart with a French press for €39.90."""
    chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    return chat


def code(value: str) -> dict[str, object]:
    """A coupon code as the NLU gives it."""
    return entity("coupon_code", value)


def test_offers_that_run_are_listed_and_the_others_are_not(with_press: Chat) -> None:
    answer = with_press.say("action_promotions", "any deals?")
    table = answer.messages[0]["custom"]["table"]
    assert [row[1] for row in table["rows"]] == ["BREW20", "BRIGHT5", "TRAIL15"]
    assert [row[3] for row in table["rows"]] == ["works", "works", "€80.10 missing"]
    assert answer.buttons == ["Use BREW20", "Use BRIGHT5", "Something to reach TRAIL15"]


def test_the_button_under_the_offers_leads_to_what_reaches_the_minimum(with_press: Chat) -> None:
    with_press.say("action_promotions", "any deals?")
    answer = with_press.say("action_top_up", "/ask_top_up")
    assert answer.text.startswith("You need €80.10 more for the code TRAIL15.")


def test_a_personal_coupon_is_offered_to_its_person_and_to_nobody_else(
    chat: Chat, clock: SimulatedClock
) -> None:
    for key in ("ada", "bob"):
        with chat.shop.sessions.begin() as session:
            person(session, key, now=clock.now())
    chat.identity = Identity("v-ada", "ada")
    chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    clock.advance(timedelta(hours=2))
    send_coupons(chat.shop.sessions, clock)
    (coupon,) = coupons(chat.shop.sessions)
    chat.identity = Identity("v-bob", "bob")
    chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    assert coupon.code not in str(chat.say("action_promotions", "any deals?").messages)
    answer = chat.say("action_apply_coupon", "use it", code(coupon.code))
    assert answer.responses == ["utter_coupon_unknown"]
    chat.identity = Identity("v-ada", "ada")
    offered = chat.say("action_promotions", "any deals?").messages[0]["custom"]["table"]["rows"]
    assert [row[0] for row in offered if row[1] == coupon.code] == ["10 % (only for you)"]
    answer = chat.say("action_apply_coupon", "use it", code(coupon.code))
    assert answer.responses == ["utter_coupon_applied"]


def test_a_code_that_fits_is_put_on_the_cart(with_press: Chat) -> None:
    answer = with_press.say("action_apply_coupon", "use BRIGHT5", code("BRIGHT5"))
    assert answer.text == ("The code BRIGHT5 is on your cart: €2.00 off. Your total is €42.80.")
    assert answer.messages[0]["custom"]["cart"]["promotion_code"] == "BRIGHT5"


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("NOPE99", "utter_coupon_unknown"),
        ("OLD25", "utter_coupon_ended"),
        ("SOON10", "utter_coupon_not_started"),
        ("TRAIL15", "utter_coupon_minimum"),
    ],
)
def test_a_code_that_does_not_fit_says_why(with_press: Chat, name: str, response: str) -> None:
    answer = with_press.say("action_apply_coupon", f"use {name}", code(name))
    assert answer.responses == [response]


def test_how_much_is_missing_is_told(with_press: Chat) -> None:
    answer = with_press.say("action_why_not_coupon", "why not TRAIL15?", code("TRAIL15"))
    assert answer.text == "The code TRAIL15 needs a cart of €120.00. You are €80.10 short."


def test_why_not_means_the_code_tried_last(with_press: Chat) -> None:
    with_press.say("action_apply_coupon", "use OLD25", code("OLD25"))
    assert with_press.say("action_why_not_coupon", "why not?").responses == ["utter_coupon_ended"]


def test_a_code_for_another_category(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "tnt-pegs"))
    answer = chat.say("action_apply_coupon", "BREW20", code("BREW20"))
    assert answer.text == "The code BREW20 is only for Coffee, and your cart has none of it."


def test_a_code_on_an_empty_cart(chat: Chat) -> None:
    answer = chat.say("action_apply_coupon", "BRIGHT5", code("BRIGHT5"))
    assert answer.responses == ["utter_coupon_empty_cart"]


def test_something_small_fills_the_gap_to_free_delivery(with_press: Chat) -> None:
    answer = with_press.say("action_top_up", "what gets me to free delivery?")
    assert answer.text == "You need €10.10 more for free delivery. These would do it:"
    assert "caf-press" not in answer.cards
    cards = answer.messages[0]["custom"]["cards"]
    assert cards
    assert all(1010 <= card["price"]["amount"] <= 2525 for card in cards)


def test_something_fills_the_gap_to_the_coupon_just_refused(with_press: Chat) -> None:
    with_press.say("action_why_not_coupon", "why not?", code("TRAIL15"))
    answer = with_press.say("action_top_up", "what would get me there?")
    assert answer.text.startswith("You need €80.10 more for the code TRAIL15.")
    assert all(card["price"]["amount"] >= 8010 for card in answer.messages[0]["custom"]["cards"])


def test_free_delivery_already_is_said(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "tnt-two"))
    assert chat.say("action_top_up", "free delivery?").responses == ["utter_delivery_is_free"]
