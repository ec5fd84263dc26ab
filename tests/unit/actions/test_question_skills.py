"""Questions about the shop and its products: from rows, or "I don't know"."""

import pytest

from db.writes.orders import place
from tests.unit.actions.conftest import Chat, entity


def test_a_shop_question_is_answered_with_its_source(chat: Chat) -> None:
    answer = chat.say("action_faq", "how many days do I have to send something back?")
    assert answer.text == (
        "You have 60 days.\n\nFrom our help page, Returns: “How long can I return something?”"
    )
    tables = {receipt["table"] for receipt in answer.messages[0]["custom"]["receipts"]}
    assert tables == {"faq"}


@pytest.mark.parametrize(
    ("question", "entry"),
    [
        ("what does shipping cost", "€4.90"),
        ("can i pay with my card?", "invoice"),
        ("return something after how long", "60 days"),
    ],
)
def test_other_words_find_the_same_entry(chat: Chat, question: str, entry: str) -> None:
    assert entry in chat.say("action_faq", question).text


def test_what_the_shop_does_not_say_is_not_made_up(chat: Chat) -> None:
    assert chat.say("action_faq", "do you repair pianos?").responses == ["utter_faq_unknown"]


def test_is_it_waterproof_is_answered_from_the_facts(chat: Chat) -> None:
    chat.slots["focus"] = "jkt-rain"
    answer = chat.say("action_product_fact", "is it waterproof?", entity("feature", "waterproof"))
    assert answer.text == "Yes: Drizzle Rain Jacket is waterproof."


def test_a_feature_the_catalogue_does_not_mention_is_unknown_not_denied(chat: Chat) -> None:
    chat.slots["focus"] = "jkt-leather"
    answer = chat.say("action_product_fact", "is it waterproof?", entity("feature", "waterproof"))
    assert answer.responses == ["utter_fact_unknown"]


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("how heavy is it?", "Alder 2 Tent, weight: 2.6 kg."),
        ("what is it made of?", "Alder 2 Tent, material: ripstop nylon."),
        ("how much is it, what's the price?", "Alder 2 Tent costs €179.00."),
        ("is it in stock?", "Yes, Alder 2 Tent (moss) is in stock. Pieces left: 9."),
        ("what sizes does it come in?", "Alder 2 Tent comes in one size only."),
        ("what colours are there?", "Alder 2 Tent is in stock in: moss."),
        ("who makes it, which brand?", "Alder 2 Tent, brand: Tarnholt."),
        ("how big is it?", "Alder 2 Tent, capacity: 2."),
    ],
)
def test_questions_about_the_page_that_is_open(chat: Chat, question: str, reply: str) -> None:
    assert chat.say("action_product_fact", question, page="tnt-two").text == reply


def test_a_product_question_about_nothing_asks_which(chat: Chat) -> None:
    assert chat.say("action_product_fact", "is it warm?").responses == ["utter_which_product"]


def test_something_the_description_says_is_quoted(chat: Chat) -> None:
    answer = chat.say("action_product_fact", "does it have a dark bedroom?", page="tnt-four")
    assert "dark bedroom" in answer.text
    assert answer.responses == ["utter_fact_quote"]


def test_a_product_question_taken_for_a_shop_question_is_answered_from_the_product(
    chat: Chat,
) -> None:
    answer = chat.say(
        "action_faq", "is this waterproof?", entity("feature", "waterproof"), page="tnt-two"
    )
    assert answer.text == "Yes: Alder 2 Tent is waterproof."


@pytest.mark.parametrize("action", ["action_faq", "action_product_fact", "action_refine_search"])
def test_another_colour_of_the_thing_in_view_is_answered_from_its_variants(
    chat: Chat, action: str
) -> None:
    chat.slots["focus"] = "jkt-rain"
    answer = chat.say(action, "can I get it in another colour?")
    assert answer.text == "Drizzle Rain Jacket is in stock in: black, navy."


def test_where_is_my_order_names_the_latest_and_does_not_pretend_to_track_it(chat: Chat) -> None:
    chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    with chat.shop.sessions.begin() as session:
        place(session, chat.identity, now=chat.shop.clock.now())
    answer = chat.say("action_faq", "where is my order?")
    assert answer.responses[0] == "utter_latest_order"
    assert "March 2, 2026" in answer.text
    assert "I can't see where its parcel is" in answer.text


@pytest.mark.parametrize(
    "text",
    ["where is my order?", "wheres my parcel", "has my parcel been sent?", "status of my order"],
)
def test_where_is_my_order_without_one_is_said_and_nothing_else(chat: Chat, text: str) -> None:
    assert chat.say("action_faq", text).responses == ["utter_sign_in_for_orders"]


def test_how_to_track_a_parcel_is_a_question_to_the_help_page_too(chat: Chat) -> None:
    answer = chat.say("action_faq", "how do I track my parcel?")
    assert answer.responses[0] == "utter_sign_in_for_orders"
    assert len(answer.responses) == 2
