"""Frames for training: what all shoppers did, and what can be recommended."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl
from sqlalchemy import (
    Executable,
    Row,
    Select,
    String,
    case,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from db.among import among
from db.models import Cart, Event, EventName, Price, Product, Variant, Visitor
from db.owners import Owner, owned_by_any

ACTIONS = {
    EventName.VIEW_ITEM: "view",
    EventName.SEARCH: "search",
    EventName.ADD_TO_CART: "add",
    EventName.REMOVE_FROM_CART: "remove",
    EventName.PURCHASE: "purchase",
}
"""The events that say something of one product, and what the recommender calls them."""

SHOPPER = func.coalesce(Visitor.person_id, Visitor.id)

_ACTION = case(*((Event.name == name, literal(action)) for name, action in ACTIONS.items()))

EVENT_COLUMNS = dict.fromkeys(("shopper", "session", "product", "action", "source"), pl.String)

FETCHED_AT_ONCE = 10_000


def event_frame(session: Session, *, since: datetime | None = None) -> pl.DataFrame:
    """Everything shoppers did with products, in order of time, robots left out.

    Half a million rows must be quick, so times come as the driver gives them (text on SQLite) and
    are parsed all at once.

    Columns: shopper (the person, else the visitor), session (or null), product, action (one of
    view, search, add, remove, purchase), source (web, chat or an import), at (microseconds, UTC).
    """
    statement = _events().order_by(Event.at, Event.id)
    if since is not None:
        statement = statement.where(Event.at >= since)
    return _timed_frame(session, statement, EVENT_COLUMNS)


def robots_frame(session: Session) -> pl.DataFrame:
    """The same of the visitors who are marked as robots."""
    statement = _events(robots=True).order_by(Event.at, Event.id)
    return _timed_frame(session, statement, EVENT_COLUMNS)


def shoppers(session: Session) -> dict[str, str]:
    """By each visitor who is a known person, whom `event_frame` calls them."""
    rows = session.execute(
        select(Visitor.id, Visitor.person_id).where(Visitor.person_id.is_not(None))
    )
    return {visitor: person for visitor, person in rows if person is not None}


def event_parts(session: Session, *, at_once: int) -> Iterator[pl.DataFrame]:
    """The rows of `event_frame` in parts, each with all of some shoppers' rows.

    A part ends with the shopper who brings it to `at_once` rows, so memory holds that many and one
    shopper's more. The rows are streamed; the database sorts them.
    """
    rows = session.execute(
        _events().order_by(SHOPPER, Event.at, Event.id).execution_options(yield_per=FETCHED_AT_ONCE)
    )
    part: list[Row[Any]] = []
    for _, theirs in groupby(rows, key=itemgetter(0)):
        part.extend(theirs)
        if len(part) >= at_once:
            yield _timed(session, part, EVENT_COLUMNS)
            part = []
    if part:
        yield _timed(session, part, EVENT_COLUMNS)


def _events(*, robots: bool = False) -> Select[Any]:
    return (
        select(
            SHOPPER,
            Event.session_id,
            Event.product_id,
            _ACTION,
            Event.source,
            type_coerce(Event.at, String()),
        )
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where(
            Visitor.is_robot.is_(robots),
            Event.product_id.is_not(None),
            Event.name.in_(ACTIONS),
        )
    )


def last_steps(session: Session, carts: Collection[str], *, most: int) -> pl.DataFrame:
    """The last steps of the people whose carts these are, at most so many of each, oldest first.

    Columns as in `event_frame`, `shopper` being the cart and `session` always null: pauses tell
    visits apart, as they do while somebody is served. A guest's cart has none.
    """
    newest = func.row_number().over(
        partition_by=Cart.id, order_by=(Event.at.desc(), Event.id.desc())
    )
    steps = (
        select(
            Cart.id.label("cart"),
            Event.product_id,
            _ACTION.label("action"),
            Event.source,
            Event.at,
            Event.id,
            newest.label("newest"),
        )
        .join(Visitor, Visitor.person_id == Cart.person_id)
        .join(Event, Event.visitor_id == Visitor.id)
        .where(
            among(Cart.id, carts),
            Event.product_id.is_not(None),
            Event.name.in_(ACTIONS),
        )
        .subquery()
    )
    statement = (
        select(
            steps.c.cart,
            null(),
            steps.c.product_id,
            steps.c.action,
            steps.c.source,
            type_coerce(steps.c.at, String()),
        )
        .where(steps.c.newest <= most)
        .order_by(steps.c.cart, steps.c.at, steps.c.id)
    )
    return _timed_frame(session, statement, EVENT_COLUMNS)


def live_views(session: Session, *, shoppers: tuple[str, str] | None = None) -> pl.DataFrame:
    """Every product page view that came in live, not by an import: [shopper, at], in no order.

    `shoppers` are the first and last, in the database's order, of those that are asked about.
    """
    statement = _live_views(SHOPPER, type_coerce(Event.at, String()))
    if shoppers is not None:
        statement = statement.where(SHOPPER.between(*shoppers))
    return _timed_frame(session, statement, {"shopper": pl.String})


def busy_shoppers(
    session: Session, owners: Sequence[Owner], *, since: datetime, fewest: int
) -> list[str]:
    """Those among the owners (person, else visitor) with `fewest` or more live views since then."""
    statement = (
        _live_views(SHOPPER)
        .where(owned_by_any(owners, Visitor.id, Visitor.person_id), Event.at >= since)
        .group_by(SHOPPER)
        .having(func.count() >= fewest)
    )
    return list(session.scalars(statement))


def live_views_since(session: Session, shoppers: Sequence[str], since: datetime) -> pl.DataFrame:
    """As `live_views`, of these shoppers since then."""
    statement = _live_views(SHOPPER, type_coerce(Event.at, String())).where(
        or_(Visitor.id.in_(shoppers), Visitor.person_id.in_(shoppers)),
        SHOPPER.in_(shoppers),
        Event.at >= since,
    )
    return _timed_frame(session, statement, {"shopper": pl.String})


def _live_views(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Event)
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where(
            Visitor.is_robot.is_(False),
            Event.import_id.is_(None),
            Event.name == EventName.VIEW_ITEM,
            Event.position == 0,
        )
    )


def item_frame(session: Session, *, now: datetime) -> pl.DataFrame:
    """Every product of the catalogue, one row each.

    Columns: product, title, category (id or null), brand (or null), amount (lowest price in force,
    minor units, or null), currency, available (active, priced and in stock in some variant),
    colours (of its variants, sorted, one a line, or null).
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
        session.execute(statement).all(),
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
    return frame.with_columns(pl.col("available").cast(pl.Boolean)).join(
        _colours(session), on="product", how="left", maintain_order="left"
    )


def _colours(session: Session) -> pl.DataFrame:
    """The colours of each product that has any, sorted, one a line."""
    statement = (
        select(Variant.product_id, Variant.colour)
        .where(Variant.colour.is_not(None))
        .distinct()
        .order_by(Variant.product_id, Variant.colour)
    )
    products, colours = [], []
    for product, colour in session.execute(statement):
        products.append(product)
        colours.append(colour)
    schema = {"product": pl.String, "colours": pl.String}
    rows = pl.DataFrame({"product": products, "colours": colours}, schema=schema)
    return rows.group_by("product", maintain_order=True).agg(pl.col("colours").str.join("\n"))


def _timed_frame(session: Session, statement: Executable, columns: dict[str, Any]) -> pl.DataFrame:
    """The rows as `columns` and, last, `at`, parsed all at once where the driver gives text."""
    return _timed(session, session.execute(statement).all(), columns)


def _timed(session: Session, rows: Sequence[Row[Any]], columns: dict[str, Any]) -> pl.DataFrame:
    text_times = session.get_bind().dialect.name == "sqlite"
    at_type = pl.String if text_times else pl.Datetime("us", "UTC")
    frame = _frame(rows, {**columns, "at": at_type})
    if not text_times:
        return frame
    at = pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC")
    return frame.with_columns(at)


def _frame(rows: Sequence[Row[Any]], schema: dict[str, Any]) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True))
    data = dict(zip(schema, columns, strict=True)) if columns else None
    return pl.DataFrame(data, schema=schema)
