"""The catalogue as a log tells it: products that nobody has described are shown by what is known.

A log only fills gaps: a product that the catalogue has is left as it is.
"""

from datetime import datetime

import polars as pl
from sqlalchemy import ColumnElement, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from core.money import Money
from db.models import Category, Price, Product, Variant
from db.writes.bulk import insert_new
from ingest.mapping import CANCELLATION

UNKNOWN_STOCK = 1_000
# Logs write brands as codes ("solano"); one with capitals was written by a person ("HiLo").
_BRAND = (
    pl.when(pl.col("brand") == pl.col("brand").str.to_lowercase())
    .then(pl.col("brand").str.to_titlecase())
    .otherwise("brand")
)


def products_of(steps: pl.DataFrame) -> pl.DataFrame:
    """One row a product: [product, title, brand, category, amount, currency, priced_at].

    The title is the most frequent one (the first in the alphabet among equals), the price the
    last seen in a row that is no cancellation.
    """
    about = steps.filter(pl.col("product").is_not_null())
    newest = about.sort("at", "row").group_by("product", maintain_order=True)
    known = newest.agg(pl.col("brand", "category").drop_nulls().last()).sort("product")
    titles = (
        about.filter(pl.col("title").is_not_null())
        .group_by("product", "title")
        .len()
        .sort(["product", "len", "title"], descending=[False, True, False])
        .unique("product", keep="first", maintain_order=True)
        .select("product", "title")
    )
    prices = (
        about.filter(pl.col("amount").is_not_null() & (pl.col("name") != CANCELLATION))
        .sort("at", "row")
        .unique("product", keep="last", maintain_order=True)
        .select("product", "amount", "currency", priced_at="at")
    )
    return (
        known.join(titles, on="product", how="left")
        .join(prices, on="product", how="left")
        .with_columns(title=pl.coalesce("title", _made_title()), brand=_BRAND)
        .sort("product")
    )


def _made_title() -> pl.Expr:
    kind = pl.col("category").str.split(".").list.last().str.replace_all("_", " ")
    brand = _BRAND
    first = kind.str.slice(0, 1).str.to_uppercase() + kind.str.slice(1)
    what = pl.coalesce(brand + " " + kind, first, brand + " item", pl.lit("Item"))
    return what + " " + pl.col("product")


def fill_catalogue(session: Session, steps: pl.DataFrame, *, now: datetime) -> int:
    """Store the products that the catalogue lacks and say how many; a second time it is none."""
    products = products_of(steps).with_columns(category_id=category_id(pl.col("category")))
    insert_new(session, Category, _categories(products["category"]))
    added = insert_new(
        session,
        Product,
        products.select(
            "title",
            "brand",
            "category_id",
            id="product",
            description=pl.lit(""),
            facts=pl.lit("{}"),
            active=pl.lit(value=True),
            updated_at=pl.lit(now, dtype=pl.Datetime("us", "UTC")),
        ),
    )
    if added == 0:
        return 0
    insert_new(
        session,
        Variant,
        products.select(
            id="product", product_id="product", position=pl.lit(0), stock=pl.lit(UNKNOWN_STOCK)
        ),
    )
    insert_new(
        session,
        Price,
        products.filter(pl.col("amount").is_not_null()).select(
            "amount", "currency", variant_id="product", valid_from="priced_at"
        ),
    )
    return added


def count_unpriced(session: Session) -> int:
    """Products of which no variant ever had a price: the shop neither shows nor suggests them."""
    return session.scalar(select(func.count()).select_from(Product).where(~_ever_priced())) or 0


def price_unpriced(session: Session, price: Money, *, now: datetime) -> None:
    """Give all variants of the products that never had a price this one, in force from now on."""
    row = select(
        Variant.id,
        literal(price.amount),
        literal(price.currency),
        literal(now, Price.valid_from.type),
    ).join(Product, Product.id == Variant.product_id)
    columns = ["variant_id", "amount", "currency", "valid_from"]
    session.execute(insert(Price).from_select(columns, row.where(~_ever_priced())))


def _ever_priced() -> ColumnElement[bool]:
    return (
        exists()
        .where(Variant.product_id == Product.id, Price.variant_id == Variant.id)
        .correlate(Product)
    )


def category_id(code: pl.Expr) -> pl.Expr:
    """The category's id for a dotted code: apparel.shoes gives apparel-shoes."""
    slug = code.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "-").str.strip_chars("-")
    return pl.when(slug != "").then(slug.str.slice(0, 64))


def _categories(codes: pl.Series) -> pl.DataFrame:
    """Every category of the codes with those above it, parents first."""
    paths = {tuple(code.split(".")) for code in codes.drop_nulls().unique()}
    every = sorted(
        {path[:depth] for path in paths for depth in range(1, len(path) + 1)},
        key=lambda path: (len(path), path),
    )
    frame = pl.DataFrame(
        {
            "code": [".".join(path) for path in every],
            "title": [path[-1].replace("_", " ").strip().capitalize()[:200] for path in every],
            "parent": [".".join(path[:-1]) or None for path in every],
        },
        schema=dict.fromkeys(("code", "title", "parent"), pl.String),
    )
    ids = frame.select(
        "title",
        id=category_id(pl.col("code")),
        parent_id=category_id(pl.col("parent")),
        synonyms=pl.lit("[]"),
    )
    return ids.filter(pl.col("id").is_not_null()).unique("id", keep="first", maintain_order=True)
