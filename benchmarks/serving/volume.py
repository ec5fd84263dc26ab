"""A shop of many products, made up, with every source of the blend: what `bench serve` asks.

The counting sources are counted from made-up sessions. The network has the trained network's shape
with random weights: what a request costs does not depend on what was learnt.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import numpy as np
import polars as pl
import psutil
from sqlalchemy import insert

from core.identity import Identity, issue_token
from core.settings import DEMO_SECRET
from db.engine import make_engine
from db.insert import table_of
from db.migrate import upgrade
from db.models import Category, Event, EventName, Price, Product, Variant, Visitor
from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.contexts import CONTEXTS
from recommender.lstm_step import Lstm, Weights
from recommender.registry import Manifest, store, switch
from recommender.sequences import ACTIONS, GAP_BUCKETS
from recommender.spoken import Spoken
from recommender.taste import FEATURES, Taste
from recommender.training import fit_counts, prepare

UNITS = 128
CATEGORIES = 500
SESSIONS = 150_000
VISITORS = 5000
VIEWS = 8
START_SECONDS = 120


@dataclass(frozen=True)
class Shop:
    """Where the made-up shop lies, and who visits it."""

    database_url: str
    models_dir: Path
    products: list[str]
    visitors: list[str]


def make_shop(folder: Path, *, items: int, seed: int = 1) -> Shop:
    """Fill a database and a model registry in the folder."""
    draw = np.random.default_rng(seed)
    products = [f"p{number:06}" for number in range(items)]
    category = [f"c{number % CATEGORIES:03}" for number in range(items)]
    shop = Shop(f"sqlite:///{folder / 'shop.db'}", folder / "models", products,
                [f"v{number:05}" for number in range(VISITORS)])  # fmt: skip
    _fill(shop, category, draw)
    _learn(shop, category, draw)
    return shop


def _walks(draw: np.random.Generator, items: int, count: int, steps: int) -> np.ndarray[Any, Any]:
    """Sessions (count, steps): around a popular product, mostly to products near it."""
    begin = (items * draw.power(0.3, count)).astype(np.int64) % items
    away = np.cumsum(draw.integers(-12, 13, (count, steps)), axis=1)
    walks: np.ndarray[Any, Any] = (begin[:, None] + away) % items
    return walks


def _fill(shop: Shop, category: Sequence[str], draw: np.random.Generator) -> None:
    upgrade(shop.database_url)
    engine, now = make_engine(shop.database_url), datetime.now(UTC)
    walks = _walks(draw, len(shop.products), VISITORS, VIEWS)
    with engine.begin() as connection:

        def put(model: Any, rows: list[dict[str, Any]]) -> None:
            connection.execute(insert(table_of(model)), rows)

        put(Category, [{"id": key, "title": f"Category {key}", "synonyms": []}
                       for key in sorted(set(category))])  # fmt: skip
        put(Product, [
            {"id": key, "title": f"Product {key}", "category_id": kind, "description": "",
             "facts": {}, "active": True, "updated_at": now}
            for key, kind in zip(shop.products, category, strict=True)
        ])  # fmt: skip
        put(Variant, [{"id": key, "product_id": key, "position": 0, "stock": 5}
                      for key in shop.products])  # fmt: skip
        put(Price, [{"variant_id": key, "amount": 1000, "currency": "EUR",
                     "valid_from": now - timedelta(days=1)} for key in shop.products])  # fmt: skip
        put(Visitor, [{"id": key, "is_robot": False, "created_at": now}
                      for key in shop.visitors])  # fmt: skip
        put(Event, [
            {"visitor_id": visitor, "event_id": f"e{step}", "position": 0,
             "name": EventName.VIEW_ITEM, "at": now - timedelta(seconds=30 * (VIEWS - step)),
             "received_at": now, "product_id": shop.products[item], "source": "web"}
            for visitor, walk in zip(shop.visitors, walks.tolist(), strict=True)
            for step, item in enumerate(walk)
        ])  # fmt: skip
    engine.dispose()


def _learn(shop: Shop, category: Sequence[str], draw: np.random.Generator) -> None:
    items, steps = len(shop.products), 5
    walks = _walks(draw, items, SESSIONS, steps).ravel()
    session = np.repeat(np.arange(SESSIONS), steps)
    minute = session // 4 + np.tile(np.arange(steps), SESSIONS)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    names = pl.Series(shop.products)
    events = pl.DataFrame({
        "shopper": pl.Series(session // 2).cast(pl.String), "session": pl.Series(session).cast(
            pl.String), "product": names[walks], "action": np.where(
            draw.random(len(walks)) < 0.3, "add", "view"),
        "at": pl.Series([begin]).dt.cast_time_unit("us") + pl.Series(
            minute.astype(np.int64) * 60_000_000).cast(pl.Duration("us")),
    })  # fmt: skip
    size = len(shop.products)
    items = pl.DataFrame({
        "product": shop.products, "category": category,
        "brand": [f"brand {place % 200}" for place in range(size)],
        "amount": draw.integers(500, 20_000, size),
    })  # fmt: skip
    prepared = prepare(events, items)

    def some(*shape: int) -> np.ndarray[Any, Any]:
        return draw.normal(0, 0.3, shape).astype(np.float32)

    size = len(prepared.vocabulary)
    lstm = Lstm(Weights(
        item=some(size + 1, UNITS), action=some(len(ACTIONS) + 1, UNITS),
        gap=some(GAP_BUCKETS, UNITS), kernel=some(UNITS, 4 * UNITS),
        recurrent=some(UNITS, 4 * UNITS), bias=some(4 * UNITS), item_bias=some(size),
        seen=np.ones(size, np.bool_),
    ))  # fmt: skip
    sources = [lstm, *fit_counts(prepared.log, prepared)]
    weights = np.full((CONTEXTS, len(sources)), 1 / len(sources))
    taste = Taste.fit(prepared.log, prepared.facts, np.full(len(FEATURES), 0.3, np.float32))
    bundle = Bundle(prepared.vocabulary, prepared.category, Blend(sources, weights, taste),
                    np.zeros(size, np.bool_), Spoken.mine(prepared.log, min_people=5))  # fmt: skip
    names_of = tuple(source.name for source in sources)
    manifest = Manifest(
        "bench", datetime.now(UTC).isoformat(), bundle.vocabulary.fingerprint, True, names_of
    )
    store(shop.models_dir, manifest, bundle.parts())
    switch(shop.models_dir, "bench")


@contextmanager
def serving(shop: Shop, *, workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """The web process with its workers on a free port, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": shop.database_url, "CARTWRIGHT_MODELS_DIR": str(shop.models_dir),
        "CARTWRIGHT_WEB_PORT": str(port), "CARTWRIGHT_WEB_WORKERS": str(workers),
        "CARTWRIGHT_LOG_LEVEL": "WARNING", "CARTWRIGHT_SECRET": DEMO_SECRET,
        "CARTWRIGHT_DEMO": "true", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "web"], env=environment)
    try:
        _wait_until_up(port, process)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=5)
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the web process did not start")


def requests_for(shop: Shop, *, k: int, seed: int = 1) -> list[str]:
    """Three clicks of every visitor, in random order: what they open, and so what is asked for.

    Each names the product that was opened: the network has to take one more step and every source
    to answer again, so that no answer is kept from before.
    """
    random, now = Random(seed), datetime.now(UTC)  # noqa: S311 a benchmark's choice
    lines = []
    for number in range(3 * len(shop.visitors)):
        token = _token(shop.visitors[number % len(shop.visitors)], now)
        query = f"surface=product&k={k}&product={random.choice(shop.products)}"
        lines.append(
            f"GET /recommendations/ids?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        )
    random.shuffle(lines)
    return lines


def ingest_for(shop: Shop, *, batch: int, count: int, seed: int = 2) -> list[str]:
    """`count` posts of `batch` events each, each post one visitor's."""
    random, now = Random(seed), datetime.now(UTC)  # noqa: S311 a benchmark's choice
    lines = []
    for number in range(count):
        events = [
            {"name": "add_to_cart" if step % 10 == 9 else "view_item",
             "event_id": f"b{number}-{step}",
             "params": {"items": [{"item_id": random.choice(shop.products)}]}}
            for step in range(batch)
        ]  # fmt: skip
        body = json.dumps({"events": events})
        token = _token(shop.visitors[number % len(shop.visitors)], now)
        lines.append(
            f"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
    return lines


def send(
    port: int, folder: Path, lines: Sequence[str], *, rate: float, seconds: float,
    connections: int = 64,
) -> dict[str, Any]:  # fmt: skip
    """Have the load generator send the requests, as a process of its own."""
    path = folder / "requests.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    command = [sys.executable, "-m", "benchmarks.serving.load", "127.0.0.1", str(port), str(rate),
               str(seconds), str(connections), str(path)]  # fmt: skip
    seen = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    result: dict[str, Any] = json.loads(seen.stdout)
    return result


def sees_the_last_event(port: int, shop: Shop, *, visitors: int = 200) -> int:
    """To how many visitors what they put into the cart was not suggested again at once.

    What is put in was suggested first the moment before; each request has a connection of its own,
    so that any worker may take it.
    """
    now, seen = datetime.now(UTC), 0
    base = f"http://127.0.0.1:{port}"
    for number in range(visitors):
        headers = {"Authorization": f"Bearer {_token(shop.visitors[number], now)}"}

        def ask(headers: dict[str, str] = headers) -> list[str]:
            answer = httpx.get(f"{base}/recommendations/ids?k=8", headers=headers)
            return [one["product_id"] for one in answer.json()["recommendations"]]

        first = ask()[0]
        event = {"name": "add_to_cart", "event_id": f"last-{number}",
                 "params": {"items": [{"item_id": first}]}}  # fmt: skip
        httpx.post(f"{base}/events", json=event, headers=headers).raise_for_status()
        seen += first not in ask()
    return seen


def memory_of(process: psutil.Process) -> list[tuple[str, float]]:
    """Megabytes that the process and each of its workers has to itself (USS)."""
    return [
        (f"{one.name()} {one.pid}", one.memory_full_info().uss / 2**20)
        for one in [process, *process.children(recursive=True)]
    ]


def cpu_of(process: psutil.Process) -> float:
    """Processor seconds of the process and its workers."""
    times = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


def _token(visitor: str, now: datetime) -> str:
    return issue_token(Identity(visitor), secret=DEMO_SECRET, now=now, lifetime=timedelta(hours=2))
