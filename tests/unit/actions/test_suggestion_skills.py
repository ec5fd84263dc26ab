"""Suggestions in chat: with reasons, stored, and obeying "not interested"."""

import pytest
from sqlalchemy import select

from core.identity import Identity
from db.engine import read_session
from db.models import Feedback, Suggestion
from tests.unit.actions.conftest import Answer, Chat, entity


def test_suggestions_are_cards_with_a_reason_and_are_written_down(chat: Chat) -> None:
    answer = chat.say("action_suggest", "anything for me?")
    cards = answer.messages[0]["custom"]["cards"]
    assert cards
    assert all(card["reason"]["text"] for card in cards)
    with read_session(chat.shop.sessions) as session:
        stored = set(session.scalars(select(Suggestion.id)))
    assert {card["suggestion_id"] for card in cards} == stored


def test_what_goes_with_it_is_never_the_thing_itself_nor_in_the_cart(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "caf-filters"))
    answer = chat.say("action_goes_with", "what goes with this?", page="caf-dripper")
    assert answer.responses == ["utter_goes_with"]
    assert not {"caf-dripper", "caf-filters"} & set(answer.cards)
    assert answer.slots["focus"] == "caf-dripper"


def test_without_a_product_the_newest_in_the_cart_counts(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    chat.slots["focus"] = None
    answer = chat.say("action_goes_with", "what goes with what I have?")
    assert "French Press" in answer.text


def test_why_this_tells_the_stored_reason(chat: Chat) -> None:
    shown = chat.say("action_suggest", "anything for me?")
    card = shown.messages[0]["custom"]["cards"][1]
    answer = chat.say("action_why_this", "/why_this", entity("product", card["product_id"]))
    assert card["reason"]["text"] in answer.text


def test_why_this_tells_what_the_named_product_displaced(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "tnt-four"))
    first = chat.say("action_suggest", "anything for me?").cards[0]
    answer = chat.say("action_why_this", "/why_this", entity("product", first))
    assert answer.responses == ["utter_why_this_more"]
    assert "Without Longshore 4 Tent, you would have seen" in answer.text


def test_why_this_of_what_goes_with_a_product_does_not_do_without_that_product(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "tnt-four"))
    first = chat.say("action_goes_with", "what goes with this?", page="tnt-four").cards[0]
    answer = chat.say("action_why_this", "/why_this", entity("product", first))
    assert answer.responses == ["utter_why_this"]


def test_why_this_of_a_search_result_is_honest(chat: Chat) -> None:
    answer = chat.say("action_why_this", "why?", entity("product", "tnt-two"))
    assert answer.responses == ["utter_not_suggested"]


def test_not_interested_is_stored_and_used(chat: Chat) -> None:
    shown = chat.say("action_suggest", "anything for me?")
    refused = shown.cards[0]
    chat.say("action_not_interested", "/not_interested", entity("product", refused))
    with read_session(chat.shop.sessions) as session:
        assert session.scalar(select(Feedback.product_id)) == refused
    assert refused not in chat.say("action_suggest", "anything else?").cards


def test_a_kind_of_thing_to_suggest_is_searched_for(chat: Chat) -> None:
    answer = chat.say("action_suggest", "suggest me a tent", entity("category", "tents"))
    assert set(answer.cards) == {"tnt-two", "tnt-four", "tnt-pegs"}


def test_why_this_after_what_goes_with_it_is_about_the_suggestion(chat: Chat) -> None:
    shown = chat.say("action_goes_with", "what goes with this?", page="caf-dripper")
    reason = shown.messages[0]["custom"]["cards"][0]["reason"]["text"]
    assert reason in chat.say("action_why_this", "why this?").text


def test_not_interested_in_one_of_many_asks_which(chat: Chat) -> None:
    chat.say("action_suggest", "anything for me?")
    answer = chat.say("action_not_interested", "I'm not interested")
    assert answer.responses == ["utter_which_product"]


@pytest.mark.parametrize("action", ["action_suggest", "action_goes_with"])
@pytest.mark.parametrize("page", [None, "caf-dripper"])
def test_a_shop_without_a_model_suggests_to_a_shopper_it_has_not_met(
    chat: Chat, action: str, page: str | None
) -> None:
    chat.identity = Identity("signed-by-the-shops-own-server")
    answer = chat.say(action, "what goes with it?", page=page)
    assert answer.cards
    assert all(card["reason"]["text"] for card in answer.messages[0]["custom"]["cards"])


def top_up(chat: Chat, cart: str) -> Answer:
    chat.say("action_add_to_cart", "add it", entity("product", cart))
    return chat.say("action_top_up", "what gets me to free delivery?")


def test_what_lifts_the_cart_to_free_delivery_costs_enough_and_has_reasons(chat: Chat) -> None:
    answer = top_up(chat, "caf-press")
    assert answer.responses == ["utter_top_up"]
    cards = answer.messages[0]["custom"]["cards"]
    assert cards
    for card in cards:
        assert 1010 <= card["price"]["amount"] <= 2525
        assert card["product_id"] != "caf-press"
        assert card["reason"]["text"]


def test_what_was_refused_is_not_offered_to_top_up(chat: Chat) -> None:
    offered = top_up(chat, "caf-press").cards
    chat.say("action_not_interested", "/not_interested", entity("product", offered[0]))
    assert offered[0] not in chat.say("action_top_up", "how do I get free delivery?").cards
