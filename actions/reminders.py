"""Reminders of left carts, talked about: no more, again, one at a moment of one's own, and why."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from rasa_sdk.events import SlotSet
from sqlalchemy.orm import Session

from actions.context import Shop
from actions.reply import Claim, Reply, join
from actions.skill import CHAT, Event, Skill, Turn
from actions.suggest import WhyThis
from actions.written import channel_word, say_why_written
from db.engine import read_session
from db.models import Channel
from db.reads.carts import open_cart
from db.reads.consents import consents_in_force
from db.reads.nudges import Reach, ToCome, last_written, reach_of, reminder_to_come
from db.writes.asked import ask_reminder, stop_reminders, undo_stop
from db.writes.wishes import cancel_reminders
from nudges.channels import offered_channels
from nudges.quiet_hours import zone_of
from services.moments import Unclear, moment_of

# What a channel is called by shoppers. Chat comes last: "here" is often only the shop.
NAMED = (
    (Channel.EMAIL, re.compile(r"\b(?:e-?mails?|mails?|mailing|inbox)\b", re.IGNORECASE)),
    (Channel.TELEGRAM, re.compile(r"\btelegram\b", re.IGNORECASE)),
    (Channel.WEB_PUSH, re.compile(r"\b(?:push|notifications?|pop-?ups?)\b", re.IGNORECASE)),
    (Channel.CHAT, re.compile(r"\b(?:in|on|via|by|here in) (?:the |this )?chat\b", re.IGNORECASE)),
)
WHEN = "remind_when"
# A slip is noticed soon; whoever wants reminders later agrees to them in the account.
UNDO_WITHIN = timedelta(days=1)
SURE_UNDO = 0.6
UNCLEAR = {
    Unclear.MISSING: "utter_remind_when",
    Unclear.PAST: "utter_remind_past",
    Unclear.TOO_FAR: "utter_remind_too_far",
}


class StopReminders(Skill):
    """Ends reminders, on the channel named or on all."""

    action = "action_stop_reminders"

    def answer(self, turn: Turn) -> list[Event]:
        """Withdraw, then say what the committed rows say."""
        channel = channel_named(turn.text)
        with self.shop.sessions.begin() as session:
            stopped = stop_reminders(
                session, turn.identity, channel=channel, source=CHAT, now=turn.now
            )
        with read_session(self.shop.sessions) as session:
            person_id = turn.identity.person_id
            agreed = consents_in_force(session, person_id) if person_id else {}
            to_come = reminder_to_come(session, turn.identity)
        left = [one for one, line in agreed.items() if line.granted]
        if channel is not None and (left or to_come):
            reply = Reply("utter_reminders_stopped_there", channel=channel_word(turn, channel))
        elif stopped.withdrawn or stopped.reminders:
            reply = Reply("utter_reminders_stopped")
        else:
            reply = Reply("utter_reminders_were_off")
        if not stopped.anything:
            turn.say(reply)
            return [SlotSet("pending", None)]
        turn.say(reply.button(turn.word("word_undo_stop"), "/undo_stop"))
        return [SlotSet("pending", None), SlotSet("stopped_at", turn.now.isoformat())]


class UndoStop(Skill):
    """Takes back the "stop" that the shopper said last in this talk."""

    action = "action_undo_stop"

    def answer(self, turn: Turn) -> list[Event]:
        """Give back what it took, then say what the committed rows say."""
        told = turn.slot("stopped_at")
        stopped_at = datetime.fromisoformat(told) if told else None
        if stopped_at is None or turn.now - stopped_at > UNDO_WITHIN:
            turn.say(Reply("utter_no_stop_to_undo"))
            return []
        if not turn.is_payload and turn.intent not in turn.likely(SURE_UNDO):
            # Consent comes back by clear words alone.
            reply = Reply("utter_undo_stop_sure")
            turn.say(reply.button(turn.word("word_undo_stop_yes"), "/undo_stop"))
            return []
        with self.shop.sessions.begin() as session:
            undone = undo_stop(
                session, turn.identity, stopped_at=stopped_at, source=CHAT, now=turn.now
            )
        with read_session(self.shop.sessions) as session:
            stored = reminder_to_come(session, turn.identity)
            clock = _clock(self.shop, turn, _reach(self.shop, turn, session))
        if undone.granted:
            again = (
                Claim(channel_word(turn, one), "consents", str(turn.identity.person_id), "channel")
                for one in undone.granted
            )
            turn.say(Reply("utter_reminders_again", channels=join(again, ", ")))
        elif undone.heard:
            turn.say(Reply("utter_stop_taken_back"))
        if undone.reminders and stored is not None:
            turn.say(Reply("utter_reminder_stands", when=_when(self.shop, turn, stored, clock)))
        elif undone.over:
            turn.say(Reply("utter_reminder_over"))
        if not undone.anything:
            turn.say(Reply("utter_no_stop_to_undo"))
        return [SlotSet("pending", None), SlotSet("stopped_at", None)]


class RemindMe(Skill):
    """Stores a reminder at the shopper's own moment, by their own clock."""

    action = "action_remind_me"

    def answer(self, turn: Turn) -> list[Event]:
        """Store it and say when it will come, or ask what is unclear."""
        with read_session(self.shop.sessions) as session:
            cart = open_cart(session, turn.identity, now=turn.now)
            reach = _reach(self.shop, turn, session)
            person_id = turn.identity.person_id
            agreed = consents_in_force(session, person_id) if person_id else {}
        if cart is None or not cart.lines:
            turn.say(Reply("utter_remind_of_nothing"))
            return [SlotSet("pending", None)]
        clock = _clock(self.shop, turn, reach)
        due = moment_of(turn.text, now=turn.now, zone=clock.zone)
        wanted = channel_named(turn.text) or _channel_asked(turn)
        if isinstance(due, Unclear):
            return _ask_when(turn, due, wanted)
        mails = Channel.EMAIL in agreed and agreed[Channel.EMAIL].granted
        channel = _channel(reach, wanted, mails=mails)
        with self.shop.sessions.begin() as session:
            asked = ask_reminder(
                session, turn.identity, due_at=due, channel=channel, source=CHAT, now=turn.now
            )
        with read_session(self.shop.sessions) as session:
            stored = reminder_to_come(session, turn.identity)
        if stored is None or stored.reminder_id != asked.reminder_id:
            # Said in two tabs at once: the other one's word is the newer.
            turn.say(Reply("utter_problem"))
            return []
        response = "utter_reminder_moved" if asked.replaced else "utter_reminder_set"
        if stored.channel is Channel.CHAT:
            response = f"{response}_chat"
        values = {"when": _when(self.shop, turn, stored, clock)}
        if stored.channel is not Channel.CHAT:
            values["channel"] = Claim(
                channel_word(turn, stored.channel), "reminders", stored.reminder_id, "channel"
            )
        turn.say(Reply(response, **values))
        if wanted is not None and stored.channel is not wanted:
            turn.say(Reply("utter_remind_no_address", channel=channel_word(turn, wanted)))
        return [SlotSet("pending", None)]


class CancelReminder(Skill):
    """Takes back the shopper's own reminder; those of left carts stay as they were."""

    action = "action_cancel_reminder"

    def answer(self, turn: Turn) -> list[Event]:
        """Cancel what is still to come."""
        with self.shop.sessions.begin() as session:
            cancelled = cancel_reminders(session, turn.identity, now=turn.now)
        turn.say(Reply("utter_reminder_cancelled" if cancelled else "utter_no_reminder_to_cancel"))
        return [SlotSet("pending", None)]


class WhyReminded(Skill):
    """Why the shopper was written to, from the stored record."""

    action = "action_why_reminded"

    def answer(self, turn: Turn) -> list[Event]:
        """Tell what is on record about the newest message."""
        with read_session(self.shop.sessions) as session:
            written = last_written(session, turn.identity)
        if written is not None:
            say_why_written(self.shop, turn, written)
            return []
        if turn.slot("shown"):
            return WhyThis(self.shop).answer(turn)
        turn.say(Reply("utter_not_written_to"))
        return []


def moment_answered(shop: Shop, turn: Turn) -> list[Event] | None:
    """Take a moment as the answer to "when?", however it was understood; None where it is none."""
    pending = turn.slot("pending") or {}
    if pending.get("kind") != WHEN:
        return None
    zone = ZoneInfo(shop.settings.time_zone)
    if moment_of(turn.text, now=turn.now, zone=zone) is Unclear.MISSING:
        return None
    return RemindMe(shop).answer(turn)


def channel_named(text: str) -> Channel | None:
    """The channel that a message names."""
    return next((channel for channel, words in NAMED if words.search(text)), None)


def moment_text(at: datetime, zone: ZoneInfo, locale: str) -> str:
    """A moment with its weekday, by the shopper's clock."""
    return format_datetime(
        at.astimezone(zone), "EEEE, d MMMM, HH:mm", locale=locale.replace("-", "_")
    )


def _reach(shop: Shop, turn: Turn, session: Session) -> Reach:
    return reach_of(session, turn.identity, offered=offered_channels(shop.settings))


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock that a moment is read by and said in; `own` where it is known as the shopper's."""

    zone: ZoneInfo
    own: bool


def _clock(shop: Shop, turn: Turn, reach: Reach) -> Clock:
    """The shopper's, as the shop told it, else as their browser does; else the shop's."""
    own = reach.time_zone or turn.time_zone
    return Clock(zone_of(own, shop.settings.time_zone), own is not None)


def _when(shop: Shop, turn: Turn, stored: ToCome, clock: Clock) -> Claim:
    """The moment; by a clock that may not be the shopper's with the name of its place."""
    text = moment_text(stored.due_at, clock.zone, shop.settings.locale)
    if not clock.own:
        local = stored.due_at.astimezone(clock.zone)
        city = format_datetime(local, "VVV", locale=shop.settings.locale.replace("-", "_"))
        text = turn.word("word_by_the_clock_of", when=text, city=city)
    return Claim(text, "reminders", stored.reminder_id, "due_at")


def _channel_asked(turn: Turn) -> Channel | None:
    """The channel named before the moment had to be asked for."""
    pending = turn.slot("pending") or {}
    name = pending.get("channel") if pending.get("kind") == WHEN else None
    return Channel(name) if name else None


def _channel(reach: Reach, wanted: Channel | None, *, mails: bool) -> Channel:
    """Where to remind: where they want it, else by mail if they agreed to mails, else in chat."""
    if wanted in reach.channels and wanted is not None:
        return wanted
    return (
        Channel.EMAIL
        if wanted is None and mails and Channel.EMAIL in reach.channels
        else (Channel.CHAT)
    )


def _ask_when(turn: Turn, why: Unclear, channel: Channel | None) -> list[Event]:
    reply = Reply(UNCLEAR[why])
    for name in ("word_remind_tomorrow", "word_remind_weekend"):
        text = turn.word(name)
        reply.button(text, text)
    turn.say(reply)
    return [SlotSet("pending", {"kind": WHEN, "channel": channel.value if channel else None})]
