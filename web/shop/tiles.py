"""What the templates show of products: cards of the API with a few things only pages need."""

from collections.abc import Sequence
from typing import Any

from core.settings import Settings
from db.reads.carts import CartView
from db.reads.catalogue import ProductFacts, VariantFacts
from recommender.protocol import ReasonKind
from services.cards import card, cart_json, reason_json
from services.suggest import ShownSuggestion

TOGETHER = frozenset({ReasonKind.RULE, ReasonKind.SEQUENCE, ReasonKind.SIMILAR})


def tile(facts: ProductFacts, variant: VariantFacts, *, settings: Settings) -> dict[str, Any]:
    """A product in a grid."""
    shown = card(facts, variant_id=variant.variant_id, settings=settings)
    return shown | {
        "left": variant.stock,
        "choices": len(facts.variants),
        "category": facts.category_title,
        "percent_off": percent_off(variant),
        "saving": saving(variant, settings=settings),
    }


def suggestion_tiles(
    suggestions: Sequence[ShownSuggestion],
    *,
    settings: Settings,
    back: str,
) -> list[dict[str, Any]]:
    """Suggested products with their reasons; `back` is the page to return to without a script."""
    tiles = []
    for suggestion in suggestions:
        product = suggestion.product
        variant = product.best_variant() if product else None
        if product is None or variant is None:
            continue
        tiles.append(
            tile(product, variant, settings=settings)
            | {
                "suggestion_id": suggestion.suggestion_id,
                "reason": reason_json(suggestion),
                "back": back,
            }
        )
    return tiles


def go_together(suggestions: Sequence[ShownSuggestion]) -> bool:
    """Whether shoppers were seen to take any of these along with what they are shown beside."""
    return any(one.reason.kind in TOGETHER for one in suggestions)


def page_cart(cart: CartView | None, *, settings: Settings) -> dict[str, Any]:
    """The cart for the pages: the API's cart, and how many pieces of each line there are."""
    data = cart_json(cart, settings=settings)
    stocks = [line.available for line in cart.lines] if cart else []
    data["lines"] = [
        line | {"left": left, "too_many": line["quantity"] > left}
        for line, left in zip(data["lines"], stocks, strict=True)
    ]
    return data


def saving(variant: VariantFacts, *, settings: Settings) -> str:
    """What the reduction saves, in words; empty where there is none."""
    if variant.list_price is None:
        return ""
    return (variant.list_price - variant.price).text(settings.locale)


def percent_off(variant: VariantFacts) -> int | None:
    """By how many percent the price is reduced, whole; None where it is not."""
    if variant.list_price is None or variant.list_price.amount <= variant.price.amount:
        return None
    return round(100 * (1 - variant.price.amount / variant.list_price.amount))
