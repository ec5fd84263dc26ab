"""The cart in chat, message by message, against real databases."""

import json

import pytest
from rasa_sdk.events import SlotSet
from sqlalchemy import select, update

from db.engine import read_session
from db.models import CartLine, Variant
from db.reads.carts import open_cart
from tests.unit.actions.conftest import Chat, entity


def cart_of(chat: Chat) -> dict[str, int]:
    """Variant ids and quantities in the database."""
    with read_session(chat.shop.sessions) as session:
        cart = open_cart(session, chat.identity, now=chat.shop.clock.now())
    return {line.variant_id: line.quantity for line in cart.lines} if cart else {}


@pytest.fixture
def tents_shown(chat: Chat) -> Chat:
    """A chat in which the tents were just shown, in this order."""
    chat.slots["shown"] = [
        {"product": "tnt-two", "variant": "tnt-two-moss"},
        {"product": "tnt-four", "variant": "tnt-four-sand"},
        {"product": "tnt-pegs", "variant": "tnt-pegs-steel"},
    ]
    return chat


def test_the_second_one_puts_exactly_that_into_the_cart(tents_shown: Chat) -> None:
    answer = tents_shown.say("action_add_to_cart", "add the second one", entity("ordinal", 2))
    assert cart_of(tents_shown) == {"tnt-four-sand": 1}
    assert answer.text == (
        "Longshore 4 Tent (sand) is in your cart, for €349.00. Your total is €349.00."
    )
    assert answer.events == [SlotSet("focus", "tnt-four"), SlotSet("pending", None)]


def test_the_cart_in_the_answer_is_the_committed_one(tents_shown: Chat) -> None:
    answer = tents_shown.say("action_add_to_cart", "add the last one", entity("ordinal", -1))
    cart = answer.messages[0]["custom"]["cart"]
    assert [(line["variant_id"], line["quantity"]) for line in cart["lines"]] == [
        ("tnt-pegs-steel", 1)
    ]
    assert cart["total"]["amount"] == 1490 + 490


def test_the_sand_one_is_found_among_what_was_shown(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "add the sand one", entity("colour", "sand"))
    assert cart_of(tents_shown) == {"tnt-four-sand": 1}


def test_blue_means_navy(chat: Chat) -> None:
    chat.slots["shown"] = [
        {"product": "jkt-black", "variant": "jkt-black-black-m"},
        {"product": "jkt-rain", "variant": "jkt-rain-navy-m"},
    ]
    answer = chat.say(
        "action_add_to_cart", "the blue one in L", entity("colour", "blue"), entity("size", "L")
    )
    assert cart_of(chat) == {"jkt-rain-navy-l": 1}, answer.text


def test_an_ordinal_beyond_what_was_shown_changes_nothing(tents_shown: Chat) -> None:
    answer = tents_shown.say("action_add_to_cart", "add the fifth", entity("ordinal", 5))
    assert answer.responses == ["utter_out_of_range"]
    assert cart_of(tents_shown) == {}


def test_several_pieces_are_added_at_once(tents_shown: Chat) -> None:
    tents_shown.say(
        "action_add_to_cart", "two of the first", entity("quantity", 2), entity("ordinal", 1)
    )
    assert cart_of(tents_shown) == {"tnt-two-moss": 2}


@pytest.fixture
def jacket_shown(chat: Chat) -> Chat:
    """A chat in which a card showed the rain jacket in navy, size M."""
    chat.slots["shown"] = [{"product": "jkt-rain", "variant": "jkt-rain-navy-m"}]
    return chat


def test_the_size_on_the_card_is_taken_at_once_and_the_others_are_offered(
    jacket_shown: Chat,
) -> None:
    answer = jacket_shown.say("action_add_to_cart", "add the first one", entity("ordinal", 1))
    assert cart_of(jacket_shown) == {"jkt-rain-navy-m": 1}
    assert answer.text == (
        "Drizzle Rain Jacket (navy, M) is in your cart, for €99.00. Your total is €99.00. "
        "I took size M, as on the card. Another size?"
    )
    assert answer.buttons == ["L"]


def test_another_size_changes_the_line_with_all_its_pieces(jacket_shown: Chat) -> None:
    answer = jacket_shown.say(
        "action_add_to_cart", "two of the first", entity("ordinal", 1), entity("quantity", 2)
    )
    assert cart_of(jacket_shown) == {"jkt-rain-navy-m": 2}
    [reply] = answer.messages[0]["buttons"]
    named = json.loads(reply["payload"].removeprefix("/add_to_cart"))
    jacket_shown.say(
        "action_add_to_cart", "/add_to_cart", *(entity(name, named[name]) for name in named)
    )
    assert cart_of(jacket_shown) == {"jkt-rain-navy-l": 2}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("action_refine_search", "L"),
        ("action_change_quantity", "make it L"),
        ("action_add_to_cart", "L instead"),
    ],
)
def test_another_size_can_be_said(jacket_shown: Chat, action: str, text: str) -> None:
    jacket_shown.say("action_add_to_cart", "add the first one", entity("ordinal", 1))
    answer = jacket_shown.say(action, text, entity("size", "L", text, "L"))
    assert answer.responses == ["utter_size_changed"]
    assert cart_of(jacket_shown) == {"jkt-rain-navy-l": 1}


def test_a_size_that_there_is_not_changes_nothing(jacket_shown: Chat) -> None:
    jacket_shown.say("action_add_to_cart", "add the first one", entity("ordinal", 1))
    answer = jacket_shown.say("action_refine_search", "XXL", entity("size", "XXL"))
    assert answer.responses == ["utter_no_such_size"]
    sold_out = jacket_shown.say("action_refine_search", "S", entity("size", "S"))
    assert sold_out.responses == ["utter_size_sold_out"]
    assert cart_of(jacket_shown) == {"jkt-rain-navy-m": 1}


def test_another_size_of_what_is_no_longer_in_the_cart_adds_nothing(chat: Chat) -> None:
    answer = chat.say(
        "action_add_to_cart",
        "/add_to_cart",
        entity("variant", "jkt-rain-navy-l"),
        entity("instead_of", "jkt-rain-navy-m"),
    )
    assert answer.responses == ["utter_not_in_cart"]
    assert cart_of(chat) == {}


def test_a_size_in_the_message_wins_over_the_card(jacket_shown: Chat) -> None:
    answer = jacket_shown.say(
        "action_add_to_cart", "add the first in L", entity("ordinal", 1), entity("size", "L")
    )
    assert cart_of(jacket_shown) == {"jkt-rain-navy-l": 1}
    assert answer.buttons == []


def test_a_product_named_without_a_card_asks_for_what_is_open(chat: Chat) -> None:
    answer = chat.say(
        "action_add_to_cart",
        "add the Drizzle in navy",
        entity("product", "jkt-rain"),
        entity("colour", "navy"),
    )
    assert answer.responses == ["utter_ask_size"]
    assert answer.buttons == ["M", "L"]
    assert cart_of(chat) == {}


@pytest.fixture
def size_asked(chat: Chat) -> Chat:
    """A chat that waits for the size of two navy rain jackets."""
    chat.say(
        "action_add_to_cart",
        "add two navy Drizzles",
        entity("product", "jkt-rain"),
        entity("colour", "navy"),
        entity("quantity", 2),
    )
    return chat


def test_a_bare_size_answers_the_question(size_asked: Chat) -> None:
    answer = size_asked.say("action_refine_search", "L", entity("size", "L"))
    assert cart_of(size_asked) == {"jkt-rain-navy-l": 2}
    assert answer.buttons == []
    assert size_asked.slots["pending"] is None


def test_the_button_of_a_size_asked_for_offers_no_other(size_asked: Chat) -> None:
    answer = size_asked.say(
        "action_add_to_cart", "/add_to_cart", entity("variant", "jkt-rain-navy-m")
    )
    assert cart_of(size_asked) == {"jkt-rain-navy-m": 2}
    assert answer.buttons == []


def test_a_size_searched_for_is_not_asked_again(chat: Chat) -> None:
    chat.say(
        "action_search_products",
        "navy rain jacket in L",
        entity("category", "jackets"),
        entity("colour", "navy"),
        entity("size", "L"),
    )
    chat.say("action_add_to_cart", "add the first", entity("ordinal", 1))
    assert cart_of(chat) == {"jkt-rain-navy-l": 1}


def test_the_button_of_a_card_adds_that_very_variant(chat: Chat) -> None:
    chat.say("action_add_to_cart", "/add_to_cart", entity("variant", "jkt-rain-black-s"))
    assert cart_of(chat) == {"jkt-rain-black-s": 1}


def test_a_made_up_variant_adds_nothing(chat: Chat) -> None:
    answer = chat.say("action_add_to_cart", "/add_to_cart", entity("variant", "no-such"))
    assert answer.responses == ["utter_add_what"]
    assert cart_of(chat) == {}


def test_what_is_sold_out_is_said_and_alternatives_are_in_stock(chat: Chat) -> None:
    answer = chat.say("action_add_to_cart", "add the parka", entity("product", "jkt-gone"))
    assert answer.responses == ["utter_sold_out_alternatives"]
    assert answer.cards
    assert "jkt-gone" not in answer.cards
    cards = answer.messages[0]["custom"]["cards"]
    assert all(card["stock"] != "out" for card in cards)
    assert cart_of(chat) == {}


def test_more_than_there_is_changes_nothing_and_says_how_many_there_are(chat: Chat) -> None:
    answer = chat.say(
        "action_add_to_cart",
        "add 5",
        entity("product", "caf-mug"),
        entity("quantity", 5),
    )
    assert answer.text.startswith("We have only 2 of Commuter Travel Mug")
    assert cart_of(chat) == {}


def test_this_means_the_product_whose_page_is_open(chat: Chat) -> None:
    chat.slots["focus"] = "caf-press"
    chat.say("action_add_to_cart", "add this to my cart", page="caf-kettle")
    assert cart_of(chat) == {"caf-kettle-steel": 1}


def test_it_means_what_was_last_talked_about(chat: Chat) -> None:
    chat.slots["focus"] = "caf-press"
    chat.say("action_add_to_cart", "add it")
    assert cart_of(chat) == {"caf-press-clear": 1}


def test_make_it_two_changes_the_line_just_added(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "add the first", entity("ordinal", 1))
    answer = tents_shown.say("action_change_quantity", "make it two", entity("quantity", 2))
    assert cart_of(tents_shown) == {"tnt-two-moss": 2}
    assert answer.text == ("Your cart now has 2 of Alder 2 Tent. Your total is €358.00.")


def test_one_more_counts_from_what_is_there(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "the first", entity("ordinal", 1), entity("quantity", 2))
    tents_shown.say("action_change_quantity", "one more please", entity("quantity", 1))
    assert cart_of(tents_shown) == {"tnt-two-moss": 3}


def test_removing_what_is_described_leaves_the_rest(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "first", entity("ordinal", 1))
    tents_shown.say("action_add_to_cart", "second", entity("ordinal", 2))
    tents_shown.slots["focus"] = None
    answer = tents_shown.say("action_remove_from_cart", "the moss one", entity("colour", "moss"))
    assert cart_of(tents_shown) == {"tnt-four-sand": 1}
    assert answer.text == "Alder 2 Tent is no longer in your cart."


def test_removing_something_unclear_asks_which(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "first", entity("ordinal", 1))
    tents_shown.say("action_add_to_cart", "second", entity("ordinal", 2))
    tents_shown.slots["focus"] = None
    answer = tents_shown.say("action_remove_from_cart", "remove one")
    assert answer.responses == ["utter_which_line"]
    assert len(cart_of(tents_shown)) == 2


def test_emptying_the_cart_asks_first_and_a_no_keeps_it(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "first", entity("ordinal", 1))
    answer = tents_shown.say("action_clear_cart", "empty my cart")
    assert answer.responses == ["utter_confirm_clear"]
    assert answer.events == [SlotSet("pending", {"kind": "clear_cart"})]
    kept = tents_shown.say("action_deny", "no")
    assert kept.responses == ["utter_cart_kept"]
    assert cart_of(tents_shown) == {"tnt-two-moss": 1}


def test_emptying_the_cart_after_a_yes(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "first", entity("ordinal", 1))
    tents_shown.say("action_clear_cart", "empty my cart")
    answer = tents_shown.say("action_affirm", "yes")
    assert answer.responses == ["utter_cleared"]
    assert cart_of(tents_shown) == {}


def test_a_yes_to_nothing_changes_nothing(tents_shown: Chat) -> None:
    tents_shown.say("action_add_to_cart", "first", entity("ordinal", 1))
    tents_shown.say("action_affirm", "yes")
    assert cart_of(tents_shown) == {"tnt-two-moss": 1}


def test_the_price_said_is_the_one_of_this_moment(chat: Chat) -> None:
    from db.models import Price

    with chat.shop.sessions.begin() as session:
        session.execute(
            update(Price).where(Price.variant_id == "caf-press-clear").values(amount=3590)
        )
    answer = chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    assert "€35.90" in answer.text


def test_stock_that_went_meanwhile_is_noticed(chat: Chat) -> None:
    with chat.shop.sessions.begin() as session:
        session.execute(update(Variant).where(Variant.product_id == "caf-press").values(stock=0))
    answer = chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    assert answer.responses[0].startswith("utter_sold_out")
    with read_session(chat.shop.sessions) as session:
        assert session.scalar(select(CartLine.id)) is None


def test_an_empty_cart_is_said_to_be_empty(chat: Chat) -> None:
    assert chat.say("action_view_cart", "my cart").responses == ["utter_cart_empty"]


def test_the_cart_tells_how_far_free_delivery_is(chat: Chat) -> None:
    chat.say(
        "action_add_to_cart", "add it", entity("product", "caf-dripper"), entity("colour", "cream")
    )
    answer = chat.say("action_view_cart", "what is in my cart?")
    assert answer.text == (
        "Pieces in your cart: 1. Total: €29.80. With €25.10 more, delivery is free."
    )


def test_a_number_while_a_size_is_asked_is_how_many_to_add(size_asked: Chat) -> None:
    size_asked.say("action_change_quantity", "make it three", entity("quantity", 3))
    size_asked.say("action_refine_search", "M", entity("size", "M"))
    assert cart_of(size_asked) == {"jkt-rain-navy-m": 3}
