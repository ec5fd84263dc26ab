"""Which variant of a product a shopper means, and what to ask while that is open."""

from dataclasses import dataclass
from typing import Any, Literal

from actions.references import Referent
from actions.skill import Turn
from actions.understand import query_of
from db.reads.catalogue import ProductFacts, VariantFacts
from services.catalogue_index import same
from services.colours import covers
from services.query import Attribute, SearchQuery

MAX_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Chosen:
    """The variant is clear; `other_sizes` are in stock where only the card settled its size."""

    variant: VariantFacts
    other_sizes: tuple[VariantFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """More than one is in stock: ask for what tells them apart."""

    what: Literal["size", "colour"]
    options: tuple[VariantFacts, ...]


@dataclass(frozen=True, slots=True)
class SoldOut:
    """Nothing that was meant is in stock."""

    variant: VariantFacts | None


def choose_variant(turn: Turn, facts: ProductFacts, meant: Referent) -> Chosen | Ask | SoldOut:
    """Settle colour and size by the button, the message, the standing search and the card shown.

    A card shows one variant, so what neither the message nor the search says is as on the card.
    """
    variants = facts.variants
    shown = next((v for v in variants if v.variant_id == meant.variant_id), None)
    told = query_of(turn).include
    colours = told.get(Attribute.COLOUR) or pending_values(turn, facts, Attribute.COLOUR)
    sizes = told.get(Attribute.SIZE) or pending_values(turn, facts, Attribute.SIZE)
    asked_size = bool(sizes) or is_awaited(turn, facts)
    if meant.exact:
        if shown is None or shown.stock <= 0:
            return SoldOut(shown)
        return Chosen(shown, () if asked_size else other_sizes(facts, shown))
    if not colours and shown is not None and shown.colour:
        colours = (shown.colour,)
    searched = _searched_sizes(turn)
    if not sizes:
        sizes = searched
    fitting = [v for v in variants if _is(v.colour, colours, variants, "colour")]
    fitting = [v for v in fitting if _is(v.size, sizes, fitting, "size")]
    in_stock = [variant for variant in fitting if variant.stock > 0]
    if not in_stock:
        return SoldOut(fitting[0] if fitting else None)
    if shown in in_stock and not asked_size:
        return Chosen(shown, () if searched else other_sizes(facts, shown))
    if len({variant.colour for variant in in_stock}) > 1:
        return Ask("colour", _one_per(in_stock, "colour"))
    if len({variant.size for variant in in_stock}) > 1:
        return Ask("size", tuple(in_stock[:MAX_CHOICES]))
    return Chosen(in_stock[0])


def other_sizes(facts: ProductFacts, variant: VariantFacts) -> tuple[VariantFacts, ...]:
    """The variants that differ from this one in size alone and are in stock."""
    others = [
        other
        for other in facts.variants
        if other.colour == variant.colour and other.size != variant.size and other.stock > 0
    ]
    return tuple(others[:MAX_CHOICES]) if variant.size else ()


def is_awaited(turn: Turn, facts: ProductFacts) -> bool:
    """Whether the assistant has asked which size or colour of this product is meant."""
    pending: dict[str, Any] = turn.slot("pending") or {}
    return pending.get("kind") == "choose_variant" and pending.get("product") == facts.product_id


def pending_values(turn: Turn, facts: ProductFacts, attribute: Attribute) -> tuple[str, ...]:
    """What was already settled of the choice that the assistant is waiting for."""
    value = turn.slot("pending").get(attribute) if is_awaited(turn, facts) else None
    return (value,) if isinstance(value, str) else ()


def _searched_sizes(turn: Turn) -> tuple[str, ...]:
    data = turn.slot("search")
    sizes = SearchQuery.from_dict(data).include.get(Attribute.SIZE, ()) if data else ()
    return sizes if len(sizes) == 1 else ()


def _is(
    actual: str | None,
    wanted: tuple[str, ...],
    among: tuple[VariantFacts, ...] | list[VariantFacts],
    what: Literal["size", "colour"],
) -> bool:
    """Whether a value is wanted; where every variant lacks it, there is nothing to choose."""
    if not wanted or all(getattr(variant, what) is None for variant in among):
        return True
    matches = covers if what == "colour" else same
    return actual is not None and any(matches(value, actual) for value in wanted)


def _one_per(variants: list[VariantFacts], what: str) -> tuple[VariantFacts, ...]:
    first: dict[str | None, VariantFacts] = {}
    for variant in variants:
        first.setdefault(getattr(variant, what), variant)
    return tuple(first.values())[:MAX_CHOICES]
