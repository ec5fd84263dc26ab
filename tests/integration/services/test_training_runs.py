"""One training at a time, what a stopped one goes on from, and going on from an earlier one."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.settings import Settings
from recommender.fitting import TrainConfig
from recommender.lstm import LstmConfig
from recommender.lstm_step import Lstm, Weights
from recommender.progress import Silent
from recommender.registry import current, read
from recommender.sequences import Vocabulary, build_log
from recommender.warm_start import PART
from services.training import Frames, NothingToLearnError, Outcome
from services.training_run import (
    FOLDER,
    START,
    NotStoppedError,
    UnderWayError,
    numbered,
    one_at_a_time,
    resume,
    stopped,
    train_anew,
)
from tests.unit.recommender.shop import ITEMS, item_frame, planted_events, rows

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ITEM_FRAME = item_frame().with_columns(title=pl.col("product"))
FRAMES = Frames(planted_events(), ITEM_FRAME, {"too fast": 2})
CONFIG = TrainConfig(days=2, lstm=LstmConfig(units=8, epochs=1, seed=3))


class PowerCutError(Exception):
    """Stands for one."""


class Cut(Silent):
    """Progress that ends when a stage begins, and keeps what it was told."""

    def __init__(self, stage: str = "") -> None:
        self.stage = stage
        self.lines: list[str] = []

    def begin(self, stage: str, total: int) -> None:
        if stage == self.stage:
            raise PowerCutError(total)

    def tell(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def left(settings: Settings) -> Path:
    """The folder of a training that was stopped before it had learnt anything."""
    with pytest.raises(PowerCutError):
        begin(settings, progress=Cut("counting"))
    return settings.models_dir / FOLDER


def begin(
    settings: Settings, *, progress: Silent, frames: Frames = FRAMES, warm: bool = False
) -> Outcome:
    return train_anew(settings, frames, config=CONFIG, now=NOW, progress=progress, warm=warm)


def test_two_never_train_at_once(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with (
        one_at_a_time(models),
        pytest.raises(UnderWayError, match=r"training\.lock.*wait"),
        one_at_a_time(models),
    ):
        pytest.fail("a second one trains")
    with one_at_a_time(models):
        pass


@pytest.mark.usefixtures("left")
def test_what_a_stopped_training_was_told_is_kept(settings: Settings) -> None:
    run = stopped(settings.models_dir)
    assert (run.begun_at, run.start) == (NOW, None)
    assert run.config == replace(CONFIG, min_people=settings.min_people)
    assert run.frames.robots == FRAMES.robots
    assert run.frames.items.equals(FRAMES.items)
    assert run.frames.events.equals(numbered(FRAMES.events))


def test_it_names_no_shopper_and_only_the_owner_may_read_it(left: Path) -> None:
    kept = pl.read_parquet(left / "events.parquet")
    assert kept["shopper"].dtype.is_integer()
    assert kept["session"].dtype.is_integer()
    assert kept.columns == FRAMES.events.columns
    assert left.stat().st_mode & 0o077 == 0


def test_numbers_in_place_of_ids_change_nothing_that_is_learnt() -> None:
    vocabulary = Vocabulary.of(ITEMS)
    named, counted = (
        build_log(events, vocabulary) for events in (FRAMES.events, numbered(FRAMES.events))
    )
    for column in ("shopper", "session", "item", "action", "at", "gap"):
        np.testing.assert_array_equal(getattr(named, column), getattr(counted, column))


def test_visits_without_an_id_stay_without(settings: Settings) -> None:
    events = FRAMES.events.with_columns(session=pl.lit(None, pl.String))
    assert numbered(events)["session"].null_count() == len(events)


def test_without_a_stopped_training_there_is_nothing_to_go_on_with(settings: Settings) -> None:
    with pytest.raises(NotStoppedError, match=r"No training was stopped.*cartwright train"):
        resume(settings, progress=Silent())


@pytest.mark.parametrize("name", ["run.json", "events.parquet", "items.parquet", START])
def test_what_was_left_cut_short_is_refused(settings: Settings, left: Path, name: str) -> None:
    start = Weights(*[np.zeros((2, 2), np.float32)] * 7, np.ones(2, np.bool_))
    np.savez(left / START, allow_pickle=False, **start.arrays())
    assert stopped(settings.models_dir).start is not None
    whole = (left / name).read_bytes()
    for length in (0, 9, len(whole) // 2, len(whole) - 1):
        (left / name).write_bytes(whole[:length])
        with pytest.raises(NotStoppedError, match=r"training cannot be gone on from.*begin anew"):
            resume(settings, progress=Silent())


def test_it_is_gone_when_the_training_is_over_and_when_nothing_can_be_learnt(
    settings: Settings, left: Path
) -> None:
    outcome = resume(settings, progress=Silent())
    assert not left.exists()
    assert current(settings.models_dir).startswith(outcome.version)
    assert outcome.version.startswith("20260302-100000")
    with pytest.raises(NothingToLearnError):
        begin(settings, progress=Silent(), frames=Frames(rows(), ITEM_FRAME))
    assert not left.exists()


def test_a_new_training_gives_up_what_a_stopped_one_left(settings: Settings, left: Path) -> None:
    (left / "measured").write_bytes(b"of the one before")
    progress = Cut("counting")
    with pytest.raises(PowerCutError):
        begin(settings, progress=progress)
    assert not (left / "measured").exists()
    assert progress.lines == [
        "What a training that was stopped left is given up: this one begins anew."
    ]


def test_from_no_version_the_network_begins_from_nothing_and_says_so(settings: Settings) -> None:
    progress = Cut("counting")
    with pytest.raises(PowerCutError):
        begin(settings, progress=progress, warm=True)
    (line,) = progress.lines
    assert line.startswith("The network begins from nothing: no model in ")
    assert stopped(settings.models_dir).start is None


@pytest.mark.slow
def test_a_warm_start_goes_on_from_what_knew_no_held_out_day(settings: Settings) -> None:
    first = begin(settings, progress=Silent())
    # What the gate refuses is stored; as an operator would, it is put in force by hand.
    (settings.models_dir / "current").write_text(first.version)
    _, parts = read(settings.models_dir, first.version)
    served, kept = parts[Lstm.name], parts[PART]
    assert not np.array_equal(served["kernel"], kept["kernel"])
    progress = Cut("counting")
    with pytest.raises(PowerCutError):
        begin(settings, progress=progress, warm=True)
    start = stopped(settings.models_dir).start
    assert progress.lines == []
    assert start is not None
    for name, array in start.arrays().items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)
    resumed = resume(settings, progress=Silent())
    assert resumed.report.rows
