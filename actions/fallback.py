"""When a message was not understood, and what a plain yes or no means."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from rasa_sdk.events import FollowupAction, SlotSet

from actions.cart import add_product, clear_now
from actions.context import Shop
from actions.objections import (
    BoughtElsewhere,
    DeliveryCost,
    JustLooking,
    SizeDoubt,
    TooExpensive,
)
from actions.questions import say_faq
from actions.references import Referent
from actions.reminders import RemindMe, StopReminders, WhyReminded, moment_answered
from actions.reply import Reply
from actions.search import asked_of_the_thing_in_view, find
from actions.skill import Event, Skill, Turn
from actions.understand import query_of
from db.engine import read_session
from db.reads.nudges import last_written
from services.query import SearchQuery

# After a reminder that came this lately, a bare "stop" means the reminders.
JUST_WRITTEN = timedelta(days=2)
# What a reminder is answered with. Right below one, the likeliest of these counts from this chance
# on where no intent at all was sure enough.
ANSWERS: Mapping[str, type[Skill]] = {
    "bought_elsewhere": BoughtElsewhere,
    "delivery_cost": DeliveryCost,
    "just_looking": JustLooking,
    "remind_me": RemindMe,
    "size_doubt": SizeDoubt,
    "stop_reminders": StopReminders,
    "too_expensive": TooExpensive,
    "why_reminded": WhyReminded,
}
LIKELY_ANSWER = 0.12
# A message that no skill claimed is still answered if it is this near to an entry or a product.
SURE_FAQ = 1.1
SURE_PRODUCT = 0.9


class Fallback(Skill):
    """Tries the message as a search and a shop question, then asks once, then offers help."""

    action = "action_fallback"

    def answer(self, turn: Turn) -> list[Event]:
        """Answer if something is very near; else clarify once, then offer what can be done."""
        is_english = turn.intent != "other_language"
        found = moment_answered(self.shop, turn)
        if found is None and is_english:
            found = self._reminder_answered(turn)
        if found is None and is_english:
            found = self._near(turn)
        if found is not None:
            return [*found, SlotSet("failures", 0)]
        failures = int(turn.slot("failures") or 0) + 1
        if failures == 1:
            turn.say(Reply("utter_not_understood" if is_english else "utter_english_only"))
            return [SlotSet("failures", failures), SlotSet("pending", None)]
        reply = Reply("utter_offer_finder")
        turn.say(reply)
        return [SlotSet("failures", failures), SlotSet("pending", {"kind": "offer_finder"})]

    def _reminder_answered(self, turn: Turn) -> list[Event] | None:
        """The first thing said after a reminder, read as an answer to it; None where it is none."""
        likeliest = next((name for name in turn.likely(LIKELY_ANSWER) if name in ANSWERS), None)
        if likeliest is None:
            return None
        with read_session(self.shop.sessions) as session:
            written = last_written(session, turn.identity)
        if written is None or turn.now - written.at >= JUST_WRITTEN:
            return None
        earlier = turn.spoke_before_at
        if earlier is not None and earlier >= written.at:
            return None
        return ANSWERS[likeliest](self.shop).answer(turn)

    def _near(self, turn: Turn) -> list[Event] | None:
        if turn.is_payload or not turn.text.strip():
            return None
        fact = asked_of_the_thing_in_view(self.shop, turn)
        if fact is not None:
            return fact
        query = query_of(turn)
        if query.has_conditions:
            return find(self.shop, turn, query)
        with read_session(self.shop.sessions) as session:
            ranked = self.shop.faq.ranked(session, turn.text, limit=1)
            result = self.shop.search.search(
                session, SearchQuery(text=query.text), limit=1, now=turn.now
            )
        if ranked and ranked[0].score >= SURE_FAQ:
            say_faq(turn, ranked[0])
            return []
        if query.text and result.hits and result.hits[0].score >= SURE_PRODUCT:
            return find(self.shop, turn, query)
        return None


class Affirm(Skill):
    """A yes to what the assistant asked."""

    action = "action_affirm"

    def answer(self, turn: Turn) -> list[Event]:
        """Do what was asked about; a yes to nothing is met kindly."""
        pending = turn.slot("pending") or {}
        confirmed: dict[str, Callable[[Shop, Turn], list[Event]]] = {
            "clear_cart": clear_now,
            "offer_finder": _start_finder,
            "choose_variant": _ask_again,
        }
        act = confirmed.get(pending.get("kind", ""))
        if act is None:
            turn.say(Reply("utter_yes_to_what"))
            return []
        return act(self.shop, turn)


class Deny(Skill):
    """A no to what the assistant asked."""

    action = "action_deny"

    def answer(self, turn: Turn) -> list[Event]:
        """Leave things as they are."""
        pending = turn.slot("pending") or {}
        kept = pending.get("kind") == "clear_cart"
        turn.say(Reply("utter_cart_kept" if kept else "utter_all_right"))
        return [SlotSet("pending", None)]


class StopTalk(Skill):
    """A bare "stop" outside the product finder: the reminders, where one has just come."""

    action = "action_stop"

    def answer(self, turn: Turn) -> list[Event]:
        """Stop reminders after a reminder; else it is a no to whatever was asked."""
        with read_session(self.shop.sessions) as session:
            written = last_written(session, turn.identity)
        if written is not None and turn.now - written.at < JUST_WRITTEN:
            return StopReminders(self.shop).answer(turn)
        return Deny(self.shop).answer(turn)


def _start_finder(_: Shop, __: Turn) -> list[Event]:
    return [
        SlotSet("pending", None),
        SlotSet("failures", 0),
        FollowupAction("product_finder_form"),
    ]


def _ask_again(shop: Shop, turn: Turn) -> list[Event]:
    return add_product(shop, turn, Referent(turn.slot("pending")["product"]))
