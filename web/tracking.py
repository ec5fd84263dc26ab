"""What the pages push to `dataLayer`: GA4 e-commerce events, as any GA4-tagged shop pushes them.

https://developers.google.com/analytics/devguides/collection/ga4/ecommerce; `event_id` lets an
event that the server has recorded itself be pushed as well without counting twice.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from core.ids import new_id
from db.reads.carts import CartLineView


def item(
    card: Mapping[str, Any], *, quantity: int = 1, category: str | None = None
) -> dict[str, Any]:
    """A GA4 item from a product card; its price is in major units."""
    fields = {
        "item_id": card["product_id"],
        "item_name": card["title"],
        "item_brand": card["brand"],
        "item_category": category,
        "item_variant": card["variant_id"],
        "price": major(card["price"]) if card["price"] else None,
        "quantity": quantity,
    }
    return {name: value for name, value in fields.items() if value is not None}


def event(
    name: str,
    *,
    currency: str | None,
    items: Iterable[dict[str, Any]] = (),
    event_id: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An event for dataLayer; `more` are further e-commerce fields, such as value."""
    return {
        "event": name,
        "event_id": event_id or new_id(),
        "ecommerce": {**({"currency": currency} if currency else {}), "items": list(items), **more},
    }


def line_event(name: str, line: CartLineView, *, quantity: int, event_id: str) -> dict[str, Any]:
    """The event that pieces of a cart line were added or removed, under the id it is stored by."""
    price = line.unit
    one: dict[str, Any] = {
        "item_id": line.product_id,
        "item_name": line.title,
        "item_brand": line.brand,
        "item_variant": line.variant_id,
        "price": float(price.major()) if price else None,
        "quantity": quantity,
    }
    return event(
        name,
        currency=price.currency if price else None,
        event_id=event_id,
        items=[{key: value for key, value in one.items() if value is not None}],
    )


def cart_event(name: str, cart: Mapping[str, Any], *, currency: str) -> dict[str, Any]:
    """An event about all of a cart, as cards give it."""
    return event(
        name,
        currency=currency,
        value=major(cart["subtotal"]),
        items=[item(line, quantity=line["quantity"]) for line in cart["lines"]],
    )


def major(money: Mapping[str, Any]) -> float:
    """Major units as GA4 writes them."""
    return float(Decimal(money["amount"]).scaleb(-get_currency_precision(money["currency"])))
