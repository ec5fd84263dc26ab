"""Products and carts as JSON: what the API gives and what the chat and the pages show.

Every amount comes from the rows that were handed in; nothing here reads or remembers.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote

from core.money import Money
from core.settings import Settings
from db.reads.carts import CartLineView, CartView
from db.reads.catalogue import ProductFacts, VariantFacts
from services.suggest import ShownSuggestion

LOW_STOCK = 5


class Titled(Protocol):
    """A line of a cart, wherever it was read."""

    @property
    def title(self) -> str: ...

    @property
    def colour(self) -> str | None: ...

    @property
    def size(self) -> str | None: ...


def full_title(line: Titled) -> str:
    """A line's title with its colour and size: a cart may hold two of one title."""
    options = ", ".join(part for part in (line.colour, line.size) if part)
    return f"{line.title} ({options})" if options else line.title


def card(
    facts: ProductFacts,
    *,
    variant_id: str,
    settings: Settings,
    reason: dict[str, str] | None = None,
    suggestion_id: str | None = None,
) -> dict[str, Any]:
    """A product card for one of its variants.

    `reason` is {"text", "kind"} for a suggested product. Raises LookupError where the product
    has no such variant.
    """
    variant = variant_of(facts, variant_id)
    shape = card_json(
        product_id=facts.product_id,
        variant_id=variant.variant_id,
        title=facts.title,
        brand=facts.brand,
        colour=variant.colour,
        size=variant.size,
        price=variant.price,
        list_price=variant.list_price,
        picture=facts.picture,
        stock=variant.stock,
        settings=settings,
    )
    return shape | {"reason": reason, "suggestion_id": suggestion_id}


def card_json(
    *,
    product_id: str,
    variant_id: str | None,
    title: str,
    brand: str | None,
    colour: str | None,
    size: str | None,
    price: Money | None,
    list_price: Money | None,
    picture: str | None,
    stock: int,
    settings: Settings,
) -> dict[str, Any]:
    """The shape of every card, of a product that nobody suggested."""
    return {
        "product_id": product_id,
        "variant_id": variant_id,
        "title": title,
        "brand": brand,
        "colour": colour,
        "size": size,
        "price": _optional(price, settings=settings),
        "list_price": _optional(list_price, settings=settings),
        "picture": picture_url(product_id, picture, colour=colour),
        "url": product_url(product_id),
        "stock": stock_level(stock),
        "reason": None,
        "suggestion_id": None,
    }


def suggestion_cards(
    shown: Sequence[ShownSuggestion], *, settings: Settings
) -> list[dict[str, Any]]:
    """Cards of suggestions with their reasons, those without a price left out."""
    cards = []
    for one in shown:
        variant = one.product.best_variant() if one.product else None
        if one.product is None or variant is None:
            continue
        shape = card(
            one.product,
            variant_id=variant.variant_id,
            settings=settings,
            reason=reason_json(one),
            suggestion_id=one.suggestion_id,
        )
        cards.append(shape | {"rank": one.rank, "source": one.source})
    return cards


def reason_json(suggestion: ShownSuggestion) -> dict[str, str]:
    """Why a product is suggested."""
    return {"text": suggestion.reason_text, "kind": suggestion.reason.kind.value}


def cart_json(cart: CartView | None, *, settings: Settings) -> dict[str, Any]:
    """A cart with its lines as cards; no cart yet is an empty one."""
    if cart is None:
        zero = money_json(Money(settings.currency, 0), settings=settings)
        amounts = dict.fromkeys(("subtotal", "discount", "delivery", "total"), zero)
        return {
            "id": None,
            "lines": [],
            "count": 0,
            **amounts,
            "promotion_code": None,
            "free_delivery_gap": None,
        }
    return {
        "id": cart.id,
        "lines": [_line_json(line, settings=settings) for line in cart.lines],
        "count": cart.count,
        "subtotal": money_json(cart.subtotal, settings=settings),
        "discount": money_json(cart.discount, settings=settings),
        "delivery": money_json(cart.delivery, settings=settings),
        "total": money_json(cart.total, settings=settings),
        "promotion_code": cart.promotion_code,
        "free_delivery_gap": _optional(cart.free_delivery_gap, settings=settings),
    }


def line_card(line: CartLineView, *, settings: Settings) -> dict[str, Any]:
    """The card of what is in a cart, as it is sold today."""
    return card_json(
        product_id=line.product_id,
        variant_id=line.variant_id,
        title=line.title,
        brand=line.brand,
        colour=line.colour,
        size=line.size,
        price=line.unit,
        list_price=line.list_price,
        picture=line.picture,
        stock=line.stock or 0,
        settings=settings,
    )


def _line_json(line: CartLineView, *, settings: Settings) -> dict[str, Any]:
    shape = line_card(line, settings=settings)
    line_total = _optional(line.line_total, settings=settings)
    return shape | {"quantity": line.quantity, "line_total": line_total}


def money_json(money: Money, *, settings: Settings) -> dict[str, Any]:
    """An amount in minor units and as a shopper reads it."""
    return {
        "amount": money.amount,
        "currency": money.currency,
        "text": _money_text(money, settings.locale),
    }


def variant_of(facts: ProductFacts, variant_id: str) -> VariantFacts:
    """The product's variant with that id; LookupError where there is none."""
    for variant in facts.variants:
        if variant.variant_id == variant_id:
            return variant
    raise LookupError(f"product {facts.product_id!r} has no variant {variant_id!r}")


def stock_level(stock: int) -> str:
    """in_stock, low (at most LOW_STOCK left) or out."""
    if stock <= 0:
        return "out"
    return "low" if stock <= LOW_STOCK else "in_stock"


def product_url(product_id: str) -> str:
    """The path of a product's page."""
    return f"/products/{quote(product_id, safe='')}"


def picture_url(product_id: str, picture: str | None, *, colour: str | None = None) -> str:
    """The catalogue's picture if it has one that a page may load, else the drawing, coloured."""
    if picture and picture.startswith(("https://", "http://")):
        return picture
    path = f"/pictures/{quote(product_id, safe='')}.svg"
    return f"{path}?colour={quote(colour)}" if colour else path


def _optional(money: Money | None, *, settings: Settings) -> dict[str, Any] | None:
    return None if money is None else money_json(money, settings=settings)


@lru_cache(maxsize=20_000)
def _money_text(money: Money, locale: str) -> str:
    return money.text(locale)
