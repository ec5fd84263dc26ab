"""The default demo shop is as large as it says."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.settings import Settings
from db.engine import make_engine, make_session_factory
from db.models import Event, Visitor
from demo.best import best_possible
from demo.fill import fill
from demo.world import Scenario
from tests.integration.demo.conftest import Stages

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


@pytest.mark.slow
def test_the_default_past_is_large_and_can_be_learnt_from(
    sqlite_template: Path, tmp_path: Path, stages: Stages
) -> None:
    path = tmp_path / "full.db"
    path.write_bytes(sqlite_template.read_bytes())
    settings = Settings.model_validate({"DATABASE_URL": f"sqlite:///{path}"})
    engine = make_engine(settings.database_url)
    filled = fill(
        make_session_factory(engine),
        Scenario(NOW),
        settings=settings,
        again=False,
        progress=stages,
    )
    with engine.connect() as connection:
        owners = connection.scalar(
            select(func.count(func.distinct(func.coalesce(Visitor.person_id, Visitor.id)))).where(
                Visitor.id.in_(select(Event.visitor_id)), Visitor.is_robot.is_(False)
            )
        )
    engine.dispose()
    assert owners is not None
    assert owners >= 5_000
    assert filled.events >= 300_000
    best, average = best_possible(settings, now=NOW, progress=stages).rows
    assert 0.6 < average.recall < best.recall < 0.8
    assert 0.25 < average.mrr < best.mrr < 0.45
