"""What the shop sells, priced now."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Select, Text, and_, bindparam, cast, func, select
from sqlalchemy.orm import Session

from core.money import Money
from db.models import Category, Price, Product, Variant


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """One buyable form of a product, with the price row in force."""

    variant_id: str
    colour: str | None
    size: str | None
    stock: int
    price_id: int
    price: Money
    list_price: Money | None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product with its variants in the shop's order; those without a price are left out."""

    product_id: str
    title: str
    brand: str | None
    category_id: str | None
    category_title: str | None
    description: str
    material: str | None
    facts: dict[str, Any]
    picture: str | None
    variants: tuple[VariantFacts, ...]

    @property
    def available(self) -> bool:
        """Whether any variant is in stock."""
        return any(variant.stock > 0 for variant in self.variants)

    def best_variant(
        self, fits: Callable[[VariantFacts], bool] = lambda _: True
    ) -> VariantFacts | None:
        """The variant to show of those that fit: one in stock, then the cheapest."""
        return min(
            filter(fits, self.variants),
            key=lambda variant: (variant.stock <= 0, variant.price.amount),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class CategoryTerms:
    """A category and the words shoppers use for it."""

    id: str
    title: str
    synonyms: tuple[str, ...]
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProductTitle:
    """A product's name."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class CatalogueTerms:
    """The words of the catalogue, for those who must recognise them in what shoppers write."""

    version: str
    categories: tuple[CategoryTerms, ...]
    brands: tuple[str, ...]
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    materials: tuple[str, ...]
    products: tuple[ProductTitle, ...]


def product_facts(
    session: Session, ids: Collection[str], *, now: datetime
) -> dict[str, ProductFacts]:
    """The active products among these ids, by id; ids that are unknown are left out."""
    if not ids:
        return {}
    rows = session.connection().execute(_facts_by_id(), {"ids": list(set(ids)), "now": now})
    return _grouped(rows)


def product_of_variant(session: Session, variant_id: str) -> str | None:
    """The id of the active product that has this variant."""
    return session.scalar(
        select(Variant.product_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id == variant_id, Product.active)
    )


def categories(session: Session) -> list[CategoryTerms]:
    """All categories, by title."""
    rows = session.execute(
        select(Category.id, Category.title, Category.synonyms, Category.parent_id).order_by(
            Category.title, Category.id
        )
    )
    return [CategoryTerms(row.id, row.title, tuple(row.synonyms), row.parent_id) for row in rows]


def catalogue_version(session: Session) -> str:
    """A short text that changes whenever a product, a variant, a category or a price does.

    Whoever changes a product or its variants sets `updated_at`; stock alone does not count.
    """
    products = session.execute(
        select(
            func.count(Product.id),
            func.max(Product.updated_at),
            select(func.count(Variant.id)).scalar_subquery(),
            select(func.max(Price.id)).scalar_subquery(),
        ).where(Product.active)
    ).one()
    return _digest(products, categories(session))


def terms(session: Session) -> CatalogueTerms:
    """Every category, brand, colour, size, material and product title in use."""
    sizes = _distinct(session, Variant.size)
    return CatalogueTerms(
        version=catalogue_version(session),
        categories=tuple(categories(session)),
        brands=_distinct(session, Product.brand),
        colours=_distinct(session, Variant.colour),
        sizes=sizes,
        materials=_distinct(session, Product.material),
        products=tuple(
            ProductTitle(key, title)
            for key, title in session.execute(
                select(Product.id, Product.title)
                .where(Product.active)
                .order_by(Product.title, Product.id)
            )
        ),
    )


def _distinct(session: Session, column: Any) -> tuple[str, ...]:
    statement = select(column).select_from(Product).where(Product.active, column.is_not(None))
    if column.class_ is Variant:
        statement = statement.join(Variant, Variant.product_id == Product.id)
    return tuple(session.scalars(statement.distinct().order_by(column)))


@cache
def _facts_by_id() -> Select[*tuple[Any, ...]]:
    """Built once: putting the statement together takes longer than running it."""
    return _facts(Product.id.in_(bindparam("ids", expanding=True)))


def _facts(condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Products that meet a condition beside their variants and prices at `:now`."""
    return (
        select(
            Product.id,
            Product.title,
            Product.brand,
            Product.category_id,
            Category.title.label("category_title"),
            Product.description,
            Product.material,
            # As text: it stands in every row of a product, and is read once.
            cast(Product.facts, Text),
            Product.picture,
            Variant.id.label("variant_id"),
            Variant.colour,
            Variant.size,
            Variant.stock,
            Price.id.label("price_id"),
            Price.amount,
            Price.list_amount,
            Price.currency,
        )
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(Variant, Variant.product_id == Product.id)
        .outerjoin(
            Price,
            and_(
                Price.variant_id == Variant.id,
                Price.valid_until.is_(None),
                Price.valid_from <= bindparam("now", type_=Price.valid_from.type),
            ),
        )
        .where(condition, Product.active)
        .order_by(Product.id, Variant.position, Variant.id)
    )


_FACTS = 7
"""The place of `facts` among what `_facts` selects."""


def _grouped(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[str, ProductFacts]:
    """Rows taken apart by their order, as in `_facts`: by name it would take twice as long."""
    products: dict[str, list[Any]] = {}
    variants: dict[str, list[VariantFacts]] = {}
    for row in rows:
        *product, variant_id, colour, size, stock, price_id, amount, list_amount, currency = row
        key = product[0]
        if key not in products:
            product[_FACTS] = orjson.loads(product[_FACTS])
            products[key], variants[key] = product, []
        if price_id is not None:
            list_price = None if list_amount is None else Money(currency, list_amount)
            variants[key].append(
                VariantFacts(
                    variant_id, colour, size, stock, price_id, Money(currency, amount), list_price
                )
            )
    return {
        key: ProductFacts(*(*product, tuple(variants[key]))) for key, product in products.items()
    }


def _digest(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=8).hexdigest()
