"""Going on from an earlier network: every product keeps its row, and nothing held out is known."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from recommender.bundle import Bundle
from recommender.evaluation import find_cases
from recommender.fitting import TrainConfig, fit_lstm
from recommender.lstm import LstmConfig
from recommender.lstm_step import Lstm, Weights
from recommender.prepared import Prepared, prepare
from recommender.sequences import microseconds
from recommender.training import Measured, measure_models
from recommender.warm_start import ColdError, WarmStart, going_on
from tests.unit.recommender.conftest import NEW_MAT, NEW_THING, by_letters, placed
from tests.unit.recommender.shop import BEGIN, ITEMS, item_frame, planted_events

EARLY = microseconds(datetime(2026, 1, 2, tzinfo=UTC))
CONFIG = TrainConfig(lstm=LstmConfig(units=8))


def catalogue(*new: dict[str, Any], without: str = "") -> pl.DataFrame:
    """The planted shop's, with what came and without what went."""
    old = item_frame().with_columns(title=pl.col("product"))
    return pl.concat([old, pl.DataFrame(list(new), old.schema)]).filter(
        pl.col("product") != without
    )


def begin(
    lstm: Lstm, bundle: Bundle, items: pl.DataFrame, *, without: str = "", until: int = EARLY,
    config: TrainConfig = CONFIG,
) -> tuple[Prepared, Weights]:  # fmt: skip
    events = planted_events().filter(pl.col("product") != without)
    made = prepare(events, items)
    kept = WarmStart(lstm.weights, until)
    return made, going_on(kept, bundle, made, items, config=config, embed=by_letters)


def test_each_product_keeps_its_row_wherever_it_stands_now(lstm: Lstm, bundle: Bundle) -> None:
    made, weights = begin(lstm, bundle, catalogue(NEW_MAT, NEW_THING))
    old, new = bundle.vocabulary, made.vocabulary
    assert old.get("bike") != new.get("bike")
    for item in ITEMS:
        np.testing.assert_array_equal(
            weights.item[new.get(item) + 1], lstm.weights.item[old.get(item) + 1]
        )
        assert weights.item_bias[new.get(item)] == lstm.weights.item_bias[old.get(item)]
        assert weights.seen[new.get(item)] == lstm.weights.seen[old.get(item)]
    np.testing.assert_array_equal(weights.item[0], lstm.weights.item[0])
    np.testing.assert_array_equal(weights.recurrent, lstm.weights.recurrent)


def test_a_new_product_begins_as_newcomers_do(lstm: Lstm, bundle: Bundle) -> None:
    made, weights = begin(lstm, bundle, catalogue(NEW_MAT, NEW_THING))
    known = made.vocabulary.get("a-new-mat")
    grown = lstm.grown(placed(bundle, NEW_MAT)).weights
    np.testing.assert_array_equal(weights.item[known + 1], grown.item[-1])
    assert weights.seen[known]
    assert not weights.seen[made.vocabulary.get("new-thing")]


def test_a_category_that_was_only_renumbered_keeps_its_embedding(
    lstm: Lstm, bundle: Bundle
) -> None:
    first = {**NEW_MAT, "product": "a-new-first", "category": "before all others"}
    made, weights = begin(lstm, bundle, catalogue(first))
    tent = made.vocabulary.get("tent")
    now, then = made.category[tent], bundle.category[bundle.vocabulary.get("tent")]
    assert now != then
    np.testing.assert_allclose(
        weights.kinds[1 + now], lstm.weights.kinds[1 + then], rtol=1e-5, atol=1e-6
    )


def test_a_product_that_is_gone_is_left_out(lstm: Lstm, bundle: Bundle) -> None:
    items = catalogue(without="lamp")
    made, weights = begin(lstm, bundle, items, without="lamp")
    assert len(weights.item) == len(made.vocabulary) + 1 == len(bundle.vocabulary)
    np.testing.assert_array_equal(
        weights.item[made.vocabulary.get("tent") + 1],
        lstm.weights.item[bundle.vocabulary.get("tent") + 1],
    )


def test_a_network_that_knows_days_held_out_now_is_not_gone_on_from(
    lstm: Lstm, bundle: Bundle
) -> None:
    late = microseconds(datetime(2026, 1, 30, tzinfo=UTC))
    with pytest.raises(ColdError, match="it knows visits up to 2026-01-30 00:00, and those from"):
        begin(lstm, bundle, catalogue(), until=late)


def test_a_network_of_another_size_is_not_gone_on_from(lstm: Lstm, bundle: Bundle) -> None:
    with pytest.raises(ColdError, match="it has 8 units, 16 are asked for"):
        begin(lstm, bundle, catalogue(), config=TrainConfig(lstm=LstmConfig(units=16)))


def test_a_network_of_another_catalogue_is_not_gone_on_from(lstm: Lstm, bundle: Bundle) -> None:
    renamed = (pl.col("product") + "-b").alias("product")
    items = catalogue().with_columns(renamed)
    made = prepare(planted_events().with_columns(renamed), items)
    kept = WarmStart(lstm.weights, EARLY)
    with pytest.raises(ColdError, match=f"it knows 0 of the {len(ITEMS)} products"):
        going_on(kept, bundle, made, items, config=CONFIG, embed=by_letters)


class Told:
    """Progress that keeps what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.done: dict[str, int] = {}
        self.total: dict[str, int] = {}

    def begin(self, stage: str, total: int) -> None:
        self.done[stage], self.total[stage] = 0, total

    def advance(self, by: int, note: str = "") -> None:
        self.done[[*self.done][-1]] += by
        self.notes.append(note)

    def tell(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.slow
def test_one_gentle_epoch_from_an_earlier_network_measures_like_six_from_nothing() -> None:
    config = TrainConfig(lstm=LstmConfig(units=16, batch=16))
    events = planted_events(sessions=2400, days=60)
    earlier = measure(events.filter(pl.col("at") < BEGIN + timedelta(days=53)), config)
    kept = WarmStart.of(earlier)
    assert kept is not None
    told = Told()
    cold = measure(events, config)
    warm = measure(events, config, start=kept.weights, told=told)
    assert told.total["training LSTM"] == told.done["training LSTM"]
    assert [line.split(":")[0] for line in told.lines] == ["epoch 1 of 1"]
    assert "validation recall@20" in told.lines[0]
    reached = {
        name: next(row for row in one.report.rows if row.name == "lstm").every.mrr
        for name, one in (("cold", cold), ("warm", warm))
    }
    assert reached["warm"] > reached["cold"] - 0.02


def measure(
    events: pl.DataFrame,
    config: TrainConfig,
    *,
    start: Weights | None = None,
    told: Told | None = None,
) -> Measured:
    made = prepare(events, item_frame())
    return measure_models(made, config=config, start=start, progress=told)


def test_each_epoch_tells_the_loss_and_how_validation_cases_are_ranked(
    prepared: Prepared, trained: Bundle
) -> None:
    assert trained.carts is not None
    told = Told()
    config = LstmConfig(units=8, epochs=2)
    cases = find_cases(prepared.log, since=BEGIN, until=None, trained=prepared.log)
    fit_lstm(
        prepared.log, prepared, config, told, stage="learning", carts=trained.carts, watched=cases
    )
    assert [line.split(":")[0] for line in told.lines] == ["epoch 1 of 2", "epoch 2 of 2"]
    said = r"epoch 2 of 2: loss [\d.]+, validation recall@20 0\.\d{3}, MRR@20 0\.\d{3}"
    assert re.fullmatch(said, told.lines[1])
    assert told.done == told.total
    assert all(re.fullmatch(r"loss \d+\.\d{3}", note) for note in told.notes)
