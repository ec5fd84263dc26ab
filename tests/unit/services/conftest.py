"""The small shop's search."""

import pytest

from core.clock import SimulatedClock
from db.engine import SessionFactory
from services.embedding import Embedder
from services.search import CatalogueSearch
from tests.small_shop import stock_shop


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The sentence vectors, read once."""
    return Embedder.load()


@pytest.fixture
def search(sessions: SessionFactory, clock: SimulatedClock, embedder: Embedder) -> CatalogueSearch:
    """A search over the small shop."""
    with sessions.begin() as session:
        stock_shop(session, now=clock.now())
    return CatalogueSearch.build(sessions, now=clock.now(), embedder=embedder)
