"""Finding products: conditions, words (BM25) and meaning (sentence vectors) together.

Words and meaning are fused as a weighted sum of comparable scores; docs/search.md has the figures
for each alone and for both.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock, Thread
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_session
from db.reads.catalogue import ProductFacts, VariantFacts, catalogue_version, product_facts
from db.reads.search import buyers_per_product, category_rows, product_rows, variant_rows
from services.catalogue_index import CatalogueIndex, Floats, Ints, Mask, build_index
from services.embedding import Embedder
from services.query import Attribute, SearchQuery, Sort
from services.text import content_words

log = structlog.get_logger()

VARIANT_ATTRIBUTES = (Attribute.COLOUR, Attribute.SIZE)
# Fused scores run from 0 to about 1.25; benchmarks/search shows where right answers lie. Below
# LEAST nothing is shown, below SURE it is said that these are a guess.
LEAST_SCORE = 0.30
SURE_SCORE = 0.42
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
MAX_FACET_VALUES = 4
CHECK_EVERY = timedelta(seconds=2)
# Popularity and stock change without the catalogue changing.
REBUILD_AFTER = timedelta(minutes=10)
# Rows read beyond those shown, because a price or stock may have changed since the index.
SPARE_ROWS = 4


@dataclass(frozen=True, slots=True)
class Weights:
    """How much words and meaning count; tuned on half of benchmarks/search/queries.yml."""

    words: float = 0.25
    meaning: float = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A product found, the variant that meets the conditions, and its rows as of now."""

    facts: ProductFacts
    variant: VariantFacts
    score: float

    @property
    def product_id(self) -> str:
        """The product's id."""
        return self.facts.product_id


@dataclass(frozen=True, slots=True)
class Facet:
    """An attribute that tells the results apart: its commonest values and how many have them."""

    attribute: Attribute
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What fits, best first.

    `sure` is False where the words fit only loosely. `relaxed` names the constraints (attributes,
    "price" or "text") that had to be dropped to find anything; `corrected` the words read as
    others; `version` the catalogue that was counted.
    """

    query: SearchQuery
    hits: tuple[Hit, ...] = ()
    total: int = 0
    facets: tuple[Facet, ...] = ()
    sure: bool = True
    relaxed: tuple[str, ...] = ()
    corrected: dict[str, str] = field(default_factory=dict)
    version: str = ""

    @property
    def product_ids(self) -> tuple[str, ...]:
        """The ids of the products found, best first."""
        return tuple(hit.product_id for hit in self.hits)


@dataclass(frozen=True, slots=True)
class _Matches:
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

    def scores(self, without: Collection[str] = ()) -> Floats | None:
        """How alike every product [P] is to the words; None where none is left.

        `without` are stems to leave out.
        """
        kept = [pair for pair in zip(self.words, self.stems, strict=True) if pair[1] not in without]
        if not kept:
            return None
        vector = self._embedder.vectors([" ".join(word for word, _ in kept)])[0]
        words = self.index.word_scores([stem for _, stem in kept])
        meaning = np.maximum(self.index.meaning_scores(vector), 0.0)
        fused = self._weights.words * words + self._weights.meaning * meaning
        return fused.astype(np.float32)


class CatalogueSearch:
    """Searches the catalogue; rebuilds its index in the background when the catalogue changes."""

    def __init__(self, sessions: SessionFactory, index: CatalogueIndex, embedder: Embedder) -> None:
        self._sessions = sessions
        self._index = index
        self._embedder = embedder
        self._lock = Lock()
        self._checked_at = index.built_at
        self._rebuilding: Thread | None = None
        self.weights = Weights()

    @classmethod
    def build(
        cls, sessions: SessionFactory, *, now: datetime, embedder: Embedder | None = None
    ) -> "CatalogueSearch":
        """Read the catalogue and index it; takes about a second, most of it the embedder's."""
        embedder = embedder or Embedder.load()
        return cls(sessions, read_index(sessions, embedder=embedder, now=now), embedder)

    @property
    def index(self) -> CatalogueIndex:
        """The index in use."""
        return self._index

    @property
    def embedder(self) -> Embedder:
        """The sentence vectors that the search uses."""
        return self._embedder

    def search(
        self, session: Session, query: SearchQuery, *, limit: int, now: datetime, skip: int = 0
    ) -> SearchResult:
        """The `limit` best products after the first `skip`; stock and prices as of this read.

        Where nothing meets every condition, constraints are dropped in RELAX_ORDER, as few as
        possible, and named in the result. A query that asks for nothing in particular gets
        popular products.
        """
        self._refresh(session, now)
        index = self._index
        reader = QueryWords(index, self._embedder, self.weights, query.text)
        asked, relaxed = query, tuple[str, ...]()
        matches = _match(reader, asked)
        if not len(matches.order):
            asked, relaxed, matches = _relax(reader, query)
        hits = _hits(session, index, asked, matches, skip=skip, limit=limit, now=now)
        return SearchResult(
            query=query,
            hits=hits,
            total=len(matches.order),
            facets=_facets(index, asked, matches),
            sure=bool(asked.include) or not asked.text or matches.best >= SURE_SCORE,
            relaxed=relaxed,
            corrected=reader.corrected,
            version=index.version,
        )

    def alike(
        self, session: Session, product_id: str, *, limit: int, now: datetime
    ) -> tuple[Hit, ...]:
        """Products in stock of the same category, the most alike in meaning first."""
        index = self._index
        row = index.rows.get(product_id)
        if row is None:
            return ()
        variants = index.in_stock
        products = index.categories.codes == index.categories.codes[row]
        products &= np.bincount(index.owner[variants], minlength=index.size).astype(np.bool_)
        products[row] = False
        rows = np.flatnonzero(products)
        scores = index.meaning_scores(index.vectors[row])
        matches = _Matches(rows[np.argsort(-scores[rows], kind="stable")], scores, variants)
        hits = _hits(session, index, SearchQuery(), matches, skip=0, limit=limit, now=now)
        return tuple(hit for hit in hits if hit.variant.stock > 0)

    def _refresh(self, session: Session, now: datetime) -> None:
        """Start a rebuild if the catalogue has changed; looks at most every CHECK_EVERY."""
        with self._lock:
            busy = self._rebuilding is not None and self._rebuilding.is_alive()
            if busy or abs(now - self._checked_at) < CHECK_EVERY:
                return
            self._checked_at = now
        current = catalogue_version(session) == self._index.version
        if current and abs(now - self._index.built_at) < REBUILD_AFTER:
            return
        with self._lock:
            self._rebuilding = Thread(target=self.rebuild, args=(now,), daemon=True)
            self._rebuilding.start()

    def rebuild(self, now: datetime) -> None:
        """Index the catalogue anew and switch to it."""
        self._index = read_index(self._sessions, embedder=self._embedder, now=now)
        log.info("search_index_built", products=self._index.size)


def read_index(sessions: SessionFactory, *, embedder: Embedder, now: datetime) -> CatalogueIndex:
    """The index of the catalogue as it is now."""
    with read_session(sessions) as session:
        version = catalogue_version(session)
        products = product_rows(session)
        variants = variant_rows(session)
        categories = category_rows(session)
        buyers = buyers_per_product(session, now=now)
    return build_index(
        version=version,
        products=products,
        variants=variants,
        categories=categories,
        buyers=buyers,
        embedder=embedder,
        now=now,
    )


def _constrains(query: SearchQuery, name: str) -> bool:
    return query.without(name) != query


def _relax(reader: QueryWords, query: SearchQuery) -> tuple[SearchQuery, tuple[str, ...], _Matches]:
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
        matches = _match(reader, asked)
        if len(matches.order):
            return asked, dropped, matches
    return query, (), _match(reader, query)


def _match(reader: QueryWords, query: SearchQuery) -> _Matches:
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
    return _Matches(rows[_order(index, query, rows, scores, variants)], scores, variants)


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


def _hits(
    session: Session,
    index: CatalogueIndex,
    query: SearchQuery,
    matches: _Matches,
    *,
    skip: int,
    limit: int,
    now: datetime,
) -> tuple[Hit, ...]:
    """The rows to show, read now; what no longer meets the conditions is passed over."""
    page = matches.order[skip : skip + limit + SPARE_ROWS]
    facts = product_facts(session, [index.product_ids[row] for row in page], now=now)
    allowed = {
        index.variant_ids[number]
        for number in np.flatnonzero(matches.variants & np.isin(index.owner, page))
    }
    hits: list[Hit] = []
    for row in page:
        found = facts.get(index.product_ids[row])
        variant = best_variant(found, lambda v: v.variant_id in allowed and _affordable(query, v))
        if found is not None and variant is not None:
            hits.append(Hit(found, variant, float(matches.scores[row])))
        if len(hits) == limit:
            break
    return tuple(hits)


def best_variant(
    facts: ProductFacts | None, fits: Callable[[VariantFacts], bool] = lambda _: True
) -> VariantFacts | None:
    """The variant to show of those that fit: one in stock, then the cheapest."""
    if facts is None:
        return None
    return min(
        (variant for variant in facts.variants if fits(variant)),
        key=lambda variant: (variant.stock <= 0, variant.price.amount),
        default=None,
    )


def _affordable(query: SearchQuery, variant: VariantFacts) -> bool:
    amount = variant.price.amount
    return (query.price_min is None or amount >= query.price_min) and (
        query.price_max is None or amount <= query.price_max
    )


def _facets(index: CatalogueIndex, query: SearchQuery, matches: _Matches) -> tuple[Facet, ...]:
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


def _value_counts(index: CatalogueIndex, attribute: Attribute, matches: _Matches) -> dict[str, int]:
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
