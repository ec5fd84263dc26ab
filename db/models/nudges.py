"""Left carts: what was decided about each, what went out, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PublicId, RowNumber, enum_type
from db.models.people import Channel


class NudgeState(StrEnum):
    """How far a nudge came; docs/nudges.md draws which state follows which."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    STOPPED = "stopped"
    HELD_OUT = "held_out"


class Nudge(Base):
    """One stage of one abandonment of one cart: at most one message, ever.

    The episode is the cart's last activity when the stage fell due, so activity starts a new one;
    for a reminder that the shopper asked for it is the moment asked for.
    """

    __tablename__ = "nudges"
    __table_args__ = (
        UniqueConstraint("cart_id", "episode", "stage"),
        Index("ix_nudges_state_next_at", "state", "next_at"),
        Index("ix_nudges_state_claimed_at", "state", "claimed_at"),
        Index("ix_nudges_person_id_created_at", "person_id", "created_at"),
        Index("ix_nudges_visitor_id_created_at", "visitor_id", "created_at"),
        Index("ix_nudges_created_at", "created_at"),
        Index("ix_nudges_carried_visitor_id", "carried_visitor_id"),
    )

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    cart_id: Mapped[str] = mapped_column(ForeignKey("carts.id"))
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    episode: Mapped[datetime]
    stage: Mapped[str] = mapped_column(String(32), doc="A name of the policy's, or asked.")
    state: Mapped[NudgeState] = mapped_column(enum_type(NudgeState))
    gate: Mapped[str | None] = mapped_column(
        String(40), doc="The first gate that stopped it, or that it waits for."
    )
    gate_detail: Mapped[str | None] = mapped_column(String(200))
    next_at: Mapped[datetime | None] = mapped_column(doc="When a waiting one is looked at again.")
    attempts: Mapped[int] = mapped_column(default=0, doc="Deliveries tried.")
    claim: Mapped[str | None] = mapped_column(PublicId, doc="The sweep that works on it.")
    claimed_at: Mapped[datetime | None]
    channel: Mapped[Channel | None] = mapped_column(enum_type(Channel))
    treatment: Mapped[str | None] = mapped_column(
        String(32), doc="none, reminder, free_delivery, percent_10, …"
    )
    probability: Mapped[float | None] = mapped_column(
        doc="With which this treatment was chosen; 1 where nothing was random."
    )
    decision: Mapped[dict[str, Any] | None] = mapped_column(
        doc="What the decision saw and expected of each treatment."
    )
    policy_version: Mapped[str] = mapped_column(String(16))
    message_id: Mapped[str | None] = mapped_column(String(200), doc="The channel's own id.")
    failure: Mapped[str | None] = mapped_column(String(300), doc="Of the last delivery.")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(doc="Handed to the channel.")
    delivered_at: Mapped[datetime | None] = mapped_column(doc="Confirmed by the channel.")
    clicked_at: Mapped[datetime | None]
    carried_visitor_id: Mapped[str | None] = mapped_column(
        ForeignKey("visitors.id"), doc="The last other browser that the link brought the cart to."
    )
    carried_cart_id: Mapped[str | None] = mapped_column(
        ForeignKey("carts.id"), doc="Its cart then; there the message's coupon may be used too."
    )
    ordered_at: Mapped[datetime | None]
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))


class NudgeStep(Base):
    """One thing that happened to a nudge; all of them tell its story."""

    __tablename__ = "nudge_steps"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    nudge_id: Mapped[str] = mapped_column(ForeignKey("nudges.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(
        String(40), doc="claimed, waits, stopped, held_out, decided, sent, failed, clicked, …"
    )
    detail: Mapped[dict[str, Any]]


class Exposure(Base):
    """A nudge passed every gate while its shopper was in this arm: whom measuring compares."""

    __tablename__ = "exposures"
    __table_args__ = (
        UniqueConstraint("nudge_id", "experiment"),
        Index("ix_exposures_experiment_at", "experiment", "at"),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    nudge_id: Mapped[str] = mapped_column(ForeignKey("nudges.id", ondelete="CASCADE"))
    experiment: Mapped[str] = mapped_column(String(40), doc="hold_out, or one of the policy's.")
    arm: Mapped[str] = mapped_column(String(40))
    probability: Mapped[float] = mapped_column(doc="With which the arm was assigned.")
    at: Mapped[datetime]


class Assignment(Base):
    """The arm of an experiment that a shopper is in for good, also when its shares change."""

    __tablename__ = "assignments"

    experiment: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(
        PublicId, primary_key=True, doc="The person, else the visitor."
    )
    arm: Mapped[str] = mapped_column(String(40))
    probability: Mapped[float]
    at: Mapped[datetime]


class LinkPurpose(StrEnum):
    """The one thing that a link's token is good for."""

    RECOVER = "recover"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    SHOWN = "shown"


class LinkToken(Base):
    """A link in a message: 256 random bits of which only the SHA-256 is kept."""

    __tablename__ = "link_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[LinkPurpose] = mapped_column(enum_type(LinkPurpose))
    nudge_id: Mapped[str] = mapped_column(ForeignKey("nudges.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class TelegramLink(Base):
    """A link that connects a Telegram chat to an account, once; only its SHA-256 is kept."""

    __tablename__ = "telegram_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ChatOutbox(Base):
    """A nudge for the chat, kept until the widget acknowledges it."""

    __tablename__ = "chat_outbox"
    __table_args__ = (
        Index("ix_chat_outbox_person_id_delivered_at", "person_id", "delivered_at"),
        Index("ix_chat_outbox_visitor_id_delivered_at", "visitor_id", "delivered_at"),
        Index("ix_chat_outbox_expires_at", "expires_at"),
    )

    nudge_id: Mapped[str] = mapped_column(
        ForeignKey("nudges.id", ondelete="CASCADE"), primary_key=True
    )
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    message: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    pushed_at: Mapped[datetime | None] = mapped_column(doc="Last offered to a live chat.")
    delivered_at: Mapped[datetime | None] = mapped_column(doc="Acknowledged by the widget.")


class Heartbeat(Base):
    """That a background process lives, and what its last round did."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    activated_at: Mapped[datetime] = mapped_column(
        doc="When it first ran here: carts left before that are left alone."
    )
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]
