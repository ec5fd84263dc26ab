"""A small demo shop, filled once on each database for all tests that only read it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.settings import Settings
from db.engine import SessionFactory, make_engine, make_session_factory
from db.pricing import DeliveryRule
from demo.fill import Filled, fill
from demo.world import Scenario
from tests.conftest import empty

NOW = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
SCENARIO = Scenario(NOW, seed=5, shoppers=150, days=70)


class Stages:
    """Remembers the stages and how far each came."""

    def __init__(self) -> None:
        self.totals: list[tuple[str, int]] = []
        self.done: list[int] = []

    def begin(self, stage: str, total: int) -> None:
        """A stage begins."""
        self.totals.append((stage, total))
        self.done.append(0)

    def advance(self, by: int) -> None:
        """The stage goes on."""
        self.done[-1] += by


@dataclass(frozen=True)
class Shop:
    """A filled shop, and what was told while it was filled."""

    sessions: SessionFactory
    filled: Filled
    stages: Stages


@pytest.fixture
def stages() -> Stages:
    return Stages()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)]
)
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Shop]:
    """The shop of SCENARIO; tests of it must leave it as it is."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shop") / "shop.db"
        shutil.copyfile(sqlite_template, path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_database")
    engine = make_engine(url)
    settings = Settings.model_validate({"DATABASE_URL": url})
    sessions = make_session_factory(engine, delivery=DeliveryRule.of(settings))
    stages = Stages()
    yield Shop(
        sessions,
        fill(sessions, SCENARIO, settings=settings, again=False, progress=stages),
        stages,
    )
    engine.dispose()
    if request.param != "sqlite":
        empty(url)
