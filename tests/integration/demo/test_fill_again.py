"""Filling again, and shops that are not the demo's."""

import pytest
from sqlalchemy import func, select

from core.settings import Settings
from db.engine import SessionFactory
from db.models import Event, ImportRun, ImportStatus, Product
from demo.fill import NotEmptyError, fill, filled_with
from demo.world import Scenario
from tests.integration.demo.conftest import NOW, Stages

SMALL = Scenario(NOW, seed=5, shoppers=60, days=20)


def events(sessions: SessionFactory) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def test_a_shop_is_not_filled_twice(
    sessions: SessionFactory, settings: Settings, stages: Stages
) -> None:
    filled = fill(sessions, SMALL, settings=settings, again=False, progress=stages)
    with pytest.raises(NotEmptyError, match="--again"):
        fill(sessions, SMALL, settings=settings, again=False, progress=stages)
    assert events(sessions) == filled.events


def test_again_replaces_an_earlier_demo_shop(
    sessions: SessionFactory, settings: Settings, stages: Stages
) -> None:
    fill(sessions, SMALL, settings=settings, again=False, progress=stages)
    other = Scenario(NOW, seed=6, shoppers=50, days=20)
    second = fill(sessions, other, settings=settings, again=True, progress=stages)
    assert events(sessions) == second.events
    with sessions() as session:
        assert filled_with(session) == other


@pytest.mark.usefixtures("small_shop")
@pytest.mark.parametrize("again", [False, True])
def test_a_shop_of_ones_own_is_never_touched(
    sessions: SessionFactory, settings: Settings, stages: Stages, again: bool
) -> None:
    with pytest.raises(NotEmptyError):
        fill(sessions, SMALL, settings=settings, again=again, progress=stages)
    with sessions() as session:
        assert set(session.scalars(select(Product.id))) == {"tent", "stove", "mat"}


def test_again_spares_what_was_imported_beside_the_demo(
    sessions: SessionFactory, settings: Settings, stages: Stages
) -> None:
    filled = fill(sessions, SMALL, settings=settings, again=False, progress=stages)
    with sessions.begin() as session:
        session.add(
            ImportRun(
                id="0" * 32,
                file_digest="d",
                file_name="log.csv",
                format="csv",
                status=ImportStatus.FINISHED,
                started_at=NOW,
            )
        )
    with pytest.raises(NotEmptyError, match="more than the demo shop"):
        fill(sessions, SMALL, settings=settings, again=True, progress=stages)
    assert events(sessions) == filled.events
