"""What "the second one", "it" and "that blue jacket" mean, from what was shown and where one is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from actions.skill import Turn
from actions.understand import query_of
from db.reads.carts import CartLineView, CartView
from db.reads.catalogue import ProductFacts, VariantFacts, product_facts, product_of_variant
from services.catalogue_index import part_of, same
from services.colours import covers
from services.query import Attribute

HERE = re.compile(r"\b(?:this|here)\b", re.IGNORECASE)
# How a word of the message is compared with what a thing shown is.
MATCHES = {
    Attribute.COLOUR: covers,
    Attribute.CATEGORY: same,
    Attribute.BRAND: same,
    Attribute.MATERIAL: part_of,
    Attribute.SIZE: same,
}


@dataclass(frozen=True, slots=True)
class Referent:
    """The product meant, and the variant if the message or the card shown settles it.

    `exact` says that a button named this very variant.
    """

    product_id: str
    variant_id: str | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """An ordinal beyond what was shown."""

    shown: int


def referent(turn: Turn, session: Session) -> Referent | OutOfRange | None:
    """The product a message is about; None where it points at nothing known.

    In this order: the variant or product of a button, a product named by its title, an ordinal,
    a description of something shown, the page ("this"), what was last talked about, the page.
    """
    named = _from_button_or_name(turn, session)
    if named is not None:
        return named
    shown = shown_pairs(turn)
    ordinal = turn.number("ordinal")
    if ordinal is not None and shown:
        return _nth(shown, ordinal)
    described = _described(turn, session, shown)
    if described is not None:
        return described
    page = turn.page_product
    if page and (HERE.search(turn.text) or turn.page_changed):
        return Referent(page)
    focus = turn.slot("focus")
    if isinstance(focus, str) and focus:
        return Referent(focus, dict(shown).get(focus))
    if page:
        return Referent(page)
    return Referent(*shown[0]) if len(shown) == 1 else None


def shown_pairs(turn: Turn) -> list[tuple[str, str | None]]:
    """(product id, variant id) of what was last shown, in order."""
    items = turn.slot("shown") or []
    return [(item["product"], item.get("variant")) for item in items if isinstance(item, dict)]


def _from_button_or_name(turn: Turn, session: Session) -> Referent | None:
    variant = turn.value("variant")
    if isinstance(variant, str):
        product = product_of_variant(session, variant)
        return Referent(product, variant, exact=True) if product else None
    product = turn.value("product")
    if isinstance(product, str):
        return Referent(product, dict(shown_pairs(turn)).get(product))
    return None


def _nth(shown: Sequence[tuple[str, str | None]], ordinal: int) -> Referent | OutOfRange:
    position = ordinal - 1 if ordinal > 0 else len(shown) + ordinal
    if 0 <= position < len(shown):
        return Referent(*shown[position])
    return OutOfRange(len(shown))


def _described(
    turn: Turn, session: Session, shown: Sequence[tuple[str, str | None]]
) -> Referent | None:
    """The first thing shown that has everything the message says of it."""
    wanted = query_of(turn).include
    told = {key: values for key, values in wanted.items() if key in MATCHES}
    if not told or not shown:
        return None
    facts = product_facts(session, [product for product, _ in shown], now=turn.now)
    for product, variant in shown:
        found = facts.get(product)
        if found is None:
            continue
        variants = [v for v in found.variants if variant in (None, v.variant_id)]
        if any(_fits(found, one, told) for one in variants):
            return Referent(product, variant)
    return None


def _fits(
    facts: ProductFacts, variant: VariantFacts, told: dict[Attribute, tuple[str, ...]]
) -> bool:
    has = {
        Attribute.COLOUR: variant.colour,
        Attribute.SIZE: variant.size,
        Attribute.BRAND: facts.brand,
        Attribute.MATERIAL: facts.material,
        Attribute.CATEGORY: facts.category_id,
    }
    return all(
        any(MATCHES[attribute](value, actual) for value in values)
        for attribute, values in told.items()
        for actual in [has[attribute] or ""]
    )


def cart_line(turn: Turn, session: Session, cart: CartView) -> CartLineView | OutOfRange | None:
    """The cart line a message is about; a cart with one line leaves no doubt."""
    meant = referent(turn, session)
    if isinstance(meant, OutOfRange):
        return meant
    lines = {line.variant_id: line for line in cart.lines}
    if meant is not None:
        if meant.variant_id in lines:
            return lines[meant.variant_id]
        of_product = [line for line in cart.lines if line.product_id == meant.product_id]
        if of_product:
            return of_product[-1]
    told = {k: v for k, v in query_of(turn).include.items() if k in MATCHES}
    if told:
        return _described_line(session, cart, told, now=turn.now)
    return cart.lines[0] if len(cart.lines) == 1 and meant is None else None


def _described_line(
    session: Session, cart: CartView, told: dict[Attribute, tuple[str, ...]], *, now: datetime
) -> CartLineView | None:
    facts = product_facts(session, [line.product_id for line in cart.lines], now=now)
    for line in cart.lines:
        found = facts.get(line.product_id)
        for variant in found.variants if found else ():
            if found and variant.variant_id == line.variant_id and _fits(found, variant, told):
                return line
    return None
