"""The demo shop's catalogue, FAQ and promotions: read from data/shop, stored in the tables."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.money import to_minor
from db.models import Base, Category, FaqEntry, Price, Product, Promotion, PromotionKind, Variant

SHOP_FOLDER = Path(__file__).resolve().parents[1] / "data" / "shop"
CURRENCY = "EUR"
OPENED_DAYS_BEFORE = 120


class CatalogueError(ValueError):
    """A file of data/shop says something impossible; the message names file and product."""


@dataclass(frozen=True)
class DemoVariant:
    """One colour and size of a product."""

    id: str
    colour: str
    size: str | None
    stock: int
    amount: int


@dataclass(frozen=True)
class DemoProduct:
    """A product as data/shop describes it; amounts in cents.

    `list_amount` is the price before it was reduced, `reduced_days` how long ago that was.
    """

    id: str
    title: str
    brand: str
    category: str
    kind: str
    description: str
    material: str | None
    facts: dict[str, Any]
    list_amount: int | None
    reduced_days: int
    variants: tuple[DemoVariant, ...]

    @cached_property
    def amount(self) -> int:
        """The lowest price of its variants."""
        return min(variant.amount for variant in self.variants)


@dataclass(frozen=True)
class DemoCategory:
    """A category and the words shoppers use for it."""

    id: str
    title: str
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All products, sorted by id, and their categories."""

    categories: tuple[DemoCategory, ...]
    products: tuple[DemoProduct, ...]


def read_yaml(path: Path) -> Any:
    """A file of data/shop, by the C parser, which is ten times as fast."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def load_catalogue(folder: Path = SHOP_FOLDER) -> Catalogue:
    """Read every file of catalogue/. Raises CatalogueError where one is not sound."""
    categories, products = [], []
    for path in sorted((folder / "catalogue").glob("*.yml")):
        content = read_yaml(path)
        categories.append(DemoCategory(content["id"], content["title"], tuple(content["synonyms"])))
        for entry in content["products"]:
            try:
                products.append(_product(entry, category=content["id"]))
            except (KeyError, TypeError, ValueError) as error:
                name = entry.get("id", "a product without an id")
                raise CatalogueError(f"{path.name}: {name}: {error!r}") from error
    if not products:
        raise CatalogueError(f"no products under {folder / 'catalogue'}")
    products.sort(key=lambda product: product.id)
    _check_unique(products)
    return Catalogue(tuple(categories), tuple(products))


def _product(entry: dict[str, Any], *, category: str) -> DemoProduct:
    sizes: list[str | None] = entry.get("sizes") or [None]
    price = entry["price"]
    amounts = {size: _cents(price[size] if isinstance(price, dict) else price) for size in sizes}
    was = _cents(entry["was"]) if "was" in entry else None
    if was is not None and (len(set(amounts.values())) > 1 or was <= min(amounts.values())):
        raise ValueError("'was' needs one price for all sizes and must be above it")
    variants = []
    for colour, stock in entry["stock"].items():
        for size, pieces in zip(sizes, stock, strict=True):
            key = "-".join(_slug(part) for part in (entry["id"], colour, size) if part)
            variants.append(DemoVariant(key, colour, size, int(pieces), amounts[size]))
    return DemoProduct(
        id=entry["id"],
        title=entry["title"],
        brand=entry["brand"],
        category=category,
        kind=entry["kind"],
        description=entry["text"],
        material=entry.get("material"),
        facts={"kind": entry["kind"], **entry.get("facts", {})},
        list_amount=was,
        reduced_days=5 + blake2b(entry["id"].encode()).digest()[0] % 40,
        variants=tuple(variants),
    )


def _cents(value: float | str) -> int:
    return to_minor(Decimal(str(value)), CURRENCY)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower().replace("×", "x")).strip("-")


def _check_unique(products: list[DemoProduct]) -> None:
    keys = [variant.id for product in products for variant in product.variants]
    for what, values in (
        ("product id", [product.id for product in products]),
        ("title", [product.title for product in products]),
        ("variant id", keys),
    ):
        twice = (
            {value for value in values if values.count(value) > 1}
            if (len(set(values)) < len(values))
            else set()
        )
        if twice:
            raise CatalogueError(f"{what} given twice: {', '.join(sorted(twice))}")


def store_catalogue(session: Session, catalogue: Catalogue, *, now: datetime) -> None:
    """Insert categories, products, variants and prices; reduced ones keep their old price row."""
    opened = now - timedelta(days=OPENED_DAYS_BEFORE)
    _insert(
        session,
        Category,
        [
            {"id": c.id, "title": c.title, "parent_id": None, "synonyms": list(c.synonyms)}
            for c in catalogue.categories
        ],
    )
    _insert(
        session,
        Product,
        [
            {
                "id": p.id,
                "title": p.title,
                "brand": p.brand,
                "category_id": p.category,
                "description": p.description,
                "material": p.material,
                "facts": p.facts,
                "picture": None,
                "active": True,
                "updated_at": now,
            }
            for p in catalogue.products
        ],
    )
    variants, prices = [], []
    for product in catalogue.products:
        for position, variant in enumerate(product.variants):
            variants.append(
                {
                    "id": variant.id,
                    "product_id": product.id,
                    "position": position,
                    "colour": variant.colour,
                    "size": variant.size,
                    "stock": variant.stock,
                }
            )
            prices += _prices(product, variant, opened=opened, now=now)
    _insert(session, Variant, variants)
    _insert(session, Price, prices)


def reduced_at(product: DemoProduct, *, now: datetime) -> datetime | None:
    """When its price was reduced, if it was."""
    return now - timedelta(days=product.reduced_days) if product.list_amount else None


def _prices(
    product: DemoProduct, variant: DemoVariant, *, opened: datetime, now: datetime
) -> list[dict[str, Any]]:
    common = {"variant_id": variant.id, "currency": CURRENCY}
    reduced = reduced_at(product, now=now)
    current = {
        **common,
        "amount": variant.amount,
        "list_amount": product.list_amount,
        "valid_from": reduced or opened,
        "valid_until": None,
    }
    if reduced is None:
        return [current]
    earlier = {
        **common,
        "amount": product.list_amount,
        "list_amount": None,
        "valid_from": opened,
        "valid_until": reduced,
    }
    return [earlier, current]


def store_faq(session: Session, *, now: datetime, folder: Path = SHOP_FOLDER) -> None:
    """Insert the FAQ."""
    topics = read_yaml(folder / "faq.yml")
    _insert(
        session,
        FaqEntry,
        [
            {
                "id": entry["id"],
                "topic": topic["topic"],
                "question": entry["question"],
                "answer": entry["answer"],
                "updated_at": now,
            }
            for topic in topics
            for entry in topic["entries"]
        ],
    )


def store_promotions(session: Session, *, now: datetime, folder: Path = SHOP_FOLDER) -> None:
    """Insert the promotions; their days count from `now`."""
    rows = read_yaml(folder / "promotions.yml")
    _insert(session, Promotion, [_promotion(row, now=now) for row in rows])


def _promotion(row: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    kind = PromotionKind(row["kind"])
    value = row.get("value", 0)
    until = row["until_day"]
    return {
        "code": row["code"],
        "title": row["title"],
        "kind": kind,
        "value": _cents(value) if kind is PromotionKind.AMOUNT else int(value),
        "minimum": _cents(row.get("minimum", 0)),
        "currency": CURRENCY,
        "category_id": row.get("category"),
        "starts_at": now + timedelta(days=row["from_day"]),
        "ends_at": None if until is None else now + timedelta(days=until),
    }


def _insert(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    session.execute(insert(model), rows)
