"""`cartwright bench serve` measures a shop like a trained one, and asks it only what is new."""

import json
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from benchmarks.serving.feed import feed
from benchmarks.serving.made_up import UNITS, Shop, make_shop
from benchmarks.serving.volume import SURFACES, Asked, asked_for
from cli.main import app
from db.engine import make_engine
from db.models import Cart, Event
from recommender.abandonment import KINDS
from recommender.bundle import SOURCES, Bundle
from recommender.lstm_step import Lstm
from recommender.registry import current, read


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("bench"), items=1000)


@pytest.fixture(scope="module")
def asked(shop: Shop) -> list[Asked]:
    return asked_for(shop, count=2000, k=8)


def query_of(one: Asked) -> dict[str, str]:
    address = one.line.split(" ", 2)[1]
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_the_shop_has_every_source_of_a_trained_one_taste_and_the_second_head(shop: Shop) -> None:
    manifest, parts = read(shop.models_dir, current(shop.models_dir))
    bundle = Bundle.from_parts(parts, sources=manifest.sources, catalogue=manifest.catalogue)
    assert {source.name for source in bundle.blend.sources} == set(SOURCES)
    network = bundle.source(Lstm.name)
    assert isinstance(network, Lstm)
    assert network.weights.leaving.shape == (UNITS + KINDS,)
    assert bundle.carts is not None
    assert bundle.blend.taste is not None


def test_all_surfaces_are_asked_for_and_a_product_page_is_about_what_was_just_met(
    asked: list[Asked],
) -> None:
    queries = [query_of(one) for one in asked]
    counted = Counter(query["surface"] for query in queries)
    assert set(counted) == {surface.value for surface in SURFACES}
    for surface, share in SURFACES.items():
        assert counted[surface.value] / len(asked) == pytest.approx(share, abs=0.05)
    for one, query in zip(asked, queries, strict=True):
        assert query.get("product") == (one.event[1] if query["surface"] == "product" else None)


def test_whoever_is_asked_about_their_cart_has_one(shop: Shop, asked: list[Asked]) -> None:
    engine = make_engine(shop.database_url)
    with engine.connect() as connection:
        have = set(connection.scalars(select(Cart.visitor_id)))
    engine.dispose()
    assert {one.event[0] for one in asked if query_of(one)["surface"] == "cart"} <= have


def test_every_request_comes_after_an_event_of_its_visitor(shop: Shop, asked: list[Asked]) -> None:
    fed = [one.event for one in asked[:50]]
    feed(shop.database_url, 1e9, 0.0, fed)
    engine = make_engine(shop.database_url)
    with engine.connect() as connection:
        newest = select(Event.visitor_id, Event.product_id).order_by(Event.id.desc()).limit(50)
        assert [tuple(row) for row in connection.execute(newest)] == fed[::-1]
    engine.dispose()


@pytest.mark.slow
def test_the_command_says_and_writes_what_serving_took(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    result = CliRunner().invoke(
        app,
        ["bench", "serve", "--items", "1000", "--rate", "20", "--seconds", "2", "--workers", "1",
         "--events", "100", "--batch", "20", "--json", str(figures)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    told = json.loads(figures.read_text())
    served, taken = told["recommendations"], told["ingest"]
    assert served["statuses"] == {"200": 40}
    assert served["server_cpu_seconds"] > 0
    assert served["events_late"] <= served["asked"]
    assert taken["statuses"] == {"202": 100}
    assert told["knew_last_event"] == [100, 100]
    assert told["memory_mb"]
    assert "events a second stored (aimed at 100:" in result.output
