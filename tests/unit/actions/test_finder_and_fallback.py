"""Being stuck: one clarifying try, then help; and the finder's three questions."""

import asyncio
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.finder import ValidateProductFinder
from tests.unit.actions.conftest import Chat, entity


def filled(chat: Chat, slot: str, text: str, *entities: dict[str, Any]) -> dict[str, Any]:
    """What the finder takes from an answer to its question."""
    message = {"text": text, "intent": {"name": "search_products"}, "entities": list(entities)}
    slots = {"requested_slot": slot, **chat.slots}
    tracker = Tracker(
        chat.identity.conversation_id, slots, message, [], False, None, {}, "action_listen"
    )
    form = ValidateProductFinder(chat.shop)
    events = asyncio.run(form.get_extraction_events(CollectingDispatcher(), tracker, chat.domain))
    return {event["name"]: event["value"] for event in events}


@pytest.mark.parametrize(
    ("text", "entities", "value"),
    [
        ("a tent", (entity("category", "tents"),), "tents"),
        ("anything", (), "any"),
        ("I don't mind", (), "any"),
        ("something to grind coffee beans", (), "coffee"),
    ],
)
def test_the_kind_of_thing_is_a_category(
    chat: Chat, text: str, entities: tuple[dict[str, Any], ...], value: str
) -> None:
    assert filled(chat, "finder_category", text, *entities) == {"finder_category": value}


@pytest.mark.parametrize(
    ("text", "entities", "bounds"),
    [
        ("under 80", (entity("price_max", 8000),), (None, 8000)),
        ("80", (), (None, 8000)),
        ("any price", (), (None, None)),
    ],
)
def test_the_budget_is_bounds_in_cents(
    chat: Chat, text: str, entities: tuple[dict[str, Any], ...], bounds: tuple[Any, Any]
) -> None:
    chat.slots["finder_category"] = "any"
    budget = filled(chat, "finder_budget", text, *entities)["finder_budget"]
    assert (budget["min"], budget["max"]) == bounds


def test_a_message_of_another_skill_fills_nothing(chat: Chat) -> None:
    message = {"text": "what is in my cart", "intent": {"name": "view_cart"}, "entities": []}
    tracker = Tracker(
        chat.identity.conversation_id,
        {"requested_slot": "finder_wish", "finder_category": "any", "finder_budget": {}},
        message,
        [],
        False,
        None,
        {},
        "action_listen",
    )
    form = ValidateProductFinder(chat.shop)
    assert (
        asyncio.run(form.get_extraction_events(CollectingDispatcher(), tracker, chat.domain)) == []
    )


def test_the_answers_add_up_to_a_search_and_are_forgotten(chat: Chat) -> None:
    chat.slots |= {
        "finder_category": "jackets",
        "finder_budget": {"min": None, "max": 15000},
        "finder_wish": {
            "text": "",
            "include": {"colour": ["yellow"]},
            "exclude": {},
            "price_min": None,
            "price_max": None,
            "sort": "relevance",
        },
    }
    answer = chat.say("action_submit_product_finder", "yellow")
    assert answer.cards == ["jkt-city"]
    assert chat.slots["finder_category"] is None
    assert chat.slots["finder_wish"] is None


def test_the_first_failure_asks_the_second_offers_help(chat: Chat) -> None:
    first = chat.say("action_fallback", "blorp", intent="nlu_fallback")
    second = chat.say("action_fallback", "blarp", intent="nlu_fallback")
    assert first.responses == ["utter_not_understood"]
    assert second.responses == ["utter_offer_finder"]
    assert second.slots["pending"] == {"kind": "offer_finder"}


def test_another_language_is_told_honestly_and_then_helped_as_well(chat: Chat) -> None:
    first = chat.say("action_fallback", "quiero una tienda", intent="other_language")
    second = chat.say("action_fallback", "ich suche ein zelt", intent="other_language")
    assert first.responses == ["utter_english_only"]
    assert second.responses == ["utter_offer_finder"]


def test_a_yes_to_the_offer_starts_the_finder(chat: Chat) -> None:
    chat.say("action_fallback", "blorp")
    chat.say("action_fallback", "blarp")
    answer = chat.say("action_affirm", "yes")
    assert FollowupAction("product_finder_form") in answer.events


def test_an_answer_understood_ends_the_row_of_failures(chat: Chat) -> None:
    chat.say("action_fallback", "blorp")
    chat.say("action_view_cart", "my cart")
    assert chat.slots["failures"] == 0
    assert chat.say("action_fallback", "blarp").responses == ["utter_not_understood"]


def test_a_message_near_a_product_is_searched_for_all_the_same(chat: Chat) -> None:
    answer = chat.say("action_fallback", "gooseneck kettle", intent="nlu_fallback")
    assert answer.cards[0] == "caf-kettle"
    assert answer.slots["failures"] == 0
