"""Telling a shopper why they were written to, from the stored record."""

from actions.context import Shop
from actions.reply import Claim, Reply
from actions.skill import Turn
from core.dates import day_text
from db.models import Channel
from db.reads.nudges import WrittenTo


def say_why_written(shop: Shop, turn: Turn, written: WrittenTo) -> None:
    """Why a message came, which one it was, and how to have fewer."""
    row, policy = written.nudge_id, shop.nudge_policy
    values = {
        "channel": Claim(channel_word(turn, written.channel), "nudges", row, "channel"),
        "day": Claim(day_text(written.at, shop.settings), "nudges", row, "sent_at"),
    }
    if written.asked_at is not None:
        asked = Claim(day_text(written.asked_at, shop.settings), "reminders", row, "asked_at")
        reply = Reply("utter_why_written_asked", asked=asked, **values)
    else:
        reply = Reply(
            "utter_why_written",
            left=Claim(day_text(written.left_at, shop.settings), "nudges", row, "episode"),
            number=Claim(str(written.number), "nudges", written.cart_id, "state: count"),
            most=Claim(
                str(policy.caps.per_cart),
                "nudge_policy",
                policy.version,
                "caps.per_cart",
            ),
            **values,
        )
    reply.button(turn.word("word_stop_reminders"), "/stop_reminders")
    turn.say(reply)


def channel_word(turn: Turn, channel: Channel) -> str:
    """A channel in a shopper's words: "by e-mail", "in this chat"."""
    return turn.word(f"word_channel_{channel.value}")
