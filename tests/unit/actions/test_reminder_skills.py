"""Reminders talked about: asked for and explained, each from the committed row."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import SimulatedClock
from core.identity import Identity
from db.fold import CartItem
from db.models import Channel, Person
from nudges.facts import Address
from nudges.store.outcomes import suppress
from tests.integration.nudges.shoppers import leave_cart, person
from tests.unit.actions.conftest import Chat
from tests.unit.actions.reminded import granted, reminders, swept, swept_without_mailbox

BERLIN = ZoneInfo("Europe/Berlin")
PEGS = CartItem("tnt-pegs", "tnt-pegs-0", 1, 1490, "EUR")
MINUTE = timedelta(minutes=1)


def test_the_first_word_after_a_reminder_is_read_as_an_answer_to_it(
    ada: Chat, clock: SimulatedClock
) -> None:
    clock.advance(timedelta(hours=2))
    assert len(swept(ada.shop, clock).taken) == 1
    # Without words, so that nothing is searched for.
    unsure = {"out_of_scope": 0.25, "why_reminded": 0.24, "thank": 0.2}
    answer = ada.say("action_fallback", " ", intent="nlu_fallback", chances=unsure)
    assert answer.responses == ["utter_why_written"]
    clock.advance(MINUTE)
    answer = ada.say("action_fallback", " ", intent="nlu_fallback", chances=unsure)
    assert answer.responses == ["utter_not_understood"]


def test_a_reminder_is_stored_by_the_shoppers_own_clock_and_said_so(ada: Chat) -> None:
    with ada.shop.sessions.begin() as session:
        session.get_one(Person, "ada").time_zone = "America/New_York"
    answer = ada.say("action_remind_me", "remind me on Friday evening at six")
    (stored,) = reminders(ada.shop)
    there = stored.due_at.astimezone(ZoneInfo("America/New_York"))
    assert (there.strftime("%A"), there.hour, there.minute) == ("Friday", 18, 0)
    assert "Friday" in answer.text
    assert "18:00, by e-mail" in answer.text


def test_a_guests_moment_is_by_their_browsers_clock(guest: Chat) -> None:
    text = "remind me on Friday evening at six"
    answer = guest.say("action_remind_me", text, time_zone="America/New_York")
    (stored,) = reminders(guest.shop)
    there = stored.due_at.astimezone(ZoneInfo("America/New_York"))
    assert (there.strftime("%A"), there.hour) == ("Friday", 18)
    assert "18:00. It comes" in answer.text


@pytest.mark.parametrize("told", [None, "UTC", "No/Where", "../etc/passwd", "a\x00"])
def test_without_the_shoppers_clock_the_shops_is_named(guest: Chat, told: str | None) -> None:
    text = "remind me on Friday evening at six"
    answer = guest.say("action_remind_me", text, time_zone=told)
    (stored,) = reminders(guest.shop)
    assert stored.due_at.astimezone(BERLIN).hour == 18
    assert "18:00 (Berlin time)" in answer.text


def test_the_zone_that_the_shop_told_counts_before_the_browsers(ada: Chat) -> None:
    with ada.shop.sessions.begin() as session:
        session.get_one(Person, "ada").time_zone = "Asia/Tokyo"
    ada.say("action_remind_me", "remind me tomorrow at 18:00", time_zone="America/New_York")
    (stored,) = reminders(ada.shop)
    assert stored.due_at.astimezone(ZoneInfo("Asia/Tokyo")).hour == 18


def test_the_sweep_sends_it_then_and_the_stages_keep_quiet_until_then(
    ada: Chat, clock: SimulatedClock
) -> None:
    ada.say("action_remind_me", "remind me in 5 hours")
    clock.advance(timedelta(hours=2))
    assert swept(ada.shop, clock).taken == []
    clock.advance(timedelta(hours=3))
    assert len(swept(ada.shop, clock).taken) == 1
    answer = ada.say("action_why_reminded", "why did you write to me?")
    assert "because you asked me on" in answer.text


def test_a_guest_is_reminded_in_the_chat_and_told_so(guest: Chat) -> None:
    answer = guest.say("action_remind_me", "remind me by email tomorrow at nine")
    assert answer.responses == ["utter_reminder_set_chat", "utter_remind_no_address"]
    assert [row.channel for row in reminders(guest.shop)] == [Channel.CHAT]


@pytest.mark.parametrize("fault", ["no mail server", "a dead address"])
def test_a_channel_that_cannot_reach_them_is_not_promised(
    ada: Chat, clock: SimulatedClock, fault: str
) -> None:
    if fault == "no mail server":
        settings = ada.shop.settings.model_copy(update={"smtp_url": None})
        ada.shop = replace(ada.shop, settings=settings)
    else:
        address = Address(Channel.EMAIL, "ada@example.org")
        with ada.shop.sessions.begin() as session:
            suppress(session, [(address, "SMTP 550")], now=clock.now())
    answer = ada.say("action_remind_me", "remind me tomorrow at nine")
    assert answer.responses == ["utter_reminder_set_chat"]
    answer = ada.say("action_remind_me", "remind me by email at ten tomorrow")
    assert answer.responses == ["utter_reminder_moved_chat", "utter_remind_no_address"]


def test_an_address_that_dies_after_asking_leaves_the_chat(
    ada: Chat, clock: SimulatedClock
) -> None:
    ada.say("action_remind_me", "remind me by email in 2 hours")
    clock.advance(timedelta(hours=2))
    mail, chat = swept_without_mailbox(ada.shop, clock)
    assert (len(mail.taken), len(chat.taken)) == (1, 1)


def test_a_reminder_asked_for_after_stop_comes_all_the_same(
    guest: Chat, clock: SimulatedClock
) -> None:
    guest.say("action_stop_reminders", "stop")
    clock.advance(timedelta(minutes=1))
    guest.say("action_remind_me", "remind me in 2 hours")
    clock.advance(timedelta(hours=2))
    assert len(swept(guest.shop, clock, Channel.CHAT).taken) == 1


def test_stop_after_the_reminder_was_asked_for_is_the_newer_word(
    guest: Chat, clock: SimulatedClock
) -> None:
    guest.say("action_remind_me", "remind me in 2 hours")
    clock.advance(timedelta(minutes=1))
    assert guest.say("action_stop_reminders", "stop").responses == ["utter_reminders_stopped"]
    clock.advance(timedelta(hours=2))
    assert swept(guest.shop, clock, Channel.CHAT).taken == []


def test_another_moment_takes_the_place_of_the_first(guest: Chat) -> None:
    guest.say("action_remind_me", "remind me tomorrow at nine")
    answer = guest.say("action_remind_me", "no, at ten tomorrow")
    assert answer.responses == ["utter_reminder_moved_chat"]
    assert [row.cancelled_at is None for row in reminders(guest.shop)] == [False, True]


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("remind me later", "utter_remind_when"),
        ("remind me last Friday", "utter_remind_past"),
        ("remind me in 3 years", "utter_remind_too_far"),
    ],
)
def test_an_unclear_or_past_moment_is_asked_back(guest: Chat, text: str, response: str) -> None:
    answer = guest.say("action_remind_me", text)
    assert answer.responses == [response]
    assert answer.slots["pending"]["kind"] == "remind_when"
    assert reminders(guest.shop) == []
    assert guest.say("action_remind_me", "Saturday at 11").responses == ["utter_reminder_set_chat"]


def test_the_moment_alone_answers_the_question_however_it_was_understood(guest: Chat) -> None:
    guest.say("action_remind_me", "remind me some time")
    answer = guest.say("action_fallback", "Saturday, half eleven", intent="nlu_fallback")
    assert answer.responses == ["utter_reminder_set_chat"]


def test_an_empty_cart_is_nothing_to_be_reminded_of(chat: Chat) -> None:
    answer = chat.say("action_remind_me", "remind me tomorrow")
    assert answer.responses == ["utter_remind_of_nothing"]
    assert reminders(chat.shop) == []


def test_ones_own_reminder_is_taken_back_and_consents_stay(ada: Chat) -> None:
    ada.say("action_remind_me", "remind me tomorrow")
    assert ada.say("action_cancel_reminder", "cancel it").responses == ["utter_reminder_cancelled"]
    assert granted(ada) == {Channel.EMAIL}
    assert ada.say("action_cancel_reminder", "cancel it").responses == [
        "utter_no_reminder_to_cancel"
    ]


def test_why_is_answered_from_the_record(ada: Chat, clock: SimulatedClock) -> None:
    assert ada.say("action_why_reminded", "why did I get this?").responses == [
        "utter_not_written_to"
    ]
    clock.advance(timedelta(hours=2))
    assert len(swept(ada.shop, clock).taken) == 1
    answer = ada.say("action_why_reminded", "why did I get this?")
    day = clock.now().astimezone(BERLIN).strftime("%B %-d")
    assert f"by e-mail on {day}" in answer.text
    assert "number 1 of at most 3" in answer.text
    assert answer.buttons == ["No more reminders"]


def test_why_about_another_shoppers_message_tells_nothing(ada: Chat, clock: SimulatedClock) -> None:
    clock.advance(timedelta(hours=2))
    swept(ada.shop, clock)
    with ada.shop.sessions.begin() as session:
        person(session, "bob", now=clock.now())
        leave_cart(session, "bob", at=clock.now(), items=[PEGS])
    ada.identity = Identity("v-bob", "bob")
    assert ada.say("action_why_reminded", "why did you write?").responses == [
        "utter_not_written_to"
    ]


def test_why_this_without_a_suggestion_is_about_the_reminder(
    ada: Chat, clock: SimulatedClock
) -> None:
    clock.advance(timedelta(hours=2))
    swept(ada.shop, clock)
    ada.slots.update(shown=None, focus=None)
    assert ada.say("action_why_this", "why this?").responses == ["utter_why_written"]
