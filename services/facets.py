"""What would narrow the results of a search: the attributes that tell them apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.catalogue_index import CatalogueIndex
from services.matching import Matches
from services.query import Attribute, SearchQuery

MAX_FACET_VALUES = 4


@dataclass(frozen=True, slots=True)
class Facet:
    """An attribute that tells the results apart: its commonest values and how many have them."""

    attribute: Attribute
    values: tuple[tuple[str, int], ...]


def facets_of(index: CatalogueIndex, query: SearchQuery, matches: Matches) -> tuple[Facet, ...]:
    """What would narrow the results: the category first, then the most telling (by entropy)."""
    found: list[tuple[float, Facet]] = []
    for attribute in (Attribute.CATEGORY, Attribute.BRAND, Attribute.COLOUR, Attribute.MATERIAL):
        if query.include.get(attribute):
            continue
        counts = _value_counts(index, attribute, matches)
        if len(counts) < 2:
            continue
        common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_FACET_VALUES]
        found.append((_telling(list(counts.values())), Facet(attribute, tuple(common))))
    found.sort(key=lambda pair: (pair[1].attribute is not Attribute.CATEGORY, -pair[0]))
    return tuple(facet for _, facet in found)


def _value_counts(index: CatalogueIndex, attribute: Attribute, matches: Matches) -> dict[str, int]:
    """How many of the matching products have each value."""
    rows = matches.order
    if attribute is Attribute.COLOUR:
        kept = matches.variants & np.isin(index.owner, rows)
        pairs = np.stack([index.owner[kept], index.colours.codes[kept]], axis=1)
        codes, values = np.unique(pairs, axis=0)[:, 1] if len(pairs) else rows, index.colours.values
    else:
        by_attribute = {
            Attribute.CATEGORY: index.categories,
            Attribute.BRAND: index.brands,
            Attribute.MATERIAL: index.materials,
        }[attribute]
        codes, values = by_attribute.codes[rows], by_attribute.values
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    return {values[code]: int(counts[code]) for code in np.flatnonzero(counts)}


def _telling(counts: Sequence[int]) -> float:
    """Entropy of the four commonest values' shares, in bits: how much an answer would tell."""
    top = np.sort(np.array(counts, dtype=np.float64))[::-1][:MAX_FACET_VALUES]
    shares = top / sum(counts)
    return float(-(shares * np.log2(shares)).sum())
