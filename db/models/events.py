"""What shoppers did, and what was set aside."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import (
    Base,
    Currency,
    MinorUnits,
    PublicId,
    RowNumber,
    ShopKey,
    enum_type,
)


class EventName(StrEnum):
    """The GA4 e-commerce events that Cartwright keeps."""

    VIEW_ITEM = "view_item"
    VIEW_ITEM_LIST = "view_item_list"
    SELECT_ITEM = "select_item"
    SEARCH = "search"
    ADD_TO_WISHLIST = "add_to_wishlist"
    ADD_TO_CART = "add_to_cart"
    REMOVE_FROM_CART = "remove_from_cart"
    VIEW_CART = "view_cart"
    BEGIN_CHECKOUT = "begin_checkout"
    ADD_SHIPPING_INFO = "add_shipping_info"
    ADD_PAYMENT_INFO = "add_payment_info"
    PURCHASE = "purchase"
    REFUND = "refund"
    VIEW_PROMOTION = "view_promotion"
    SELECT_PROMOTION = "select_promotion"


class Event(Base):
    """One item of one event: an event with three items is three rows, one without items is one.

    (visitor, event id, position) is unique, so an event that arrives again changes nothing.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("visitor_id", "event_id", "position"),
        Index("ix_events_visitor_id_at", "visitor_id", "at"),
        Index("ix_events_at", "at"),
        Index(
            "ix_events_refunds_at",
            "at",
            sqlite_where=text("name = 'refund'"),
            postgresql_where=text("name = 'refund'"),
        ),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, doc="Order of arrival.")
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"))
    event_id: Mapped[str] = mapped_column(String(64), doc="Chosen by the client.")
    position: Mapped[int] = mapped_column(default=0, doc="Index of the item in its event.")
    name: Mapped[EventName] = mapped_column(enum_type(EventName))
    at: Mapped[datetime] = mapped_column(doc="When it happened.")
    received_at: Mapped[datetime]
    session_id: Mapped[str | None] = mapped_column(String(64))
    product_id: Mapped[str | None] = mapped_column(ShopKey)
    variant_id: Mapped[str | None] = mapped_column(ShopKey)
    quantity: Mapped[int | None]
    unit_amount: Mapped[int | None] = mapped_column(MinorUnits, doc="Minor units.")
    currency: Mapped[str | None] = mapped_column(Currency)
    value: Mapped[int | None] = mapped_column(
        MinorUnits, doc="Of the whole event, minor units; on its first row only."
    )
    search_term: Mapped[str | None] = mapped_column(String(200))
    transaction_id: Mapped[str | None] = mapped_column(ShopKey)
    source: Mapped[str] = mapped_column(String(32), default="web", doc="web, chat or an import.")
    import_id: Mapped[str | None] = mapped_column(ForeignKey("import_runs.id"))


class ImportStatus(StrEnum):
    """How far an import came."""

    RUNNING = "running"
    FINISHED = "finished"


class ImportRun(Base):
    """One file brought in: what was read, and where to go on after a stop."""

    __tablename__ = "import_runs"
    __table_args__ = (UniqueConstraint("file_digest", "format"),)

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    file_digest: Mapped[str] = mapped_column(String(64), doc="SHA-256 of the file.")
    file_name: Mapped[str] = mapped_column(String(300))
    format: Mapped[str] = mapped_column(String(40))
    status: Mapped[ImportStatus] = mapped_column(enum_type(ImportStatus))
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_stored: Mapped[int] = mapped_column(default=0)
    rows_known: Mapped[int] = mapped_column(
        default=0, doc="Of the stored ones, those that an earlier import had already brought."
    )
    rows_quarantined: Mapped[int] = mapped_column(default=0)
    rows_rejected: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Quarantined(Base):
    """A row that cleaning set aside, whole, with the rule that caught it; it can be released."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("import_id", "row_number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[str] = mapped_column(ForeignKey("import_runs.id"), index=True)
    row_number: Mapped[int]
    row: Mapped[dict[str, Any]]
    rule: Mapped[str] = mapped_column(String(60), index=True)
    detail: Mapped[str] = mapped_column(String(300))
    quarantined_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
