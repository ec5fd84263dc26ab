"""The phrases that name a catalogue's things, in the forms shoppers write them."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import inflect

# Colour words that a shopper uses whatever the catalogue calls its colours.
COLOURS = [
    "black",
    "white",
    "grey",
    "red",
    "green",
    "blue",
    "yellow",
    "orange",
    "purple",
    "pink",
    "brown",
    "beige",
    "turquoise",
    "navy",
    "burgundy",
    "khaki",
    "teal",
    "olive",
    "cream",
    "gold",
    "silver",
]
# What things are made of, in the words shoppers use; a catalogue's own ("merino wool") come on top.
MATERIALS = (
    "leather wool cotton linen silk denim fleece polyester nylon canvas suede merino bamboo "
    "wood wooden oak steel aluminium titanium glass ceramic plastic rubber cork"
).split()
# What a thing can do or is fit for; shops that name features of their own add to them.
FEATURES = [
    "waterproof",
    "water-resistant",
    "water-repellent",
    "windproof",
    "insulated",
    "breathable",
    "lightweight",
    "ultralight",
    "foldable",
    "packable",
    "reversible",
    "washable",
    "machine-washable",
    "dishwasher-safe",
    "microwave-safe",
    "oven-safe",
    "induction",
    "rechargeable",
    "wireless",
    "cordless",
    "solar",
    "organic",
    "vegan",
    "recycled",
    "sustainable",
    "handmade",
    "stackable",
    "adjustable",
    "padded",
    "quick-dry",
    "quick-drying",
    "stretchy",
    "non-slip",
    "non-stick",
    "shockproof",
    "leakproof",
    "odourless",
    "unscented",
    "hypoallergenic",
    "portable",
    "compact",
    "warm",
    "hooded",
    "inflatable",
    "freestanding",
    "dimmable",
    "energy-saving",
]
_SPELT = {"grey": "gray", "colour": "color", "aluminium": "aluminum", "jewellery": "jewelry"}

Phrases = dict[str, set[tuple[str, Any]]]


@lru_cache(maxsize=1)
def _engine() -> inflect.engine:
    return inflect.engine()


def phrases_of(terms: Mapping[str, Any]) -> Phrases:
    """Phrase → what it means, as (entity, value) pairs, for the JSON of /catalogue/terms.

    A malformed document raises KeyError, TypeError or AttributeError.
    """
    phrases: Phrases = {}
    for entity, name, value in _named(terms):
        for form in _forms(name, plural=entity in ("category", "product")):
            phrases.setdefault(form, set()).add((entity, value))
    return phrases


def _named(terms: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for category in terms["categories"]:
        title = category["title"]
        for name in [
            title,
            *category.get("synonyms", ()),
            *re.split(r"\s*(?:&|,|/|\band\b)\s*", title),
        ]:
            yield "category", name, category["id"]
    brands = tuple(f"{brand.lower()} " for brand in terms.get("brands", ()) if brand)
    for product in terms.get("products", ()):
        title = product["title"]
        yield "product", title, product["id"]
        for brand in brands:
            # "the ribbed beanie" for the Ullafell Ribbed Beanie
            if title.lower().startswith(brand) and " " in title[len(brand) :].strip():
                yield "product", title[len(brand) :], product["id"]
    for entity, key, more in (
        ("brand", "brands", ()),
        ("colour", "colours", COLOURS),
        ("material", "materials", MATERIALS),
        ("feature", "features", FEATURES),
    ):
        given = [name for name in terms.get(key, ()) if name]
        if entity == "material":
            # "canvas and leather" is said as either
            given += [part for name in given for part in name.split(" and ") if part != name]
        lowered = {name.lower() for name in given}
        for name in [*given, *(word for word in more if word not in lowered)]:
            yield entity, name, name


def _forms(name: str, *, plural: bool) -> list[str]:
    base = re.sub(r"\s+", " ", name.strip().lower())
    if len(base) < 2:
        return []
    forms = {base}
    if plural:
        forms |= {f"{head}{form}" for head, last in [_split(base)] for form in _number_forms(last)}
    for form in list(forms):
        for one, other in _SPELT.items():
            if re.search(rf"\b{one}", form):
                forms.add(re.sub(rf"\b{one}", other, form))
    for form in list(forms):
        if "-" in form:
            forms |= {form.replace("-", " "), form.replace("-", "")}
        elif form.count(" ") == 1 and len(form) < 20:
            forms |= {form.replace(" ", "-"), form.replace(" ", "")}
    return sorted(forms)


def _split(phrase: str) -> tuple[str, str]:
    head, space, last = phrase.rpartition(" ")
    return head + space, last


def _number_forms(word: str) -> set[str]:
    """Singular and plural of a noun, whichever was given."""
    if not word.isalpha() or len(word) < 3:
        return {word}
    singular = _engine().singular_noun(word)
    return {word, str(singular)} if singular else {word, str(_engine().plural_noun(word))}
