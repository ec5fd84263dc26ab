"""How fast a large shop is searched: the demo catalogue in many editions, in a scratch database.

Each edition has names and prices of its own, so that no two products are the same.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from time import perf_counter
from urllib.parse import quote

import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient

from benchmarks.serving.latency import Latency, summed_up
from core.settings import Settings
from db.engine import make_engine, make_session_factory, read_session
from db.migrate import upgrade
from demo.catalogue import Catalogue, DemoProduct, load_catalogue, store_catalogue
from services.search import CatalogueSearch
from web.app import create_app, warm_up

QUERIES = Path(__file__).with_name("queries.yml")
_SYLLABLES = ("va", "ri", "lo", "ken", "mar", "su", "tol", "bri", "ney", "dan", "fer", "ost")
PAGE = {"Accept": "text/html"}


@dataclass(frozen=True)
class Speed:
    """What searching a shop of so many products takes."""

    products: int
    build_seconds: float
    searches: Latency
    api: Latency
    search_pages: Latency
    listing_pages: Latency


def measure_search(products: int) -> Speed:
    """Fill a scratch shop and time searches inside, by the API and as pages."""
    entries = yaml.safe_load(QUERIES.read_text(encoding="utf-8"))
    queries = [entry["query"] for group in entries.values() for entry in group]
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder, _app(folder, products, now) as app:
        sessions = app.state.sessions
        start = perf_counter()
        search = CatalogueSearch.build(sessions, now=now)
        build_seconds = perf_counter() - start
        warm_up(app)
        with read_session(sessions) as session, TestClient(app) as client:

            def searched(text: str) -> None:
                search.search(session, app.state.search.read(session, text), limit=24, now=now)

            def get(path: str) -> None:
                client.get(path, headers=PAGE).raise_for_status()

            categories = [f"/categories/{quote(one)}" for one in search.index.category_titles]
            return Speed(
                products=search.index.size,
                build_seconds=build_seconds,
                searches=_timed(searched, queries),
                api=_timed(get, [f"/catalogue/search?q={quote(text)}" for text in queries]),
                search_pages=_timed(get, [f"/search?q={quote(text)}" for text in queries]),
                listing_pages=_timed(get, ["/categories", *categories]),
            )


@contextmanager
def _app(folder: str, products: int, now: datetime) -> Iterator[FastAPI]:
    url = f"sqlite:///{folder}/shop.db"
    upgrade(url)
    engine = make_engine(url)
    with make_session_factory(engine).begin() as session:
        store_catalogue(session, many_editions(load_catalogue(), products), now=now)
    engine.dispose()
    settings = Settings.model_validate({"DATABASE_URL": url, "models_dir": Path(folder)})
    yield create_app(settings)


def many_editions(catalogue: Catalogue, products: int) -> Catalogue:
    """A catalogue of so many products, made of editions of the given one."""
    names = ["".join(parts).title() for parts in product(_SYLLABLES, repeat=2)]
    copies: list[DemoProduct] = list(catalogue.products)
    edition = 0
    while len(copies) < products:
        copies += [_edition(one, edition, names) for one in catalogue.products]
        edition += 1
    return replace(catalogue, products=tuple(copies[:products]))


def _edition(one: DemoProduct, edition: int, names: Sequence[str]) -> DemoProduct:
    name = names[(edition * 7 + len(one.title)) % len(names)]
    return replace(
        one,
        id=f"{one.id[:50]}-{edition}",
        title=f"{name} {one.title} {edition + 2}",
        variants=tuple(
            replace(variant, id=f"{variant.id[:50]}-{edition}") for variant in one.variants
        ),
    )


def _timed(run: Callable[[str], None], over: Sequence[str]) -> Latency:
    for one in over[:5]:
        run(one)
    seconds = []
    for one in over:
        start = perf_counter()
        run(one)
        seconds.append(perf_counter() - start)
    return summed_up(seconds)


def main() -> None:
    """Print the figures for CARTWRIGHT_BENCH_PRODUCTS products, 50,000 by default."""
    found = measure_search(int(os.environ.get("CARTWRIGHT_BENCH_PRODUCTS", "50000")))
    print(f"{found.products:,} products, indexed in {found.build_seconds:.1f} s")
    for name, latency in (
        ("a search", found.searches),
        ("GET /catalogue/search", found.api),
        ("the search page", found.search_pages),
        ("a category's page", found.listing_pages),
    ):
        print(
            f"{name:22} median {latency.median:6.1f} ms, p95 {latency.p95:6.1f} ms, "
            f"longest {latency.longest:6.1f} ms, n={latency.requests}"
        )


if __name__ == "__main__":
    main()
