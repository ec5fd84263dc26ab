"""People, the browsers they came with, and what they agreed to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PublicId, ShopKey, enum_type


class Channel(StrEnum):
    """A way to reach a shopper."""

    EMAIL = "email"
    CHAT = "chat"
    TELEGRAM = "telegram"
    WEB_PUSH = "web_push"


class Person(Base):
    """Somebody who has an account with the shop."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    shop_key: Mapped[str | None] = mapped_column(
        ShopKey, unique=True, doc="The shop's own number for this customer."
    )
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    locale: Mapped[str | None] = mapped_column(String(16))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    is_staff: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Visitor(Base):
    """One browser or device: anonymous until somebody signs in on it.

    A visitor belongs to at most one person for good; signing out gives the browser a new visitor.
    """

    __tablename__ = "visitors"

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    is_robot: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Consent(Base):
    """One line of the consent ledger; the newest for a person and channel is in force."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_person_id_channel_at", "person_id", "channel", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    channel: Mapped[Channel] = mapped_column(enum_type(Channel))
    granted: Mapped[bool]
    basis: Mapped[str] = mapped_column(String(64), doc="Legal basis, such as consent.")
    wording_version: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(64), doc="Where it was given: checkout, chat, …")
    at: Mapped[datetime]
