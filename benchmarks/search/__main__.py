"""How well the product search finds by meaning, and how fast: `python -m benchmarks.search`.

Runs the queries of queries.yml against the demo catalogue with BM25 alone, sentence vectors
alone, and both; prints recall@5 (the share of queries with an expected product among the first
five) and MRR of the ranking, then of whole searches, which leave out what fits too little, and
their time.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TypedDict

import numpy as np
import yaml
from sqlalchemy.orm import Session

from db.engine import make_engine, make_session_factory, read_session
from db.migrate import upgrade
from demo.catalogue import load_catalogue, store_catalogue
from services.catalogue_index import CatalogueIndex
from services.embedding import Embedder
from services.matching import QueryWords, Weights
from services.query import SearchQuery
from services.search import CatalogueSearch

QUERIES = Path(__file__).with_name("queries.yml")
DEPTH = 20
MODES = {
    "words (BM25)": Weights(meaning=0.0),
    "meaning (vectors)": Weights(words=0.0),
    "both": Weights(),
}


class Entry(TypedDict):
    """A query and the products that answer it."""

    query: str
    expect: list[str]


type Ranking = Callable[[str], Sequence[str]]


def main() -> None:
    """Fill a scratch shop, run every query in every mode, print the table."""
    queries = yaml.safe_load(QUERIES.read_text(encoding="utf-8"))
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/shop.db"
        upgrade(url)
        sessions = make_session_factory(make_engine(url))
        with sessions.begin() as session:
            store_catalogue(session, load_catalogue(), now=now)
        search = CatalogueSearch.build(sessions, now=now)
        with read_session(sessions) as session:
            for name, weights in MODES.items():
                report(name, queries, ranking(search.index, weights))
            report("whole search", queries, lambda text: found(search, session, text, now))
            texts = [entry["query"] for entries in queries.values() for entry in entries]
            print(speed(search, session, texts, now))


def report(name: str, queries: dict[str, list[Entry]], ranked: Ranking) -> None:
    """Print the quality of one way to rank, for each kind of query and half."""
    for kind, entries in queries.items():
        for half, part in (("tuned on", entries[::2]), ("held out", entries[1::2])):
            recall, mrr = quality(ranked, part)
            print(f"{name:18} {kind:8} {half}: recall@5 {recall:.3f}  MRR {mrr:.3f}  n={len(part)}")


def ranking(index: CatalogueIndex, weights: Weights) -> Ranking:
    """All products by score."""
    embedder = Embedder.load()

    def ranked(text: str) -> Sequence[str]:
        scores = QueryWords(index, embedder, weights, text).scores()
        assert scores is not None
        return [index.product_ids[row] for row in np.argsort(-scores, kind="stable")[:DEPTH]]

    return ranked


def found(search: CatalogueSearch, session: Session, text: str, now: datetime) -> Sequence[str]:
    """What a shopper would be shown."""
    return search.search(session, SearchQuery(text=text), limit=DEPTH, now=now).product_ids


def quality(ranked: Ranking, queries: list[Entry]) -> tuple[float, float]:
    """Recall@5 and MRR over the queries."""
    hits, reciprocal = 0, 0.0
    for entry in queries:
        products = ranked(entry["query"])
        ranks = [rank for rank, key in enumerate(products, 1) if key in entry["expect"]]
        if "-v" in sys.argv and (not ranks or ranks[0] > 5):
            print("  missed:", entry["query"], products[:5])
        hits += bool(ranks and ranks[0] <= 5)
        reciprocal += 1 / ranks[0] if ranks else 0.0
    return hits / len(queries), reciprocal / len(queries)


def speed(search: CatalogueSearch, session: Session, queries: list[str], now: datetime) -> str:
    """Median and p95 of a search with its rows, in milliseconds."""
    times = []
    for text in queries * 5:
        start = perf_counter()
        search.search(session, SearchQuery(text=text), limit=5, now=now)
        times.append((perf_counter() - start) * 1000)
    median, p95 = np.percentile(times, [50, 95])
    return f"{search.index.size} products: median {median:.2f} ms, p95 {p95:.2f} ms"


if __name__ == "__main__":
    main()
