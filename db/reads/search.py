"""The rows that the product search builds its index from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from db.models import Category, Event, EventName, Price, Product, Variant

POPULAR_DAYS = 30


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product's words and attributes, as the search indexes them."""

    product_id: str
    title: str
    brand: str | None
    category_id: str | None
    description: str
    material: str | None
    facts: dict[str, Any]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A variant with its price in force, in minor units; no price means it is not for sale."""

    variant_id: str
    product_id: str
    colour: str | None
    size: str | None
    stock: int
    amount: int


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category and where it hangs."""

    category_id: str
    title: str
    synonyms: list[str]
    parent_id: str | None


def product_rows(session: Session) -> Sequence[ProductRow]:
    """Every active product, by id."""
    query = (
        select(
            Product.id,
            Product.title,
            Product.brand,
            Product.category_id,
            Product.description,
            Product.material,
            Product.facts,
            Product.updated_at,
        )
        .where(Product.active)
        .order_by(Product.id)
    )
    return [ProductRow(*row) for row in session.execute(query)]


def variant_rows(session: Session) -> Sequence[VariantRow]:
    """Every priced variant of an active product, in the order of the shop's page."""
    query = (
        select(
            Variant.id,
            Variant.product_id,
            Variant.colour,
            Variant.size,
            Variant.stock,
            Price.amount,
        )
        .join(Product, Product.id == Variant.product_id)
        .join(Price, Price.variant_id == Variant.id)
        .where(Product.active, Price.valid_until.is_(None))
        .order_by(Variant.product_id, Variant.position, Variant.id)
    )
    return [VariantRow(*row) for row in session.execute(query)]


def category_rows(session: Session) -> Sequence[CategoryRow]:
    """Every category."""
    query = select(Category.id, Category.title, Category.synonyms, Category.parent_id).order_by(
        Category.id
    )
    return [CategoryRow(*row) for row in session.execute(query)]


def buyers_per_product(session: Session, *, now: datetime) -> dict[str, int]:
    """How many visitors bought each product in the last POPULAR_DAYS days."""
    query = (
        select(Event.product_id, func.count(distinct(Event.visitor_id)))
        .where(
            Event.name == EventName.PURCHASE,
            Event.product_id.is_not(None),
            Event.at > now - timedelta(days=POPULAR_DAYS),
            Event.at <= now,
        )
        .group_by(Event.product_id)
    )
    return {product: count for product, count in session.execute(query) if product is not None}
