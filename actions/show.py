"""Products and carts as cards, each number with the row it came from."""

from collections.abc import Iterable, Sequence
from typing import Any

from rasa_sdk.events import SlotSet

from actions.context import Shop
from actions.reply import Claim, Reply, Said, join
from actions.skill import Event
from core.money import Money
from db.reads.carts import CartView
from db.reads.catalogue import ProductFacts, VariantFacts
from services.cards import card, cart_json
from services.search import Hit

# How many cards one answer shows: what fits the chat without scrolling far.
CARDS_SHOWN = 5


def money(shop: Shop, amount: int, currency: str | None = None) -> str:
    """An amount in minor units as a shopper reads it."""
    return Money(currency or shop.settings.currency, amount).text(shop.settings.locale)


def title(facts: ProductFacts) -> Claim:
    """A product's title."""
    return Claim(facts.title, "products", facts.product_id, "title")


def titles(facts: Iterable[ProductFacts]) -> Said:
    """Titles of several products."""
    return join((title(one) for one in facts), ", ")


def variant_name(variant: VariantFacts) -> Claim:
    """A variant's colour and size, as one phrase; empty where it has neither."""
    parts = [part for part in (variant.colour, variant.size) if part]
    return Claim(", ".join(parts), "variants", variant.variant_id, "colour, size")


def full_name(facts: ProductFacts, variant: VariantFacts) -> Said:
    """Title with colour and size where there are any."""
    name = variant_name(variant)
    claims = (title(facts), name) if name.text else (title(facts),)
    text = f"{facts.title} ({name.text})" if name.text else facts.title
    return Said(text, claims)


def price(shop: Shop, variant: VariantFacts) -> Claim:
    """A variant's price in force."""
    text = variant.price.text(shop.settings.locale)
    return Claim(text, "prices", str(variant.price_id), "amount")


def stock(variant: VariantFacts) -> Claim:
    """How many pieces of a variant there are."""
    return Claim(str(variant.stock), "variants", variant.variant_id, "stock")


def card_claims(shop: Shop, variant: VariantFacts) -> list[Claim]:
    """The rows behind the numbers of a card."""
    claims = [price(shop, variant)]
    if variant.list_price is not None:
        text = variant.list_price.text(shop.settings.locale)
        claims.append(Claim(text, "prices", str(variant.price_id), "list_amount"))
    return claims


def show_hits(shop: Shop, reply: Reply, hits: Sequence[Hit]) -> list[Event]:
    """Put products found into an answer; gives what the conversation remembers of it."""
    pairs = [(hit.facts, hit.variant) for hit in hits]
    return show_products(shop, reply, pairs)


def show_products(
    shop: Shop,
    reply: Reply,
    pairs: Sequence[tuple[ProductFacts, VariantFacts]],
    extras: Sequence[dict[str, Any]] | None = None,
) -> list[Event]:
    """Put products into an answer; `extras` are further arguments of each card.

    Gives what the conversation remembers: the ids shown, and the one in focus if it is alone.
    """
    extras = extras or [{} for _ in pairs]
    cards = [
        card(facts, variant_id=variant.variant_id, settings=shop.settings, **extra)
        for (facts, variant), extra in zip(pairs, extras, strict=True)
    ]
    claims = [claim for _, variant in pairs for claim in card_claims(shop, variant)]
    reply.cards(cards, claims)
    return shown([(facts.product_id, variant.variant_id) for facts, variant in pairs])


def shown(ids: Sequence[tuple[str, str]]) -> list[Event]:
    """Remember (product id, variant id) pairs as shown; a single one comes into focus."""
    items = [{"product": product, "variant": variant} for product, variant in ids]
    events: list[Event] = [SlotSet("shown", items)]
    if items:
        events.append(SlotSet("focus", ids[0][0] if len(ids) == 1 else None))
    return events


def show_cart(shop: Shop, reply: Reply, cart: CartView) -> list[Event]:
    """Put the cart, as it was just read, into an answer."""
    data = cart_json(cart, settings=shop.settings)
    reply.cart(data, cart_claims(shop, cart))
    return [
        SlotSet(
            "shown",
            [{"product": line.product_id, "variant": line.variant_id} for line in cart.lines],
        )
    ]


def cart_claims(shop: Shop, cart: CartView) -> list[Claim]:
    """The rows behind the numbers of a cart."""
    locale = shop.settings.locale
    claims = [
        Claim(str(line.quantity), "cart_lines", str(line.line_id), "quantity")
        for line in cart.lines
    ]
    claims += [
        Claim(line.unit.text(locale), "prices", str(line.price_id), "amount")
        for line in cart.lines
        if line.unit is not None
    ]
    sums = {
        "subtotal": cart.subtotal,
        "discount": cart.discount,
        "delivery": cart.delivery,
        "total": cart.total,
    }
    claims += [
        Claim(amount.text(locale), "carts", cart.id, column) for column, amount in sums.items()
    ]
    return claims


def cart_total(shop: Shop, cart: CartView) -> Claim:
    """What the cart costs in all."""
    text = money(shop, cart.total.amount, cart.total.currency)
    return Claim(text, "carts", cart.id, "total")
