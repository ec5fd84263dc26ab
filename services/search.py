"""Finding products: an index of the catalogue that follows it, and the rows to show as of now."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock, Thread

import numpy as np
import structlog
from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_session
from db.reads.catalogue import ProductFacts, VariantFacts, catalogue_version, product_facts
from db.reads.search import buyers_per_product, category_rows, product_rows, variant_rows
from services.catalogue_index import CatalogueIndex, build_index
from services.embedding import Embedder
from services.facets import Facet, facets_of
from services.matching import Matches, QueryWords, Weights, match, relax
from services.query import SearchQuery

log = structlog.get_logger()

# Below this score it is said that the results are a guess; benchmarks/search shows where right
# answers lie.
SURE_SCORE = 0.42
CHECK_EVERY = timedelta(seconds=2)
# Popularity and stock change without the catalogue changing.
REBUILD_AFTER = timedelta(minutes=10)
# Rows read beyond those shown, because a price or stock may have changed since the index.
SPARE_ROWS = 4


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
        matches = match(reader, asked)
        if not len(matches.order):
            asked, relaxed, matches = relax(reader, query)
        hits = _hits(session, index, asked, matches, skip=skip, limit=limit, now=now)
        return SearchResult(
            query=query,
            hits=hits,
            total=len(matches.order),
            facets=facets_of(index, asked, matches),
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
        matches = Matches(rows[np.argsort(-scores[rows], kind="stable")], scores, variants)
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


def _hits(
    session: Session,
    index: CatalogueIndex,
    query: SearchQuery,
    matches: Matches,
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
        if found is None:
            continue
        variant = found.best_variant(lambda v: v.variant_id in allowed and _affordable(query, v))
        if variant is not None:
            hits.append(Hit(found, variant, float(matches.scores[row])))
        if len(hits) == limit:
            break
    return tuple(hits)


def _affordable(query: SearchQuery, variant: VariantFacts) -> bool:
    amount = variant.price.amount
    return (query.price_min is None or amount >= query.price_min) and (
        query.price_max is None or amount <= query.price_max
    )
