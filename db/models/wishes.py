"""What shoppers want of the messages they get: addresses, pauses, reminders, replies."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PublicId, enum_type
from db.models.people import Channel


class ChannelAddress(Base):
    """Where a channel reaches a shopper; an e-mail address stands with the person instead."""

    __tablename__ = "channel_addresses"
    __table_args__ = (UniqueConstraint("channel", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    channel: Mapped[Channel] = mapped_column(enum_type(Channel))
    address: Mapped[str] = mapped_column(
        String(1024), doc="A Telegram chat id, or a push subscription's endpoint."
    )
    details: Mapped[dict[str, Any]] = mapped_column(default=dict, doc="A push subscription's keys.")
    at: Mapped[datetime]


class Suppression(Base):
    """An address that must never be written to again: it bounced, or complained."""

    __tablename__ = "suppressions"

    channel: Mapped[Channel] = mapped_column(enum_type(Channel), primary_key=True)
    address_digest: Mapped[str] = mapped_column(
        String(64), primary_key=True, doc="SHA-256, so that an erased shopper stays suppressed."
    )
    reason: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]


class Pause(Base):
    """Silence that a shopper, or the shop for them, asked for."""

    __tablename__ = "pauses"

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    cart_id: Mapped[str | None] = mapped_column(
        ForeignKey("carts.id"), doc="About this cart only; about everything where unset."
    )
    channel: Mapped[Channel | None] = mapped_column(
        enum_type(Channel), doc="On this channel only; on all where unset."
    )
    until: Mapped[datetime | None] = mapped_column(doc="For good where unset.")
    reason: Mapped[str] = mapped_column(
        String(40), doc="stop, snooze, dismissed, just_looking, bought_elsewhere, …"
    )
    source: Mapped[str] = mapped_column(String(40), doc="chat, preferences, shop, …")
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(doc="Taken back by the shopper.")


class Reminder(Base):
    """A reminder that a shopper asked for; it takes the place of the stages until it came."""

    __tablename__ = "reminders"
    __table_args__ = (
        Index("ix_reminders_due_at", "due_at"),
        Index("ix_reminders_nudge_id", "nudge_id"),
    )

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    due_at: Mapped[datetime]
    channel: Mapped[Channel | None] = mapped_column(
        enum_type(Channel), doc="Where to be reminded; where it was asked for when unset."
    )
    source: Mapped[str] = mapped_column(String(40), doc="chat, preferences, telegram, …")
    asked_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None] = mapped_column(doc="When the sweep took it up.")
    nudge_id: Mapped[str | None] = mapped_column(
        ForeignKey("nudges.id"), doc="What came of it; unset where there was no cart any more."
    )


class ReplyKind(StrEnum):
    """What a shopper said to a reminder, as far as it changes what they get."""

    TOO_EXPENSIVE = "too_expensive"
    DELIVERY_COST = "delivery_cost"
    SIZE_DOUBT = "size_doubt"
    JUST_LOOKING = "just_looking"
    BOUGHT_ELSEWHERE = "bought_elsewhere"


class NudgeReply(Base):
    """A shopper's answer to a reminder."""

    __tablename__ = "nudge_replies"

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    cart_id: Mapped[str | None] = mapped_column(ForeignKey("carts.id"))
    nudge_id: Mapped[str | None] = mapped_column(ForeignKey("nudges.id"))
    kind: Mapped[ReplyKind] = mapped_column(enum_type(ReplyKind))
    at: Mapped[datetime]
