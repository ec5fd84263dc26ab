"""A shop of many products, made up, that knows all that a trained shop does.

The counting sources are counted from made-up sessions. The network has the trained network's shape
with random weights, and so have its memory and its head that says who leaves; the weights of taste
and habit are made up too: what a request costs does not depend on what was learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy import insert

from db.engine import make_engine, make_session_factory
from db.insert import table_of
from db.migrate import upgrade
from db.models import Category, Event, EventName, Price, Product, Variant, Visitor
from db.writes.events import refold
from recommender.abandonment import KINDS, Carts
from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.contexts import CONTEXTS
from recommender.fitting import fit_counts
from recommender.habits import FEATURES as HABITS
from recommender.habits import Habits
from recommender.lstm_step import Lstm, Weights
from recommender.memory import HEADS, PROFILE, READ, Memory
from recommender.nearest import indexed
from recommender.popular import bought_again
from recommender.prepared import Prepared, prepare
from recommender.registry import Manifest, store, switch
from recommender.sequences import ACTIONS, GAP_BUCKETS
from recommender.spoken import Spoken
from recommender.taste import FEATURES, with_weights

UNITS = 128
MOST_CATEGORIES = 500
BRANDS = 200
SESSIONS_EACH = 3
"""Sessions for each product."""
SESSION_STEPS = 5
PRODUCTS_EACH = 10
"""Products for each visitor."""
VISIT = 10
VISITS = (timedelta(days=20), timedelta(days=3), timedelta())
"""How long ago each visitor came, with VISIT steps each time."""
IN_CART = 2
MIN_PEOPLE = 5


@dataclass(frozen=True)
class Shop:
    """Where the made-up shop lies, and who visits it."""

    database_url: str
    models_dir: Path
    products: list[str]
    visitors: list[str]
    last: list[int]
    """The place of the product that each visitor looked at last."""

    def has_cart(self, visitor: int) -> bool:
        """Every other visitor has put their last IN_CART products into the cart."""
        return visitor % 2 == 0


def make_shop(folder: Path, *, items: int, seed: int = 1) -> Shop:
    """Fill a database and a model registry in the folder."""
    draw = np.random.default_rng(seed)
    products = [f"p{number:06}" for number in range(items)]
    categories = min(MOST_CATEGORIES, items // 100)
    category = [f"c{number % categories:03}" for number in range(items)]
    visitors = [f"v{number:05}" for number in range(items // PRODUCTS_EACH)]
    walks = walk(draw, items, len(visitors), VISIT * len(VISITS))
    url = f"sqlite:///{folder / 'shop.db'}"
    shop = Shop(url, folder / "models", products, visitors, walks[:, -1].tolist())
    _fill(shop, category, walks)
    publish(shop.models_dir, learnt(prepared(products, category, draw), draw))
    return shop


def walk(draw: np.random.Generator, items: int, count: int, steps: int) -> NDArray[np.int64]:
    """Sessions (count, steps): around a popular product, mostly to products near it."""
    begin = (items * draw.power(0.3, count)).astype(np.int64) % items
    away = np.cumsum(draw.integers(-12, 13, (count, steps)), axis=1)
    walks: NDArray[np.int64] = (begin[:, None] + away) % items
    return walks


def _fill(shop: Shop, category: Sequence[str], walks: NDArray[np.int64]) -> None:
    upgrade(shop.database_url)
    engine, now = make_engine(shop.database_url), datetime.now(UTC)
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
        put(Event, _past(shop, walks, now))
    with make_session_factory(engine).begin() as session:
        refold(session, shop.visitors)
    engine.dispose()


def _past(shop: Shop, walks: NDArray[np.int64], now: datetime) -> list[dict[str, Any]]:
    """What the visitors have done so far, as rows of events."""
    ago = [since + timedelta(seconds=30 * (VISIT - step)) for since in VISITS
           for step in range(VISIT)]  # fmt: skip
    rows = []
    for number, steps in enumerate(walks.tolist()):
        for step, item in enumerate(steps):
            adds = shop.has_cart(number) and step >= len(steps) - IN_CART
            name = EventName.ADD_TO_CART if adds else EventName.VIEW_ITEM
            product = shop.products[item]
            rows.append({
                "visitor_id": shop.visitors[number], "event_id": f"e{step}", "position": 0,
                "name": name, "at": now - ago[step], "received_at": now, "product_id": product,
                "variant_id": product, "quantity": 1, "unit_amount": 1000, "currency": "EUR",
                "source": "web",
            })  # fmt: skip
    return rows


def prepared(
    products: Sequence[str], category: Sequence[str], draw: np.random.Generator
) -> Prepared:
    """Made-up sessions with the products, which are of these categories."""
    items = len(products)
    sessions = SESSIONS_EACH * items
    walks = walk(draw, items, sessions, SESSION_STEPS).ravel()
    session = np.repeat(np.arange(sessions), SESSION_STEPS)
    minute = session // 4 + np.tile(np.arange(SESSION_STEPS), sessions)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    events = pl.DataFrame({
        "shopper": pl.Series(session // 2).cast(pl.String),
        "session": pl.Series(session).cast(pl.String),
        "product": pl.Series(products)[walks],
        "action": np.where(draw.random(len(walks)) < 0.3, "add", "view"),
        "at": pl.Series([begin]).dt.cast_time_unit("us")
        + pl.Series(minute.astype(np.int64) * 60_000_000).cast(pl.Duration("us")),
    })  # fmt: skip
    catalogue = pl.DataFrame({
        "product": products, "category": category,
        "brand": [f"brand {place % BRANDS}" for place in range(items)],
        "amount": draw.integers(500, 20_000, items),
    })  # fmt: skip
    return prepare(events, catalogue)


def learnt(known: Prepared, draw: np.random.Generator) -> Bundle:
    """What training would make of the log, but for what it would learn."""

    def some(*shape: int) -> NDArray[np.float32]:
        return draw.normal(0, 0.3, shape).astype(np.float32)

    size, log, facts = len(known.vocabulary), known.log, known.facts
    lstm = Lstm(Weights(
        item=some(size + 1, UNITS), action=some(len(ACTIONS) + 1, UNITS),
        gap=some(GAP_BUCKETS, UNITS), kernel=some(UNITS, 4 * UNITS),
        recurrent=some(UNITS, 4 * UNITS), bias=some(4 * UNITS), item_bias=some(size),
        seen=np.ones(size, np.bool_), leaving=some(UNITS + KINDS),
        memory=Memory(
            read=some(UNITS, READ), telling=some(len(ACTIONS) + 1, HEADS),
            prior=np.abs(some(HEADS)) + 1, inner=some(PROFILE, UNITS), inner_bias=some(UNITS),
            own=some(UNITS, UNITS), own_bias=some(UNITS), lead=some(UNITS, UNITS),
            share=some(2 * UNITS + 1),
        ),
    ))  # fmt: skip
    habits = Habits.fit(log, facts, np.full(len(HABITS), 0.3, np.float32), network=lstm)
    sources = [lstm, *fit_counts(log, known), habits]
    weights = np.full((CONTEXTS, len(sources)), 1 / len(sources))
    taste = with_weights(habits.taste, np.full(len(FEATURES), 0.3, np.float32), np.float32(0.3))
    return Bundle(
        known.vocabulary, known.category, Blend(sources, weights, taste),
        bought_again(log, size), Spoken.mine(log, min_people=MIN_PEOPLE),
        Carts.fit(log, known.amount), indexed(sources),
    )  # fmt: skip


def publish(models_dir: Path, bundle: Bundle, version: str = "bench") -> None:
    """Put the bundle in force as a version of its own."""
    manifest = Manifest(
        version, datetime.now(UTC).isoformat(), bundle.vocabulary.fingerprint, True,
        tuple(source.name for source in bundle.blend.sources),
    )  # fmt: skip
    store(models_dir, manifest, bundle.parts())
    switch(models_dir, version)
