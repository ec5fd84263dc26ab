"""Products that stand for something on the shop's first page."""

from datetime import datetime

from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import Session

from db.models import ImportRun, Price, Product, Variant

DEMO_FORMAT = "demo"
"""The format of the import run that fills the demo shop."""


def is_demo_shop(session: Session) -> bool:
    """Whether the database holds the demo shop, not a shop's own catalogue."""
    run = select(ImportRun.id).where(ImportRun.format == DEMO_FORMAT).limit(1)
    return session.scalar(run) is not None


def category_covers(session: Session) -> dict[str, str]:
    """For each category with products on sale, the id of one that can stand for it."""
    rows = session.execute(
        select(Product.category_id, func.min(Product.id))
        .where(Product.active, Product.category_id.is_not(None))
        .group_by(Product.category_id)
    )
    return {category: product for category, product in rows if category is not None}


def reduced_products(session: Session, *, limit: int, now: datetime) -> list[str]:
    """Ids of the products in stock with the largest reductions, largest first."""
    kept = func.min(cast(Price.amount, Float) / Price.list_amount)
    return list(
        session.scalars(
            select(Product.id)
            .join(Variant, Variant.product_id == Product.id)
            .join(Price, Price.variant_id == Variant.id)
            .where(
                Product.active,
                Variant.stock > 0,
                Price.valid_until.is_(None),
                Price.valid_from <= now,
                Price.list_amount > Price.amount,
            )
            .group_by(Product.id)
            .order_by(kept, Product.id)
            .limit(limit)
        )
    )
