"""Steps into events, carts, orders and people: the same whether imported or released."""

import re

import polars as pl
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.ids import PUBLIC_ID
from db.fold import derived_id
from db.models import Event, ImportRun, Order, Person, Visitor
from db.writes.bulk import insert_new
from db.writes.events import refold
from ingest.mapping import CANCELLATION, SALE
from ingest.steps import UTC_TIME, key_of

_CART_NAMES = (SALE, CANCELLATION, "add_to_cart", "remove_from_cart", "purchase")
_IDS_AT_ONCE = 10_000
_ID = re.compile(PUBLIC_ID)


def with_visitor_ids(steps: pl.DataFrame) -> pl.DataFrame:
    """Add `visitor_id`, the id that a visitor's key always has."""
    keys = steps["visitor"].unique()
    ids = pl.Series([key and key_of(f"visitor:{key}") for key in keys], dtype=pl.String)
    return steps.with_columns(
        visitor_id=pl.col("visitor").replace_strict(keys, ids, return_dtype=pl.String)
    )


def event_rows(steps: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the events table, without source and import: one a step, and the sales' additions.

    A sale is a purchase and, a moment before, the addition of what was bought to the basket.

    The lines of one order happened at once, and the order in which a file lists them (often that of
    the product codes) says nothing of what was chosen first. Rows are learnt from in the order in
    which they are stored, so lines are stored in one that means nothing, else a recommender
    would learn the file's sorting and look far better than it is.
    """
    plain = steps.select(
        "visitor_id",
        "event_id",
        "position",
        "name",
        "quantity",
        "currency",
        "search_term",
        at="order_at",
        session_id="session",
        product_id="product",
        variant_id="product",
        unit_amount="amount",
        transaction_id=pl.when(pl.col("name").is_in([SALE, "purchase"])).then("order"),
    ).with_columns(
        name=pl.when(pl.col("name") == CANCELLATION)
        .then(pl.lit("remove_from_cart"))
        .otherwise("name"),
        currency=pl.when(pl.col("unit_amount").is_not_null()).then("currency"),
    )
    sale = pl.col("name") == SALE
    added = plain.filter(sale).with_columns(
        name=pl.lit("add_to_cart"),
        event_id=pl.col("event_id") + "-add",
        transaction_id=pl.lit(None, dtype=pl.String),
    )
    # A purchase closes the basket that its additions filled, so it comes a moment after them.
    bought = plain.with_columns(
        name=pl.when(sale).then(pl.lit("purchase")).otherwise("name"),
        at=pl.when(sale).then(pl.col("at").dt.offset_by("1us")).otherwise("at"),
    )
    meaningless = pl.concat_str("event_id", pl.col("product_id").fill_null(""), "position").hash()
    order = ("visitor_id", "at", "event_id", meaningless)
    return bought.sort(order), added.sort(order)


def store_steps(session: Session, steps: pl.DataFrame, run: ImportRun) -> int:
    """Store steps (with `visitor_id`) as the run's, fold carts, say how many were there already.

    The steps of one visitor should come together, as a visitor's carts are folded once a call.
    """
    _store_visitors(session, steps)
    run_columns = {
        "received_at": pl.lit(run.started_at, dtype=UTC_TIME),
        "source": pl.lit(run.format),
        "import_id": pl.lit(run.id),
    }
    rows, additions = event_rows(steps)
    insert_new(session, Event, additions.with_columns(**run_columns))
    stored = insert_new(session, Event, rows.with_columns(**run_columns))
    fold_again(session, steps)
    return steps.height - stored


def fold_again(session: Session, steps: pl.DataFrame) -> None:
    """Fold the carts and rebuild the orders that these steps belong to."""
    in_carts = steps.filter(pl.col("name").is_in(_CART_NAMES))
    bought = in_carts.filter(pl.col("name").is_in([SALE, "purchase"]))
    orders = bought.select("visitor_id", "order").unique().rows()
    order_ids = [derived_id("order", visitor, order) for visitor, order in orders]
    for start in range(0, len(order_ids), _IDS_AT_ONCE):
        some = order_ids[start : start + _IDS_AT_ONCE]
        session.execute(delete(Order).where(Order.id.in_(some)))
    refold(session, in_carts["visitor_id"].unique(maintain_order=True).to_list())


def _store_visitors(session: Session, steps: pl.DataFrame) -> None:
    first = (
        steps.group_by("visitor_id", maintain_order=True)
        .agg(pl.col("customer").first(), created_at=pl.col("at").min())
        .sort("visitor_id")
    )
    people = first.filter(pl.col("customer").is_not_null())
    person_of = _known_people(session, people["customer"].to_list())
    new = people.filter(~pl.col("customer").is_in(list(person_of)))
    ids = {customer: _person_id(customer) for customer in new["customer"]}
    insert_new(
        session,
        Person,
        new.select(
            "created_at",
            shop_key="customer",
            id=pl.col("customer").replace_strict(ids, default=None, return_dtype=pl.String),
            is_staff=pl.lit(value=False),
        ),
    )
    insert_new(
        session,
        Visitor,
        first.select(
            "created_at",
            id="visitor_id",
            is_robot=pl.lit(value=False),
            person_id=pl.col("customer").replace_strict(
                person_of | ids, default=None, return_dtype=pl.String
            ),
        ),
    )
    _lock(session, first["visitor_id"].to_list(), [*person_of.values(), *ids.values()])


def _person_id(customer: str) -> str:
    """The shop's number itself where it can be an id: the shop's tokens name the person by it."""
    return customer if _ID.fullmatch(customer) else key_of(f"customer:{customer}")


def _known_people(session: Session, customers: list[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for start in range(0, len(customers), _IDS_AT_ONCE):
        some = customers[start : start + _IDS_AT_ONCE]
        rows = session.execute(select(Person.shop_key, Person.id).where(Person.shop_key.in_(some)))
        known.update({key: person for key, person in rows if key is not None})
    return known


def _lock(session: Session, visitors: list[str], people: list[str]) -> None:
    """Hold the owners until the transaction ends, in the order in which `record` takes them."""
    for column, ids in ((Visitor.id, visitors), (Person.id, people)):
        for start in range(0, len(ids), _IDS_AT_ONCE):
            some = sorted(ids)[start : start + _IDS_AT_ONCE]
            session.execute(
                select(column)
                .where(column.in_(some))
                .order_by(column)
                .with_for_update(key_share=True)
            )
