"""What was suggested, why, by which model, and what the shopper said to it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PublicId, ShopKey, enum_type


class ModelVersion(Base):
    """A trained recommender, as `cartwright train` published it."""

    __tablename__ = "model_versions"

    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    trained_at: Mapped[datetime]
    events: Mapped[int]
    people: Mapped[int]
    metrics: Mapped[dict[str, Any]]
    accepted: Mapped[bool] = mapped_column(doc="Whether it passed the gate against the baselines.")


class Suggestion(Base):
    """One product shown to one shopper, with everything needed to answer 'why this?'."""

    __tablename__ = "suggestions"
    __table_args__ = (Index("ix_suggestions_visitor_id_shown_at", "visitor_id", "shown_at"),)

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    visitor_id: Mapped[str | None] = mapped_column(ForeignKey("visitors.id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    surface: Mapped[str] = mapped_column(String(32), doc="home, product, cart or chat.")
    product_id: Mapped[str] = mapped_column(ShopKey)
    rank: Mapped[int]
    score: Mapped[float]
    source: Mapped[str] = mapped_column(String(32), doc="The model that spoke loudest for it.")
    reason: Mapped[dict[str, Any]]
    model_version: Mapped[str] = mapped_column(String(64))
    shown_at: Mapped[datetime]


class FeedbackKind(StrEnum):
    """What a shopper said of a product or a suggestion."""

    NOT_INTERESTED = "not_interested"
    THUMB_UP = "thumb_up"
    THUMB_DOWN = "thumb_down"


class Feedback(Base):
    """A shopper's word on a product; the newest per owner, product and kind counts."""

    __tablename__ = "feedback"
    __table_args__ = (Index("ix_feedback_visitor_id_product_id", "visitor_id", "product_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor_id: Mapped[str | None] = mapped_column(ForeignKey("visitors.id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    product_id: Mapped[str] = mapped_column(ShopKey)
    kind: Mapped[FeedbackKind] = mapped_column(enum_type(FeedbackKind))
    suggestion_id: Mapped[str | None] = mapped_column(ForeignKey("suggestions.id"))
    at: Mapped[datetime]
