"""Reminders talked about over the real socket, in words that the training data does not have."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.conversations.client import Chatter
from tests.conversations.test_shopping_by_chat import add_first, rows
from tests.stack import Stack

STOCKED = "show me waterproof jackets"


@pytest.fixture
def left(chatter: Chatter) -> Chatter:
    """A guest with a jacket in the cart."""
    chatter.say(STOCKED)
    add_first(chatter)
    return chatter


def due(stack: Stack) -> list[datetime]:
    """When the reminders still to come are due, by the shop's clock."""
    zone = ZoneInfo(stack.settings.time_zone)
    found = rows(stack, "SELECT due_at FROM reminders WHERE cancelled_at IS NULL ORDER BY asked_at")
    return [datetime.fromisoformat(str(at)).replace(tzinfo=UTC).astimezone(zone) for (at,) in found]


@pytest.mark.parametrize(
    "text",
    [
        "remind me on Friday evening at six",
        "give me a shout on Friday around six in the evening",
        "could I have a reminder on Friday evening, six o'clock",
    ],
)
def test_a_reminder_at_ones_own_moment(stack: Stack, left: Chatter, text: str) -> None:
    turn = left.say(text)
    assert "Friday" in turn.text
    assert "18:00" in turn.text
    newest = due(stack)[-1]
    assert (newest.strftime("%A"), newest.hour, newest.minute) == ("Friday", 18, 0)


def test_an_unclear_moment_is_asked_back_and_a_bare_answer_is_enough(
    stack: Stack, left: Chatter
) -> None:
    asked = left.say("please remind me some other time")
    assert "When shall I remind you?" in asked.text
    answered = left.tap(asked.quick_replies[-1])
    assert "Saturday" in answered.text
    assert due(stack)[-1].strftime("%A %H") == "Saturday 09"


def test_the_buttons_below_a_reminder_are_understood(stack: Stack, left: Chatter) -> None:
    """One that names somebody else's reminder, or none at all, does what it says all the same."""
    nobodys = {"title": "Show my cart", "payload": f'/view_cart{{"nudge":"{"0" * 32}"}}'}
    assert left.tap(nobodys).cart is not None
    asked = left.tap({"title": "Remind me later", "payload": "/remind_me"})
    assert "When shall I remind you?" in asked.text
    assert "Saturday" in left.tap(asked.quick_replies[-1]).text
    assert due(stack)[-1].strftime("%A %H") == "Saturday 09"


@pytest.mark.parametrize(
    "text",
    ["knock it off with the messages", "I'm done receiving your messages", "halt all reminders"],
)
def test_stop(stack: Stack, left: Chatter, text: str) -> None:
    left.say("remind me tomorrow at noon")
    waiting = len(due(stack))
    turn = left.say(text)
    assert "no more reminders" in turn.text
    assert len(due(stack)) == waiting - 1


@pytest.mark.parametrize(
    "text",
    [
        "wait, that was a mistake",
        "whoops I did not mean that, keep the reminders coming",
        "can you undo that, I do want reminders",
        "sorry, please turn them back on again",
    ],
)
def test_a_stop_is_undone_in_words(stack: Stack, left: Chatter, text: str) -> None:
    left.say("remind me tomorrow at noon")
    waiting = len(due(stack))
    left.say("stop reminding me")
    turn = left.say(text)
    assert "stop is taken back" in turn.text
    assert "stands again" in turn.text
    assert len(due(stack)) == waiting


def test_a_stop_is_undone_by_its_button(stack: Stack, left: Chatter) -> None:
    left.say("remind me tomorrow at noon")
    waiting = len(due(stack))
    (undo,) = left.say("stop reminding me").quick_replies
    assert undo["title"] == "That was a mistake: remind me again"
    assert "stands again" in left.tap(undo).text
    assert len(due(stack)) == waiting
    assert "Nothing was stopped" in left.tap(undo).text


def test_no_more_mails_leaves_the_reminder_in_the_chat(stack: Stack, left: Chatter) -> None:
    left.say("remind me tomorrow at noon")
    waiting = len(due(stack))
    assert "no more reminders by e-mail" in left.say("please could you not email me").text
    assert len(due(stack)) == waiting


@pytest.mark.parametrize(
    "text", ["why did you write to me?", "for what reason did you send me this mail"]
)
def test_why_says_so_where_nothing_was_written(chatter: Chatter, text: str) -> None:
    assert "have not written to you" in chatter.say(text).text


@pytest.mark.parametrize(
    "text", ["that's too dear for me", "my wallet says no", "the price tag scares me"]
)
def test_too_expensive_shows_cheaper_ones(left: Chatter, text: str) -> None:
    cart = left.say("what's in my cart?").cart
    assert cart is not None
    turn = left.say(text)
    assert all(card["price"]["amount"] < cart["lines"][0]["price"]["amount"] for card in turn.cards)
    assert turn.cards or "Perhaps an offer helps" in turn.text


def test_delivery_costs_lead_to_free_delivery(chatter: Chatter) -> None:
    chatter.say("show me coffee beans")
    add_first(chatter)
    turn = chatter.say("I won't order because of the shipping fee")
    assert "more for free delivery" in turn.text


def test_size_doubts_get_sizes(left: Chatter) -> None:
    assert "in these sizes" in left.say("not certain it will fit").text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("thanks, just having a browse", "take your time"),
        ("I purchased it in a different shop", "Good that you found it"),
    ],
)
def test_quiet_where_it_is_wanted(left: Chatter, text: str, answer: str) -> None:
    assert answer in left.say(text).text
