"""Telling visits that buy from those that leave."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.session_intent import (
    COLUMNS,
    COUNTS,
    MONTHS,
    VISITORS,
    fit_session_intent,
    visit_features,
)

Visits = tuple[pl.DataFrame, np.ndarray]


@pytest.fixture(scope="module")
def visits() -> Visits:
    """400 visits of which those with many product pages and few exits buy."""
    rng = np.random.default_rng(3)
    size = 400
    columns: dict[str, object] = {
        column: rng.random(size) for column in COLUMNS if column not in {"Month", "VisitorType"}
    }
    columns |= {kind: rng.integers(0, 30, size).astype(float) for kind in COUNTS}
    columns["Month"] = rng.choice(["June", *MONTHS[:4]], size)
    columns["VisitorType"] = rng.choice(VISITORS, size)
    table = pl.DataFrame(columns)
    bought = (table["ProductRelated"] > 15).to_numpy() & (table["ExitRates"] < 0.7).to_numpy()
    return table, bought


def test_visits_that_buy_are_told_from_those_that_leave(visits: Visits) -> None:
    table, bought = visits
    said = fit_session_intent(table[:300], bought[:300]).probability(table[300:])
    assert said[bought[300:]].min() > said[~bought[300:]].mean()
    assert np.mean((said > 0.5) == bought[300:]) > 0.95


def test_the_same_seed_gives_the_same_model(visits: Visits) -> None:
    table, bought = visits
    first, second = (fit_session_intent(table, bought, seed=4).probability(table) for _ in "12")
    assert (first == second).all()


def test_missing_values_are_answered_with_a_probability(visits: Visits) -> None:
    table, bought = visits
    model = fit_session_intent(table, bought)
    empty = table[:5].with_columns(pl.lit(None, table[name].dtype).alias(name) for name in COLUMNS)
    assert ((model.probability(empty) > 0) & (model.probability(empty) < 1)).all()


def test_visits_that_all_ended_alike_are_refused(visits: Visits) -> None:
    with pytest.raises(ValueError, match="ended the same way"):
        fit_session_intent(visits[0], np.ones(400, bool))


def test_a_missing_column_is_named(visits: Visits) -> None:
    with pytest.raises(ValueError, match="lack the columns ExitRates"):
        visit_features(visits[0].drop("ExitRates"))


def test_an_unknown_month_is_named(visits: Visits) -> None:
    with pytest.raises(ValueError, match="Month 'Thu' is none of"):
        visit_features(visits[0].with_columns(Month=pl.lit("Thursday")))


def test_a_model_without_page_values_refuses_visits_with_them(visits: Visits) -> None:
    table, bought = visits
    model = fit_session_intent(table, bought)
    with pytest.raises(ValueError, match="fitted on"):
        model.probability(table.with_columns(PageValues=pl.lit(1.0)))


@given(st.integers(0, 399))
def test_a_visits_features_do_not_depend_on_the_visits_beside_it(visits: Visits, row: int) -> None:
    alone, beside = visit_features(visits[0][row]), visit_features(visits[0])[row]
    assert alone.equals(beside)
