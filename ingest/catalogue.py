"""A feed into the catalogue: what is new is added, what changed is changed, the rest is left."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.money import Money
from db.models import Base, Category, Price, Product, Variant
from ingest.feed import LONGEST_KEY, Feed, FeedItem
from ingest.tables import Reject
from ingest.values import slug

_AT_ONCE = 5_000


@dataclass(slots=True)
class CatalogueOutcome:
    """What a feed did to the catalogue, and what became of its rows."""

    rows_read: int = 0
    rows_stored: int = 0
    folded: int = 0
    products_added: int = 0
    products_changed: int = 0
    variants_added: int = 0
    variants_changed: int = 0
    prices_changed: int = 0
    products_deactivated: int = 0
    rejects: list[Reject] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything in the catalogue is different now."""
        return any(
            (
                self.products_added,
                self.products_changed,
                self.variants_added,
                self.variants_changed,
                self.prices_changed,
                self.products_deactivated,
            )
        )


def store_feed(
    session: Session, feed: Feed, *, now: datetime, deactivate_missing: bool = False
) -> CatalogueOutcome:
    """Bring the catalogue in line with the feed, in the caller's transaction.

    A price that changed closes the old row and opens a new one. What the feed leaves out stays,
    unless `deactivate_missing`: then products it does not name are taken off the shelf, and
    variants it does not name have no stock.
    """
    rejects = list(feed.rejects)
    items = _placed(session, feed.items, rejects)
    outcome = CatalogueOutcome(
        rows_read=feed.rows_read,
        rows_stored=len(items) + len(feed.categories),
        folded=feed.folded,
        rejects=sorted(rejects, key=lambda reject: reject.row),
    )
    paths = [*(item.category for item in items), *(category.path for category in feed.categories)]
    _store_categories(session, paths)
    products = _load(session, Product, {item.product_id for item in items})
    variants = _load(session, Variant, {item.variant_id for item in items})
    prices = _current_prices(session, variants)
    positions: dict[str, int] = {}
    touched: set[str] = set()
    new_prices: list[Price] = []
    for item in items:
        product = products.get(item.product_id)
        if product is None:
            product = products[item.product_id] = Product(id=item.product_id, updated_at=now)
            session.add(product)
            outcome.products_added += 1
        elif item.product_id not in positions and _differs(product, _product_values(item)):
            outcome.products_changed += 1
        if item.product_id not in positions and _set(product, _product_values(item)):
            touched.add(product.id)
        position = positions[item.product_id] = positions.get(item.product_id, -1) + 1
        _store_variant(session, item, position, variants, touched, outcome)
        price = _new_price(item, prices, outcome, now)
        if price:
            new_prices.append(price)
            touched.add(item.product_id)
    session.flush()
    session.add_all(new_prices)
    if deactivate_missing:
        outcome.products_deactivated = _deactivate(session, products, variants, now)
    for product_id in touched:
        products[product_id].updated_at = now
    session.flush()
    return outcome


def _placed(session: Session, items: list[FeedItem], rejects: list[Reject]) -> list[FeedItem]:
    """The items whose variant id is free or belongs to their own product; others are rejected."""
    owners: dict[str, str] = {}
    for some in batched((item.variant_id for item in items), _AT_ONCE):
        rows = session.execute(select(Variant.id, Variant.product_id).where(Variant.id.in_(some)))
        owners.update((variant, product) for variant, product in rows)
    placed = []
    for item in items:
        owner = owners.get(item.variant_id, item.product_id)
        if owner == item.product_id:
            placed.append(item)
        else:
            reason = f"the id {item.variant_id!r} belongs to the product {owner!r} already"
            rejects.append(Reject(item.row, reason, {"id": item.variant_id, "title": item.title}))
    return placed


def _product_values(item: FeedItem) -> dict[str, object]:
    return {
        "title": item.title[:300],
        "brand": item.brand and item.brand[:120],
        "category_id": category_key(item.category),
        "description": item.description,
        "material": item.material and item.material[:120],
        "facts": item.facts,
        "picture": item.picture,
        "active": item.active,
    }


def _differs(row: Base, values: dict[str, object]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _set(row: Base, values: dict[str, object]) -> bool:
    changed = [(name, value) for name, value in values.items() if getattr(row, name) != value]
    for name, value in changed:
        setattr(row, name, value)
    return bool(changed)


def _store_variant(
    session: Session,
    item: FeedItem,
    position: int,
    variants: dict[str, Variant],
    touched: set[str],
    outcome: CatalogueOutcome,
) -> None:
    values: dict[str, object] = {
        "position": position,
        "colour": item.colour and item.colour[:60],
        "size": item.size and item.size[:60],
        "stock": item.stock,
    }
    variant = variants.get(item.variant_id)
    if variant is None:
        variant = Variant(id=item.variant_id, product_id=item.product_id, **values)
        variants[item.variant_id] = variant
        session.add(variant)
        outcome.variants_added += 1
        touched.add(item.product_id)
    elif _set(variant, values):
        outcome.variants_changed += 1
        touched.add(item.product_id)


def _new_price(
    item: FeedItem, prices: dict[str, Price], outcome: CatalogueOutcome, now: datetime
) -> Price | None:
    """The row to add, the one in force closed; None where the price is as it was or unsaid."""
    if item.price is None:
        return None
    current = prices.get(item.variant_id)
    if current and _costs(current) == (item.price, item.list_price):
        return None
    if current:
        current.valid_until = now
        outcome.prices_changed += 1
    return Price(
        variant_id=item.variant_id,
        amount=item.price.amount,
        list_amount=item.list_price and item.list_price.amount,
        currency=item.price.currency,
        valid_from=now,
    )


def _costs(price: Price) -> tuple[Money, Money | None]:
    before = None if price.list_amount is None else Money(price.currency, price.list_amount)
    return Money(price.currency, price.amount), before


def _current_prices(session: Session, variants: Iterable[str]) -> dict[str, Price]:
    found: dict[str, Price] = {}
    for some in batched(variants, _AT_ONCE):
        query = select(Price).where(Price.variant_id.in_(some), Price.valid_until.is_(None))
        found.update({price.variant_id: price for price in session.scalars(query)})
    return found


def _load[M: (Product, Variant)](
    session: Session, model: type[M], ids: Iterable[str]
) -> dict[str, M]:
    found: dict[str, M] = {}
    for some in batched(sorted(ids), _AT_ONCE):
        found.update(
            {row.id: row for row in session.scalars(select(model).where(model.id.in_(some)))}
        )
    return found


def _deactivate(
    session: Session, products: dict[str, Product], variants: dict[str, Variant], now: datetime
) -> int:
    active = session.scalars(select(Product.id).where(Product.active)).all()
    missing = [product for product in active if product not in products]
    for some in batched(missing, _AT_ONCE):
        session.execute(
            update(Product).where(Product.id.in_(some)).values(active=False, updated_at=now)
        )
    for some in batched(products, _AT_ONCE):
        known = session.scalars(select(Variant).where(Variant.product_id.in_(some)))
        for variant in known:
            if variant.id not in variants:
                variant.stock = 0
    return len(missing)


def category_key(path: tuple[str, ...]) -> str | None:
    """The id of the category at the end of a path: Camping, Tents gives camping-tents."""
    parts = [part for part in map(slug, path) if part]
    if not parts:
        return None
    key = "-".join(parts)
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.blake2b(key.encode(), digest_size=4).hexdigest()
    return f"{key[: LONGEST_KEY - 9]}-{digest}"


def _store_categories(session: Session, paths: Iterable[tuple[str, ...]]) -> None:
    """Add the categories that are not there yet, with those above them; titles stay as they are."""
    wanted: dict[str, tuple[str, str | None]] = {}
    for path in dict.fromkeys(paths):
        for depth in range(1, len(path) + 1):
            key = category_key(path[:depth])
            if key:
                parent = category_key(path[: depth - 1])
                wanted.setdefault(key, (_category_title(path[depth - 1]), parent))
    known = set(session.scalars(select(Category.id)))
    for key, (title, parent) in wanted.items():
        if key not in known:
            session.add(Category(id=key, title=title, parent_id=None if parent == key else parent))
    session.flush()


def _category_title(name: str) -> str:
    return (name if name != name.lower() else name[:1].upper() + name[1:])[:200]
