"""Which products answer a query, and in which order: conditions, words and meaning together.

Words and meaning are fused as a weighted sum of comparable scores; docs/search.md has the figures
for each alone and for both.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.catalogue_index import CatalogueIndex, Floats, Ints, Mask
from services.embedding import Embedder
from services.query import Attribute, SearchQuery, Sort
from services.text import content_words

VARIANT_ATTRIBUTES = (Attribute.COLOUR, Attribute.SIZE)
# Fused scores run from 0 to about 1.25; benchmarks/search shows where right answers lie. Below this
# one nothing is shown.
LEAST_SCORE = 0.30
# Products this much less alike than the best are no answer to the words.
SHARE_OF_BEST = 0.5
# What is dropped first when nothing meets every condition.
RELAX_ORDER = (
    "size",
    "feature",
    "material",
    "colour",
    "brand",
    "price",
    "category",
    "text",
)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much words and meaning count; tuned on half of benchmarks/search/queries.yml."""

    words: float = 0.25
    meaning: float = 1.0


@dataclass(frozen=True, slots=True)
class Matches:
    """Rows of products in order, how alike each is, and which variants meet the conditions."""

    order: Ints
    scores: Floats
    variants: Mask

    @property
    def best(self) -> float:
        """How alike the first is."""
        return float(self.scores[self.order].max(initial=0.0))


class QueryWords:
    """A query's words as the index scores them, spelling mistakes corrected."""

    def __init__(
        self, index: CatalogueIndex, embedder: Embedder, weights: Weights, text: str
    ) -> None:
        self.index = index
        self._embedder = embedder
        self._weights = weights
        self.corrected = index.corrected(text)
        self.words = [self.corrected.get(word, word) for word in content_words(text)]
        self.stems = index.tokenizer.stem(self.words)
        self._known: dict[tuple[str, ...], Floats] = {}

    def scores(self, without: Collection[str] = ()) -> Floats | None:
        """How alike every product [P] is to the words; None where none is left.

        `without` are stems to leave out.
        """
        kept = [pair for pair in zip(self.words, self.stems, strict=True) if pair[1] not in without]
        if not kept:
            return None
        text = tuple(word for word, _ in kept)
        if text not in self._known:
            self._known[text] = self._scored(text, [stem for _, stem in kept])
        return self._known[text]

    def _scored(self, text: Sequence[str], stems: list[str]) -> Floats:
        vector = self._embedder.vectors([" ".join(text)])[0]
        fused = np.maximum(self.index.meaning_scores(vector), 0.0)
        fused *= self._weights.meaning
        fused += self._weights.words * self.index.word_scores(stems)
        return fused


def _constrains(query: SearchQuery, name: str) -> bool:
    return query.without(name) != query


def relax(reader: QueryWords, query: SearchQuery) -> tuple[SearchQuery, tuple[str, ...], Matches]:
    """Drop one constraint if one is enough, else as many from the front of the order."""
    present = [name for name in RELAX_ORDER if _constrains(query, name)]
    single = [(name,) for name in present]
    growing = [tuple(present[:count]) for count in range(2, len(present))]
    for dropped in (*single, *growing):
        asked = query
        for name in dropped:
            asked = asked.without(name)
        if asked.is_empty:
            continue
        matches = match(reader, asked)
        if len(matches.order):
            return asked, dropped, matches
    return query, (), match(reader, query)


def match(reader: QueryWords, query: SearchQuery) -> Matches:
    """Every product that meets the conditions and answers the words, in the order asked for."""
    index = reader.index
    variants = _variant_mask(index, query)
    products = _product_mask(index, query)
    products &= np.bincount(index.owner[variants], minlength=index.size).astype(np.bool_)
    found = reader.scores() if query.text else None
    scores = np.zeros(index.size, dtype=np.float32) if found is None else found
    if found is not None:
        products &= _answering(reader, query, products)
    rows = np.flatnonzero(products)
    return Matches(rows[_order(index, query, rows, scores, variants)], scores, variants)


def _answering(reader: QueryWords, query: SearchQuery, products: Mask) -> Mask:
    """Which products answer the words that no condition accounts for.

    With conditions the words only choose among what meets them, if they tell those apart at all;
    alone they have to be met well enough.
    """
    everything = np.ones(len(products), dtype=np.bool_)
    rest = reader.scores(without=_stems_of_conditions(reader.index, query))
    if rest is None or not products.any():
        return everything
    best = float(rest[products].max())
    if best < LEAST_SCORE:
        return everything if query.include else ~everything
    return rest >= max(SHARE_OF_BEST * best, LEAST_SCORE if not query.include else 0.0)


def _stems_of_conditions(index: CatalogueIndex, query: SearchQuery) -> frozenset[str]:
    names = [
        index.category_titles.get(value, value) if attribute is Attribute.CATEGORY else value
        for attribute, values in query.include.items()
        for value in values
        if attribute is not Attribute.FEATURE or index.has_fact(value)
    ]
    return frozenset(index.tokenizer.stems(" ".join(names)))


def _variant_mask(index: CatalogueIndex, query: SearchQuery) -> Mask:
    mask = np.ones(len(index.owner), dtype=np.bool_)
    for attribute in VARIANT_ATTRIBUTES:
        if wanted := query.include.get(attribute):
            mask &= index.variant_mask(attribute, wanted)
        if unwanted := query.exclude.get(attribute):
            mask &= ~index.variant_mask(attribute, unwanted)
    if query.price_min is not None:
        mask &= index.amounts >= query.price_min
    if query.price_max is not None:
        mask &= index.amounts <= query.price_max
    return mask


def _product_mask(index: CatalogueIndex, query: SearchQuery) -> Mask:
    """Alternatives within an attribute; of features all are wanted (waterproof and windproof).

    A feature that no fact tells ("warm") is no condition; the words rank by it.
    """
    mask = np.ones(index.size, dtype=np.bool_)
    for attribute in Attribute:
        if attribute in VARIANT_ATTRIBUTES:
            continue
        if wanted := query.include.get(attribute):
            groups = [wanted]
            if attribute is Attribute.FEATURE:
                groups = [(value,) for value in wanted if index.has_fact(value)]
            for group in groups:
                mask &= index.product_mask(attribute, group)
        if unwanted := query.exclude.get(attribute):
            mask &= ~index.product_mask(attribute, unwanted)
    return mask


def _order(
    index: CatalogueIndex, query: SearchQuery, rows: Ints, scores: Floats, variants: Mask
) -> Ints:
    """Positions in `rows`, best first; what is sold out comes last, ties go to the popular."""
    available = np.zeros(index.size, dtype=np.bool_)
    available[index.owner[variants & index.in_stock]] = True
    price = np.full(index.size, np.iinfo(np.int64).max, dtype=np.int64)
    offered = variants & (index.in_stock | ~available[index.owner])
    np.minimum.at(price, index.owner[offered], index.amounts[offered])
    relevance, buyers = -scores[rows], -index.buyers[rows]
    first: dict[Sort, tuple[NDArray[Any], ...]] = {
        Sort.RELEVANCE: (relevance,),
        Sort.PRICE_ASC: (price[rows],),
        Sort.PRICE_DESC: (-price[rows],),
        Sort.POPULAR: (buyers,),
        Sort.NEWEST: (-index.updated[rows],),
    }
    keys = (~available[rows], *first[query.sort], relevance, buyers, rows)
    return np.lexsort(keys[::-1])
