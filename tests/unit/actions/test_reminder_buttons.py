"""The buttons below a reminder in the chat: what they do, and that they count."""

import json
from datetime import timedelta
from runpy import run_path

import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.identity import Identity
from db.models import Channel, Nudge, NudgeStep
from nudges.message import Message
from tests.integration.nudges.coupons import TREATMENTS, Always
from tests.integration.nudges.shoppers import Sink, agree, buy, person, policy, sweeper
from tests.stack import ROOT
from tests.unit.actions.conftest import Answer, Chat, entity

HOUR = timedelta(hours=1)
STAGES = [{"name": "first", "after_minutes": 60, "channels": ["chat"], "treatments": TREATMENTS}]


@pytest.fixture
def ada(chat: Chat, clock: SimulatedClock) -> Chat:
    """A person who agreed to chat messages, with a French press in their cart."""
    with chat.shop.sessions.begin() as session:
        person(session, "ada", now=clock.now() - HOUR)
        agree(session, "ada", Channel.CHAT, now=clock.now() - HOUR)
    chat.identity = Identity("v-ada", "ada")
    chat.say("action_add_to_cart", "add it", entity("product", "caf-press"))
    clock.advance(2 * HOUR)
    return chat


def written(chat: Chat, clock: SimulatedClock, treatment: str = "reminder") -> Message:
    """The reminder that the sweep puts into the chat now."""
    sink = Sink(name=Channel.CHAT)
    sweeper(
        chat.shop.sessions,
        clock,
        channels=[sink],
        rules=policy(stages=STAGES, incentives={"daily_budget": 20000, "min_value": 1000}),
        decider=Always(treatment),
    ).run()
    (message,) = sink.taken
    return message


def press(chat: Chat, message: Message, intent: str, action: str) -> Answer:
    """Press the message's button of that intent, as the bot hands the tap over."""
    replies: list[dict[str, str]] = (message.chat or {})["quick_replies"]  # type: ignore[assignment]
    (payload,) = [one["payload"] for one in replies if one["payload"].startswith(f"/{intent}")]
    values = json.loads(payload.removeprefix(f"/{intent}") or "{}")
    return chat.say(action, payload, *(entity(*item) for item in values.items()), intent=intent)


def nudge(chat: Chat) -> Nudge:
    with chat.shop.sessions() as session:
        return session.scalars(select(Nudge)).one()


def clicks(chat: Chat) -> int:
    with chat.shop.sessions() as session:
        return len(session.scalars(select(NudgeStep).where(NudgeStep.what == "clicked")).all())


def test_the_carts_button_counts_once_as_a_click(ada: Chat, clock: SimulatedClock) -> None:
    message = written(ada, clock)
    pressed_at = clock.now()
    for _ in range(2):
        answer = press(ada, message, "view_cart", "action_view_cart")
        assert answer.messages[0]["custom"]["cart"]["count"] == 1
        clock.advance(HOUR)
    assert nudge(ada).clicked_at == pressed_at
    assert clicks(ada) == 1


def test_an_order_after_the_click_is_counted_with_it(ada: Chat, clock: SimulatedClock) -> None:
    press(ada, written(ada, clock), "view_cart", "action_view_cart")
    clock.advance(HOUR)
    with ada.shop.sessions.begin() as session:
        buy(session, "ada", at=clock.now())
    assert nudge(ada).ordered_at == clock.now()


def test_nobody_elses_press_counts(ada: Chat, clock: SimulatedClock) -> None:
    message = written(ada, clock)
    for other in (Identity("v-bob", "bob"), Identity("v-ada"), Identity("v-new")):
        with ada.shop.sessions.begin() as session:
            if other.person_id:
                person(session, other.person_id, now=clock.now())
        ada.identity = other
        press(ada, message, "view_cart", "action_view_cart")
    assert nudge(ada).clicked_at is None


def test_only_a_button_names_a_reminder(ada: Chat, clock: SimulatedClock) -> None:
    message = written(ada, clock)
    ada.say("action_view_cart", "show my cart", entity("nudge", message.nudge_id))
    assert nudge(ada).clicked_at is None


@pytest.mark.parametrize("named", ["", "no-such", 7, ["a"], "a\x00b"])
def test_a_button_that_names_no_reminder_shows_the_cart(
    ada: Chat, clock: SimulatedClock, named: object
) -> None:
    written(ada, clock)
    answer = ada.say("action_view_cart", "/view_cart", entity("nudge", named))
    assert answer.messages[0]["custom"]["cart"]["count"] == 1
    assert nudge(ada).clicked_at is None


@pytest.mark.parametrize("treatment", ["percent_10", "free_delivery"])
def test_a_coupon_comes_with_a_button_that_puts_it_on_the_cart(
    ada: Chat, clock: SimulatedClock, treatment: str
) -> None:
    message = written(ada, clock, treatment)
    assert "the button below puts it on your cart" in message.said
    answer = press(ada, message, "apply_coupon", "action_apply_coupon")
    assert answer.responses == ["utter_coupon_applied"]
    code = answer.messages[0]["custom"]["cart"]["promotion_code"]
    assert code in message.said
    assert nudge(ada).clicked_at == clock.now()


def test_a_coupon_that_expired_says_so_and_the_press_still_counts(
    ada: Chat, clock: SimulatedClock
) -> None:
    message = written(ada, clock, "percent_10")
    clock.advance(timedelta(days=30))
    answer = press(ada, message, "apply_coupon", "action_apply_coupon")
    assert answer.responses == ["utter_coupon_ended"]
    assert nudge(ada).clicked_at == clock.now()


def test_later_asks_when_and_the_answer_is_enough(ada: Chat, clock: SimulatedClock) -> None:
    asked = press(ada, written(ada, clock), "remind_me", "action_remind_me")
    assert asked.responses == ["utter_remind_when"]
    answer = ada.say("action_remind_me", asked.buttons[0])
    assert answer.responses == ["utter_reminder_set"]


def test_why_tells_what_is_on_record(ada: Chat, clock: SimulatedClock) -> None:
    answer = press(ada, written(ada, clock), "why_reminded", "action_why_reminded")
    assert "because you agreed to reminders and left a cart" in answer.text


def test_no_more_ends_them_and_can_be_undone(ada: Chat, clock: SimulatedClock) -> None:
    answer = press(ada, written(ada, clock), "stop_reminders", "action_stop_reminders")
    assert answer.responses == ["utter_reminders_stopped"]
    assert answer.buttons == ["That was a mistake: remind me again"]


@pytest.mark.parametrize("treatment", ["reminder", "percent_10"])
def test_the_bot_takes_what_every_button_says(
    ada: Chat, clock: SimulatedClock, treatment: str
) -> None:
    read_payload = run_path(str(ROOT / "bot/channels/messages.py"))["read_payload"]
    for reply in (written(ada, clock, treatment).chat or {})["quick_replies"]:  # type: ignore[attr-defined]
        assert read_payload(reply["payload"]) is not None, reply
