"""`cartwright train` from the inside: what is stored, what is put in force, and what is said."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import ModelVersion
from recommender.fitting import TrainConfig
from recommender.lstm import LstmConfig
from recommender.progress import Silent
from recommender.protocol import NoModelError
from recommender.registry import current, manifests
from services.training import (
    Frames,
    NothingToLearnError,
    Outcome,
    model_in_force,
    train_and_publish,
)
from tests.unit.recommender.shop import MANY_CHAINS, item_frame, planted_events, rows

TITLED = item_frame().with_columns(title=pl.col("product"))
FEW = Frames(planted_events(sessions=40, days=2), TITLED)
PLENTY = Frames(planted_events(sessions=4000, days=60, chains=MANY_CHAINS), TITLED)


def train(settings: Settings, clock: SimulatedClock, frames: Frames, *, epochs: int) -> Outcome:
    clock.advance(timedelta(minutes=1))
    config = TrainConfig(lstm=LstmConfig(seed=1, epochs=epochs))
    return train_and_publish(settings, frames, config=config, now=clock.now(), progress=Silent())


def test_with_too_little_data_what_can_be_counted_is_put_in_force(
    settings: Settings, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    outcome = train(settings, clock, FEW, epochs=1)
    assert "too little data" in outcome.report.problems[0]
    assert current(settings.models_dir) == f"{outcome.version}-counts"
    assert "not put in force" in outcome.message
    with sessions() as session:
        stored = session.scalars(select(ModelVersion)).all()
    assert {row.version for row in stored} == {outcome.version, f"{outcome.version}-counts"}
    assert {row.accepted for row in stored} == {False}
    assert {row.people for row in stored} == {FEW.events["shopper"].n_unique()}


def test_no_version_is_in_force_before_it_is_written_down(
    settings: Settings,
    sessions: SessionFactory,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def written_down(_: Path, version: str) -> None:
        with sessions() as session:
            assert version in session.scalars(select(ModelVersion.version)).all()
        raise KeyboardInterrupt

    monkeypatch.setattr("services.training.switch", written_down)
    with pytest.raises(KeyboardInterrupt):
        train(settings, clock, FEW, epochs=1)
    with pytest.raises(NoModelError):
        current(settings.models_dir)


@pytest.mark.slow
def test_a_learnt_version_that_passes_is_put_in_force_and_outlives_a_worse_one(
    settings: Settings, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    outcome = train(settings, clock, PLENTY, epochs=4)
    assert outcome.report.problems == ()
    assert current(settings.models_dir) == outcome.version
    assert model_in_force(settings, PLENTY) == outcome.version
    later = train(settings, clock, FEW, epochs=1)
    assert current(settings.models_dir) == outcome.version
    assert f"{outcome.version} goes on serving" in later.message
    assert [manifest.accepted for manifest in manifests(settings.models_dir)] == [True, False]


def test_a_version_of_another_catalogue_does_not_count_as_in_force(
    settings: Settings, clock: SimulatedClock
) -> None:
    train(settings, clock, FEW, epochs=1)
    other = Frames(FEW.events.with_columns(product=pl.col("product") + "-other"), FEW.items.head(0))
    assert model_in_force(settings, other) is None


def test_a_shop_without_events_is_told_what_to_do_and_nothing_is_stored(
    settings: Settings, clock: SimulatedClock
) -> None:
    with pytest.raises(NothingToLearnError, match="import a log"):
        train(settings, clock, Frames(rows(), item_frame()), epochs=1)
    with pytest.raises(NoModelError):
        current(settings.models_dir)
