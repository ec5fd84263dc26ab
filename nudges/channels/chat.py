"""Chat: an outbox in the database, emptied into the widget when the shopper is there.

Handing over means writing to the outbox, so nothing is ever lost or doubled: the row's key is the
nudge. `offer` then tries to push it into a chat that is open now; who is not there gets it at the
next session's start. Delivered is only what the widget acknowledged.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.identity import Identity
from core.settings import Settings
from db.engine import SessionFactory
from db.insert import insert_or_ignore
from db.models import Channel as ChannelName
from db.models import ChatOutbox, Nudge
from db.owners import owned_by
from db.reads.carts import lines_of_cart
from nudges.channels.protocol import Outcome, OutcomeKind
from nudges.message import Message
from nudges.store.outcomes import note_clicked, note_delivered, note_first
from nudges.store.release import still_wanted
from services.cards import line_card

KEPT = timedelta(days=7)
_ABOUT = "about"


class Bot(Protocol):
    """Whoever can tell an open chat that something waits in its outbox."""

    def announce(self, conversation_ids: Sequence[str]) -> None:
        """Tell these conversations, where they are open; never raises."""
        ...


class ChatChannel:
    """Writes to the outbox and tells the bot."""

    name = ChannelName.CHAT
    at_once = 200
    confirms = True

    def __init__(self, sessions: SessionFactory, bot: Bot | None = None) -> None:
        self._sessions = sessions
        self._bot = bot

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        """Put the messages into the outbox, all in one transaction.

        Where the database fails they may be tried again even if they were kept: the nudge is the
        row's key, so once more changes nothing.
        """
        try:
            self._keep(messages, now)
        except SQLAlchemyError as error:
            failed = Outcome(OutcomeKind.TEMPORARY, f"the outbox: {type(error).__name__}")
            return [failed] * len(messages)
        if self._bot is not None:
            self._bot.announce([message.address.address for message in messages])
        return [Outcome(OutcomeKind.ACCEPTED, message_id=message.nudge_id) for message in messages]

    def close(self) -> None:
        """Nothing is held open."""

    def _keep(self, messages: Sequence[Message], now: datetime) -> None:
        nudges = {message.nudge_id: message for message in messages}
        with self._sessions.begin() as session:
            owners = session.execute(
                select(Nudge.id, Nudge.visitor_id, Nudge.person_id).where(Nudge.id.in_(nudges))
            )
            rows = [
                {
                    "nudge_id": owner.id,
                    "visitor_id": owner.visitor_id,
                    "person_id": owner.person_id,
                    "message": dict(nudges[owner.id].chat or {}),
                    "created_at": now,
                    "expires_at": _kept_until(nudges[owner.id], now),
                }
                for owner in owners
            ]
            if rows:
                session.execute(insert_or_ignore(session, ChatOutbox), rows)


def _kept_until(message: Message, now: datetime) -> datetime:
    return min(now + KEPT, message.expires_at or now + KEPT)


def messages_for(
    session: Session, identity: Identity, *, settings: Settings, now: datetime
) -> list[ChatOutbox]:
    """The reminders of this shopper's chat, oldest first; those not delivered noted as offered.

    What was delivered stays until it expires, as the rest of the talk does. What was not shows
    today's prices and stock, and is left out where it is not wanted any more: bought meanwhile,
    silenced, consent withdrawn, sold out.
    """
    rows = session.execute(
        select(ChatOutbox, Nudge.cart_id)
        .join(Nudge, Nudge.id == ChatOutbox.nudge_id)
        .where(
            owned_by(identity, ChatOutbox.visitor_id, ChatOutbox.person_id),
            ChatOutbox.expires_at > now,
            or_(ChatOutbox.delivered_at.is_not(None), and_(*still_wanted(now=now))),
        )
        .order_by(ChatOutbox.created_at, ChatOutbox.nudge_id)
    ).all()
    offered = []
    for kept, cart_id in rows:
        if kept.delivered_at is None:
            cards = _cards_of_today(session, kept, cart_id, settings)
            if not cards:
                continue
            kept.message = kept.message | {"cards": cards, _ABOUT: sorted(_about(kept))}
            kept.pushed_at = now
        offered.append(kept)
    return offered


def _cards_of_today(
    session: Session, kept: ChatOutbox, cart_id: str, settings: Settings
) -> list[dict[str, Any]]:
    """The cards of what the message was about and can still be bought, as it is sold today."""
    about = _about(kept)
    return [
        line_card(line, settings=settings)
        for line in lines_of_cart(session, cart_id)
        if line.variant_id in about and line.available
    ]


def _about(kept: ChatOutbox) -> set[str]:
    """The variants that the message was written about, also those that it did not show last."""
    about: list[str] | None = kept.message.get(_ABOUT)
    return set(about or (card["variant_id"] for card in kept.message["cards"]))


def content(kept: ChatOutbox) -> dict[str, Any]:
    """The message as its shopper sees it."""
    return {key: value for key, value in kept.message.items() if key != _ABOUT}


def tidy(session: Session, *, now: datetime) -> None:
    """Delete what has expired: nobody is shown it any more."""
    session.execute(delete(ChatOutbox).where(ChatOutbox.expires_at <= now))


def acknowledge(session: Session, identity: Identity, nudge_id: str, *, now: datetime) -> bool:
    """Note that the shopper's widget showed the message; False where it is none of theirs.

    Acknowledging again changes nothing.
    """
    mine = select(ChatOutbox.nudge_id).where(
        ChatOutbox.nudge_id == nudge_id,
        owned_by(identity, ChatOutbox.visitor_id, ChatOutbox.person_id),
    )
    if session.scalar(mine) is None:
        return False
    if note_first(session, ChatOutbox.nudge_id == nudge_id, ChatOutbox.delivered_at, now):
        note_delivered(session, nudge_id, now=now)
    return True


def note_tap(session: Session, identity: Identity, nudge_id: str, *, now: datetime) -> None:
    """The shopper pressed a button of this chat message; of one that is not theirs nothing is kept.

    Pressing again changes nothing.
    """
    mine = select(Nudge.id).where(
        Nudge.id == nudge_id,
        Nudge.channel == ChannelName.CHAT,
        owned_by(identity, Nudge.visitor_id, Nudge.person_id),
    )
    if session.scalar(mine) is not None:
        note_clicked(session, nudge_id, identity, now=now)
