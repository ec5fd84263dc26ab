"""Searching in chat: what is shown, what is remembered, and what is asked."""

import pytest
from sqlalchemy import select

from db.engine import read_session
from db.models import Event, EventName, Visitor
from services.query import Attribute, SearchQuery
from tests.unit.actions.conftest import Chat, entity

WATERPROOF = (entity("category", "jackets"), entity("feature", "waterproof"))


def test_waterproof_jackets_under_120_but_not_black_gives_only_such(chat: Chat) -> None:
    text = "show me waterproof jackets under 120 but not black"
    answer = chat.say(
        "action_search_products",
        text,
        *WATERPROOF,
        entity("price_max", 12000, text, "under 120"),
        entity("colour", "black", text, "black", role="exclude"),
    )
    assert set(answer.cards) == {"jkt-rain", "jkt-city"}
    cards = answer.messages[0]["custom"]["cards"]
    assert {card["colour"] for card in cards} == {"navy", "yellow"}
    assert all(card["price"]["amount"] <= 12000 for card in cards)


def test_a_search_remembers_what_it_asked_and_what_it_showed(chat: Chat) -> None:
    answer = chat.say("action_search_products", "tents", entity("category", "tents"))
    remembered = SearchQuery.from_dict(answer.slots["search"])
    assert remembered.include == {Attribute.CATEGORY: ("tents",)}
    assert [item["product"] for item in answer.slots["shown"]] == answer.cards
    assert answer.slots["clarified"] is False


def test_by_meaning_something_to_brew_coffee_by_hand_is_the_dripper(chat: Chat) -> None:
    answer = chat.say("action_search_products", "something to brew coffee by hand")
    assert answer.cards[0] == "caf-dripper"


def test_refining_keeps_what_was_asked_before(chat: Chat) -> None:
    chat.say("action_search_products", "jackets", entity("category", "jackets"))
    answer = chat.say("action_refine_search", "in yellow", entity("colour", "yellow"))
    assert answer.cards == ["jkt-city"]


def test_another_colour_takes_the_place_of_the_first(chat: Chat) -> None:
    chat.say(
        "action_search_products",
        "red jackets",
        entity("category", "jackets"),
        entity("colour", "red"),
    )
    answer = chat.say("action_refine_search", "in yellow instead", entity("colour", "yellow"))
    assert answer.cards == ["jkt-city"]


def test_or_adds_an_alternative(chat: Chat) -> None:
    chat.say(
        "action_search_products",
        "red jackets",
        entity("category", "jackets"),
        entity("colour", "red"),
    )
    answer = chat.say("action_refine_search", "or yellow", entity("colour", "yellow"))
    assert set(answer.cards) == {"jkt-storm", "jkt-city"}


def test_not_leather_takes_leather_out(chat: Chat) -> None:
    chat.say("action_search_products", "jackets", entity("category", "jackets"))
    answer = chat.say(
        "action_refine_search", "not leather", entity("material", "leather", role="exclude")
    )
    assert "jkt-leather" not in answer.cards
    assert answer.cards


def test_cheaper_means_below_everything_shown(chat: Chat) -> None:
    before = chat.say("action_search_products", "tents", entity("category", "tents"))
    assert "tnt-two" in before.cards
    chat.slots["shown"] = [{"product": "tnt-two", "variant": "tnt-two-moss"}]
    answer = chat.say("action_refine_search", "cheaper", entity("sort", "price_asc"))
    assert answer.cards == ["tnt-pegs"]


def test_nothing_fitting_is_said_with_what_comes_closest(chat: Chat) -> None:
    answer = chat.say(
        "action_search_products",
        "green leather jackets",
        entity("category", "jackets"),
        entity("material", "leather"),
        entity("colour", "white"),
    )
    assert answer.responses == ["utter_found_relaxed"]
    assert "without the" in answer.text
    assert answer.cards


def test_nonsense_finds_nothing_and_says_so(chat: Chat) -> None:
    answer = chat.say("action_search_products", "qqqq zzzz xxxx")
    assert answer.responses == ["utter_nothing_found"]


def test_a_spelling_mistake_is_read_right_and_said(chat: Chat) -> None:
    answer = chat.say("action_search_products", "griner for coffee beans")
    assert 'I read "griner" as "grinder".' in answer.text
    assert "caf-grinder" in answer.cards[:2]


@pytest.fixture
def crowded(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """A chat in which more than three results are too many."""
    monkeypatch.setattr("actions.search.CLARIFY_ABOVE", 3)
    return chat


def test_too_much_asks_one_question_with_answers_to_tap(crowded: Chat) -> None:
    answer = crowded.say("action_search_products", "jackets", entity("category", "jackets"))
    assert answer.responses == ["utter_found_question"]
    assert len(answer.buttons) >= 2
    assert answer.slots["clarified"] is True
    assert answer.cards


def test_there_are_never_two_questions_in_a_row(crowded: Chat) -> None:
    crowded.say("action_search_products", "jackets", entity("category", "jackets"))
    answer = crowded.say("action_refine_search", "waterproof", entity("feature", "waterproof"))
    assert answer.responses != ["utter_found_question"]
    assert answer.slots["clarified"] is False


def test_show_more_goes_on_where_the_last_answer_stopped(chat: Chat) -> None:
    first = chat.say("action_search_products", "jackets", entity("category", "jackets"))
    more = chat.say("action_show_more", "show more")
    assert first.cards
    assert more.cards
    assert not set(first.cards) & set(more.cards)
    assert chat.say("action_show_more", "more").responses == ["utter_no_more"]


def test_the_cheapest_comes_first_when_asked(chat: Chat) -> None:
    answer = chat.say(
        "action_search_products",
        "cheapest coffee things",
        entity("category", "coffee"),
        entity("sort", "price_asc", "cheapest coffee things", "cheapest"),
    )
    prices = [card["price"]["amount"] for card in answer.messages[0]["custom"]["cards"]]
    assert prices == sorted(prices)
    assert answer.cards[0] == "caf-filters"


def test_what_is_sold_out_comes_last(chat: Chat) -> None:
    chat.say("action_search_products", "jackets", entity("category", "jackets"))
    more = chat.say("action_show_more", "more")
    assert more.cards[-1] == "jkt-gone"


def test_starting_over_forgets_the_search(chat: Chat) -> None:
    chat.say("action_search_products", "tents", entity("category", "tents"))
    chat.say("action_refine_search", "start over")
    assert chat.slots["search"] is None
    assert chat.slots["shown"] is None


def test_asking_for_nothing_in_particular_is_asked_back_once(chat: Chat) -> None:
    assert chat.say("action_search_products", "show me something").responses == [
        "utter_search_what"
    ]
    assert chat.say("action_search_products", "anything").cards


@pytest.mark.parametrize(
    "text", ["", "😀" * 300, "<script>alert(1)</script>", "'; DROP TABLE products; --", "{x} {0}"]
)
def test_hostile_text_is_only_text(chat: Chat, text: str) -> None:
    chat.say("action_search_products", text)
    assert chat.say("action_search_products", "tents", entity("category", "tents")).cards


def test_an_explicit_no_is_never_dropped_to_find_something(chat: Chat) -> None:
    chat.say(
        "action_search_products",
        "brown leather jackets",
        entity("category", "jackets"),
        entity("material", "leather"),
        entity("colour", "brown"),
    )
    answer = chat.say(
        "action_refine_search", "not leather", entity("material", "leather", role="exclude")
    )
    assert "jkt-leather" not in answer.cards


@pytest.mark.parametrize(
    "action",
    ["action_search_products", "action_refine_search", "action_suggest", "action_fallback"],
)
def test_is_it_waterproof_is_about_the_thing_in_view(chat: Chat, action: str) -> None:
    chat.say("action_search_products", "tents", entity("category", "tents"))
    answer = chat.say(action, "is it waterproof?", entity("feature", "waterproof"), page="tnt-two")
    assert answer.text == "Yes: Alder 2 Tent is waterproof."


def searches(chat: Chat) -> list[tuple[str | None, str]]:
    """The searches stored so far, with where they came from."""
    chat.shop.background.submit(int).result()
    with read_session(chat.shop.sessions) as session:
        found = select(Event.search_term, Event.source).where(Event.name == EventName.SEARCH)
        return [(term, source) for term, source in session.execute(found.order_by(Event.id))]


def test_what_is_looked_for_is_stored_as_a_search_from_the_chat(chat: Chat) -> None:
    text = "hello, please show me a yellow mac under 120"
    chat.say(
        "action_search_products",
        text,
        entity("colour", "yellow", text, "yellow"),
        entity("price_max", 12000, text, "under 120"),
    )
    [(term, source)] = searches(chat)
    assert (term, source) == ("yellow mac", "chat")


def test_showing_more_is_no_new_search(chat: Chat) -> None:
    chat.say("action_search_products", "coffee", entity("category", "coffee", "coffee", "coffee"))
    chat.say("action_show_more", "more")
    assert [term for term, _ in searches(chat)] == ["coffee"]


def test_a_search_is_answered_while_another_write_holds_the_database(chat: Chat) -> None:
    with chat.shop.sessions.begin() as session:
        session.get_one(Visitor, chat.identity.visitor_id, with_for_update=True).is_robot = False
        session.flush()
        assert chat.say("action_search_products", "tents", entity("category", "tents")).cards
    assert searches(chat) == [("tents", "chat")]
