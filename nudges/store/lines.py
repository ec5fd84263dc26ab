"""What is in the carts of a page."""

from collections import defaultdict

from sqlalchemy import and_, select

from core.money import Money
from db.among import among
from db.models import CartLine, Price, Product, Variant
from nudges.facts import Line
from nudges.store.page import Page


def lines(page: Page) -> dict[str, list[Line]]:
    """What is in the carts, by cart, as it was put in and as it is sold today."""
    rows = page.session.execute(
        select(
            CartLine.cart_id,
            CartLine.product_id,
            CartLine.variant_id,
            CartLine.quantity,
            CartLine.unit_amount,
            CartLine.currency,
            Product.title,
            Product.active,
            Product.facts,
            Product.picture,
            Product.category_id,
            Product.brand,
            Variant.colour,
            Variant.size,
            Variant.stock,
            Price.amount,
            Price.currency.label("price_currency"),
        )
        .outerjoin(Product, Product.id == CartLine.product_id)
        .outerjoin(
            Variant,
            and_(Variant.id == CartLine.variant_id, Variant.product_id == CartLine.product_id),
        )
        .outerjoin(Price, and_(Price.variant_id == Variant.id, Price.valid_until.is_(None)))
        .where(among(CartLine.cart_id, page.carts))
        .order_by(CartLine.cart_id, CartLine.added_at, CartLine.id)
    )
    found: dict[str, list[Line]] = defaultdict(list)
    for row in rows:
        found[row.cart_id].append(
            Line(
                product_id=row.product_id,
                variant_id=row.variant_id,
                title=row.title or row.product_id,
                quantity=row.quantity,
                unit=_money(row.price_currency, row.amount),
                unit_when_added=_money(row.currency, row.unit_amount),
                stock=row.stock,
                active=bool(row.active),
                shippable=(row.facts or {}).get("shippable", True) is not False,
                picture=row.picture,
                category_id=row.category_id,
                brand=row.brand,
                colour=row.colour,
                size=row.size,
            )
        )
    return found


def _money(currency: str | None, amount: int | None) -> Money | None:
    return Money(currency, amount) if currency is not None and amount is not None else None
