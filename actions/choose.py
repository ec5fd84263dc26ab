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
    """The variant is clear."""

    variant: VariantFacts


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
    """Settle colour and size by the button, the message, the card shown and the standing search.

    A card shown settles the colour, never the size: the shopper's size is not known from it.
    """
    variants = facts.variants
    if meant.exact:
        found = [variant for variant in variants if variant.variant_id == meant.variant_id]
        return (
            Chosen(found[0]) if found and found[0].stock > 0 else SoldOut(next(iter(found), None))
        )
    shown = next((v for v in variants if v.variant_id == meant.variant_id), None)
    told = query_of(turn).include
    colours = told.get(Attribute.COLOUR) or pending_values(turn, facts, Attribute.COLOUR)
    sizes = told.get(Attribute.SIZE) or pending_values(turn, facts, Attribute.SIZE)
    if not colours and shown is not None and shown.colour:
        colours = (shown.colour,)
    if not sizes:
        sizes = _searched_sizes(turn)
    fitting = [v for v in variants if _is(v.colour, colours, variants, "colour")]
    fitting = [v for v in fitting if _is(v.size, sizes, fitting, "size")]
    in_stock = [variant for variant in fitting if variant.stock > 0]
    if not in_stock:
        return SoldOut(fitting[0] if fitting else None)
    if len({variant.colour for variant in in_stock}) > 1:
        return Ask("colour", _one_per(in_stock, "colour"))
    if len({variant.size for variant in in_stock}) > 1:
        return Ask("size", tuple(in_stock[:MAX_CHOICES]))
    return Chosen(in_stock[0])


def pending_values(turn: Turn, facts: ProductFacts, attribute: Attribute) -> tuple[str, ...]:
    """What was already settled of the choice that the assistant is waiting for."""
    pending: dict[str, Any] = turn.slot("pending") or {}
    if pending.get("kind") != "choose_variant" or pending.get("product") != facts.product_id:
        return ()
    value = pending.get(attribute)
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
