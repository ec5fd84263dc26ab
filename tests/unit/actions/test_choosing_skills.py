"""Choosing between things that are shown: side by side, or one with its reason."""

import pytest

from tests.unit.actions.conftest import Chat, entity


@pytest.fixture
def shown(chat: Chat) -> Chat:
    """Jackets in view, the rain jacket first."""
    names = ["jkt-rain", "jkt-storm", "jkt-city"]
    chat.slots["shown"] = [{"product": name, "variant": None} for name in names]
    return chat


def table(answer: object) -> dict[str, list[str]]:
    """The rows by their names, the columns' heads under the empty one."""
    drawn = answer.messages[0]["custom"]["table"]  # type: ignore[attr-defined]
    return {row[0]: row[1:] for row in [drawn["columns"], *drawn["rows"]]}


def test_the_first_two_are_put_side_by_side(shown: Chat) -> None:
    rows = table(shown.say("action_compare", "what's the difference between the first two?"))
    assert rows[""] == ["Drizzle Rain Jacket", "Regn Shell Jacket"]
    assert rows["Price"] == ["€99.00", "€249.00"]
    assert rows["Brand"] == ["Kestrelby", "Skaldvik"]
    assert rows["weight"] == ["320 g", "480 g"]
    assert "waterproof" not in rows


def test_those_named_by_their_places_are_compared(shown: Chat) -> None:
    answer = shown.say(
        "action_compare", "the first with the last", entity("ordinal", 1), entity("ordinal", -1)
    )
    rows = table(answer)
    assert rows[""] == ["Drizzle Rain Jacket", "Harbour Mac"]
    assert rows["windproof"] == ["–", "yes"]


def test_nothing_in_view_is_nothing_to_compare(chat: Chat) -> None:
    assert chat.say("action_compare", "compare them").responses == ["utter_compare_what"]


def test_one_of_those_shown_is_picked_and_the_places_stay(shown: Chat) -> None:
    answer = shown.say("action_pick_one", "which would you take?")
    (picked,) = answer.cards
    assert picked in {"jkt-rain", "jkt-storm", "jkt-city"}
    assert answer.text.startswith("I would take ")
    assert "shown" not in answer.slots
    assert answer.slots["focus"] == picked


def test_what_is_sold_out_is_never_picked(chat: Chat) -> None:
    chat.slots["shown"] = [{"product": "jkt-gone", "variant": None}]
    assert chat.say("action_pick_one", "pick one").responses == ["utter_pick_of_what"]
