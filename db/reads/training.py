"""Frames for training: what all shoppers did, and what can be recommended."""

from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Executable, String, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session

from db.models import Event, EventName, Price, Product, Variant, Visitor

ACTIONS = {
    EventName.VIEW_ITEM: "view",
    EventName.SEARCH: "search",
    EventName.ADD_TO_CART: "add",
    EventName.REMOVE_FROM_CART: "remove",
    EventName.PURCHASE: "purchase",
}
"""The events that say something of one product, and what the recommender calls them."""


def event_frame(session: Session, *, since: datetime | None = None) -> pl.DataFrame:
    """Everything shoppers did with products, in order of time, robots left out.

    Half a million rows must be quick, so times come as the driver gives them (text on SQLite) and
    are parsed all at once.

    Columns: shopper (the person, else the visitor), session (or null), product, action (one of
    view, search, add, remove, purchase), at (microseconds, UTC).
    """
    statement = (
        select(
            func.coalesce(Visitor.person_id, Visitor.id),
            Event.session_id,
            Event.product_id,
            case(
                *((Event.name == name, literal(action)) for name, action in ACTIONS.items()),
            ),
            type_coerce(Event.at, String()),
        )
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where(
            Visitor.is_robot.is_(False),
            Event.product_id.is_not(None),
            Event.name.in_(ACTIONS),
        )
        .order_by(Event.at, Event.id)
    )
    if since is not None:
        statement = statement.where(Event.at >= since)
    columns = dict.fromkeys(("shopper", "session", "product", "action"), pl.String)
    return _timed_frame(session, statement, columns)


def live_views(session: Session) -> pl.DataFrame:
    """Every product page view that came in live, not by an import: [shopper, at], in no order."""
    statement = (
        select(func.coalesce(Visitor.person_id, Visitor.id), type_coerce(Event.at, String()))
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where(
            Visitor.is_robot.is_(False),
            Event.import_id.is_(None),
            Event.name == EventName.VIEW_ITEM,
            Event.position == 0,
        )
    )
    return _timed_frame(session, statement, {"shopper": pl.String})


def item_frame(session: Session, *, now: datetime) -> pl.DataFrame:
    """Every product of the catalogue, one row each.

    Columns: product, title, category (id or null), brand (or null), amount (lowest price in force,
    minor units, or null), currency, available (active, priced and in stock in some variant).
    """
    buyable = Product.active & Price.id.is_not(None) & (Variant.stock > 0)
    statement = (
        select(
            Product.id,
            Product.title,
            Product.category_id,
            Product.brand,
            func.min(Price.amount),
            func.min(Price.currency),
            func.max(case((buyable, 1), else_=0)),
        )
        .outerjoin(Variant, Variant.product_id == Product.id)
        .outerjoin(
            Price,
            (Price.variant_id == Variant.id)
            & Price.valid_until.is_(None)
            & (Price.valid_from <= now),
        )
        .group_by(Product.id)
        .order_by(Product.id)
    )
    frame = _frame(
        session,
        statement,
        {
            "product": pl.String,
            "title": pl.String,
            "category": pl.String,
            "brand": pl.String,
            "amount": pl.Int64,
            "currency": pl.String,
            "available": pl.Int64,
        },
    )
    return frame.with_columns(pl.col("available").cast(pl.Boolean))


def _timed_frame(session: Session, statement: Executable, columns: dict[str, Any]) -> pl.DataFrame:
    """The rows as `columns` and, last, `at`, parsed all at once where the driver gives text."""
    text_times = session.get_bind().dialect.name == "sqlite"
    at_type = pl.String if text_times else pl.Datetime("us", "UTC")
    frame = _frame(session, statement, {**columns, "at": at_type})
    if not text_times:
        return frame
    at = pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC")
    return frame.with_columns(at)


def _frame(session: Session, statement: Executable, schema: dict[str, Any]) -> pl.DataFrame:
    columns = list(zip(*session.execute(statement).all(), strict=True))
    data = dict(zip(schema, columns, strict=True)) if columns else None
    return pl.DataFrame(data, schema=schema)
