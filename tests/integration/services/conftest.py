"""The planted shop in the database, its model, and what suggests from it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory, make_engine
from db.models import Category, Price, Product, Variant
from recommender.prepared import prepare
from recommender.training import counts_only
from services.suggest import SuggestionService
from services.volume import VolumeService
from tests.integration.services.asking import publish
from tests.unit.recommender.shop import CATEGORY, ITEMS, item_frame, planted_events


@pytest.fixture
def shop(sessions: SessionFactory, clock: SimulatedClock) -> None:
    """The planted shop's catalogue, all in stock but the lamp."""
    now = clock.now()
    with sessions.begin() as session:
        kinds = sorted(set(CATEGORY.values()))
        session.add_all(Category(id=kind, title=kind.title()) for kind in kinds)
        session.flush()
        session.add_all(
            Product(id=item, title=f"The {item}", category_id=CATEGORY.get(item), updated_at=now)
            for item in ITEMS
        )
        session.flush()
        session.add_all(
            Variant(id=item, product_id=item, stock=0 if item == "lamp" else 5) for item in ITEMS
        )
        session.flush()
        session.add_all(
            Price(variant_id=item, amount=1000, currency="EUR", valid_from=now - timedelta(days=9))
            for item in ITEMS
        )


@pytest.fixture
def model(settings: Settings) -> str:
    """A version counted from the planted log, in force."""
    bundle = counts_only(prepare(planted_events(), item_frame()))
    publish(settings.models_dir, "v1", bundle.vocabulary.fingerprint, bundle.parts())
    return "v1"


@pytest.fixture
def service(settings: Settings) -> SuggestionService:
    return SuggestionService(settings)


@pytest.fixture
def volume(
    service: SuggestionService,
    database_url: str,
    sessions: SessionFactory,
    clock: SimulatedClock,
) -> Iterator[VolumeService]:
    engine = make_engine(database_url)
    volume = VolumeService(service, engine, sessions, clock)
    yield volume
    volume.stop()
    engine.dispose()
