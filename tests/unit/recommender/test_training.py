"""Training as a whole: gate, honest reports, bundles."""

import json

import polars as pl
import pytest

from recommender.fitting import TrainConfig
from recommender.lstm import LstmConfig
from recommender.prepared import Prepared, prepare
from recommender.protocol import History, Surface
from recommender.report import BASELINES
from recommender.serving import Suggester
from recommender.training import counts_only, measure_models, refresh
from tests.unit.recommender.shop import item_frame, planted_events, rows

SMALL = TrainConfig(lstm=LstmConfig(units=16, epochs=6, batch=16))


@pytest.mark.slow
def test_a_learnt_model_is_measured_gated_and_refreshed() -> None:
    events = planted_events(sessions=2400, days=60)
    measured = measure_models(prepare(events, item_frame()), config=SMALL, ablation=True)
    report = measured.report
    assert {one.without for one in report.ablations} >= {"lstm", "neighbours", "content", "rules"}
    assert all(one.recall.low <= one.recall.mean <= one.recall.high for one in report.ablations)
    assert {row.name for row in report.rows} >= {"lstm", "blend", "rules", *BASELINES}
    assert {lead.baseline for lead in report.leads} == set(BASELINES)
    blend = next(row for row in report.rows if row.name == "blend")
    popular = next(row for row in report.rows if row.name == "popular")
    assert blend.every.mrr > 2 * popular.every.mrr
    json.dumps(report.to_json(), allow_nan=False)
    bundle = refresh(measured, config=SMALL)
    suggested = Suggester(bundle, version="test").suggest(
        History(cart=("tent",)), k=3, surface=Surface.CART
    )
    assert {one.product_id for one in suggested} & {"mat", "stove", "lamp"}


@pytest.mark.slow
def test_a_gate_names_each_baseline_that_was_not_beaten(prepared: Prepared) -> None:
    noise = planted_events(sessions=2000, days=60).with_columns(
        product=pl.col("product").shuffle(seed=1)
    )
    report = measure_models(prepare(noise, item_frame()), config=SMALL).report
    assert not report.accepted
    assert any("not clearly ahead of popular" in problem for problem in report.problems)


def test_too_little_data_is_said_and_what_can_be_counted_is_served() -> None:
    few = planted_events(sessions=40, days=2)
    prepared = prepare(few, item_frame())
    report = measure_models(prepared, config=SMALL).report
    assert not report.accepted
    assert any("too little data" in problem for problem in report.problems)
    suggester = Suggester(counts_only(prepared), version="counts")
    assert suggester.suggest(History(), k=3, surface=Surface.HOME)


def test_a_single_event_is_enough_to_serve_and_too_little_to_judge() -> None:
    prepared = prepare(rows(("a", "1", "tent", "view", 0)), item_frame())
    report = measure_models(prepared, config=SMALL).report
    assert any("too little data" in problem for problem in report.problems)
    suggester = Suggester(counts_only(prepared), version="counts")
    shown = suggester.suggest(History(), k=3, surface=Surface.HOME)
    assert [one.product_id for one in shown] == ["tent"]
    assert shown[0].reason.people is None


def test_no_events_at_all_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="import a log"):
        prepare(rows(), item_frame())


def test_products_that_left_the_catalogue_are_still_learnt_from(prepared: Prepared) -> None:
    some = prepare(planted_events(), item_frame().filter(pl.col("product") != "tent"))
    assert some.vocabulary.items == prepared.vocabulary.items
    assert some.category[some.vocabulary.get("tent")] == -1
