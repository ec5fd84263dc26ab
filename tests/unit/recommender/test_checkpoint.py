"""A training that was stopped: it goes on as if it had not been, or is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recommender.abandonment import Carts
from recommender.checkpoint import Checkpoint, CheckpointError, Standing
from recommender.lstm import LstmConfig, train_lstm
from recommender.lstm_step import Lstm, Weights
from recommender.prepared import Prepared, prepare
from tests.unit.recommender.conftest import by_letters
from tests.unit.recommender.shop import item_frame, planted_events

CONFIG = LstmConfig(units=8, epochs=3, batch=64, seed=7)
DRAWING = replace(CONFIG, epochs=2, full_softmax=0, sampled=16)


class PowerCutError(Exception):
    """Stands for one."""


def train(
    prepared: Prepared,
    config: LstmConfig,
    keep: Checkpoint | None = None,
    *,
    stop_after: int | None = None,
    told: list[int] | None = None,
) -> Weights:
    """Train with both heads; a stop comes right after the checkpoint of an epoch."""

    def on_epoch(done: int, _: Lstm) -> None:
        if told is not None:
            told.append(done)
        if done == stop_after:
            raise PowerCutError

    carts = Carts.fit(prepared.log, prepared.amount)
    network = train_lstm(
        prepared.log,
        len(prepared.vocabulary),
        config=config,
        fate=carts.fates(prepared.log),
        content=prepared.content,
        on_epoch=on_epoch,
        keep=keep,
    )
    return network.weights


@pytest.mark.parametrize(("config", "after"), [(CONFIG, 1), (CONFIG, 3), (DRAWING, 1)])
def test_a_resumed_training_ends_with_the_very_weights_of_one_that_ran_through(
    tmp_path: Path, prepared: Prepared, config: LstmConfig, after: int
) -> None:
    keep = Checkpoint(tmp_path / "lstm")
    with pytest.raises(PowerCutError):
        train(prepared, config, keep, stop_after=after)
    told: list[int] = []
    resumed = train(prepared, config, keep, told=told)
    assert told == list(range(after + 1, config.epochs + 1))
    ran_through = train(prepared, config)
    for name, array in ran_through.arrays().items():
        np.testing.assert_array_equal(array, resumed.arrays()[name], err_msg=name)


def test_one_of_other_data_or_with_other_settings_is_refused(
    tmp_path: Path, prepared: Prepared
) -> None:
    keep = Checkpoint(tmp_path / "lstm")
    with pytest.raises(PowerCutError):
        train(prepared, CONFIG, keep, stop_after=1)
    other = prepare(planted_events(seed=2), item_frame())
    with pytest.raises(CheckpointError, match=r"other data.*start anew"):
        train(other, CONFIG, keep)
    with pytest.raises(CheckpointError, match="other settings"):
        train(prepared, replace(CONFIG, dropout=0.2), keep)
    titled = prepare(
        planted_events(), item_frame().with_columns(title=pl.col("product")), embed=by_letters
    )
    with pytest.raises(CheckpointError, match="other data"):
        train(titled, CONFIG, keep)


def kept(folder: Path) -> Checkpoint:
    """A standing on the disk."""
    keep = Checkpoint(folder / "lstm")
    draw = np.random.default_rng(3)
    draw.random(5)
    variables = [np.arange(12, dtype=np.float32).reshape(3, 4), np.array(2, np.uint32)]
    keep.save(Standing(2, 1.5, draw, variables), digest="mine")
    return keep


def test_what_was_kept_comes_back_with_the_draws_that_would_have_followed(tmp_path: Path) -> None:
    standing = kept(tmp_path).load(digest="mine")
    assert standing is not None
    assert (standing.epochs, standing.loss) == (2, 1.5)
    np.testing.assert_array_equal(standing.variables[0], np.arange(12).reshape(3, 4))
    assert (standing.variables[1].dtype, standing.variables[1].shape) == (np.uint32, ())
    assert standing.draw.random() == np.random.default_rng(3).random(6)[5]


def test_where_nothing_was_kept_training_begins(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "lstm").load(digest="mine") is None


def test_cut_short_anywhere_it_is_refused(tmp_path: Path) -> None:
    keep = kept(tmp_path)
    whole = keep.path.read_bytes()
    for length in range(len(whole)):
        keep.path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"lstm is cut short.*start anew"):
            keep.load(digest="mine")


def test_a_stop_while_it_is_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = kept(tmp_path)
    before = keep.path.read_bytes()

    def cut(path: Path, content: bytes) -> None:
        path.write_bytes(content[: len(content) // 2])
        raise PowerCutError

    monkeypatch.setattr("core.files.write_file", cut)
    with pytest.raises(PowerCutError):
        keep.save(Standing(3, 1.0, np.random.default_rng(), []), digest="mine")
    assert keep.path.read_bytes() == before
