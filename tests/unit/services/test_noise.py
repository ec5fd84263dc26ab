"""Planting noise into a log, and whether cleaning finds it."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from ingest.cleaning import Conditions, clean
from recommender.fitting import HeldOut, TrainConfig, hold_out
from recommender.prepared import Prepared, prepare
from services.noise import (
    PLANTED,
    ROBOT_VIEWS,
    SHARE,
    as_steps,
    missing_fields,
    noisy_days,
    robots,
    twice_sent,
)
from tests.unit.recommender.shop import item_frame, planted_events

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING_ASIDE = planted_events(sessions=3).clear()


@pytest.fixture(scope="module")
def steps() -> pl.DataFrame:
    return as_steps(planted_events().sort("at"))


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(planted_events(), item_frame())


@pytest.fixture(scope="module")
def held_out(prepared: Prepared) -> HeldOut:
    return hold_out(prepared, TrainConfig())


def draw() -> np.random.Generator:
    return np.random.default_rng(5)


def cleaned(steps: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return clean(steps.with_row_index("row"), Conditions(NOW, service_codes=""))


@pytest.mark.parametrize("kind", ["duplicates", "robots", "impossible values"])
def test_what_is_added_is_found_by_cleaning_and_nothing_else_is(
    kind: str, steps: pl.DataFrame
) -> None:
    noisy = PLANTED[kind](steps, draw())
    kept, aside = cleaned(noisy)
    assert len(noisy) > len(steps)
    assert len(aside) == len(noisy) - len(steps)
    columns = steps.columns
    order = ["at", "visitor", "product", "name"]
    assert kept.select(columns).sort(order).equals(steps.sort(order))


def test_a_tenth_of_the_rows_comes_twice(steps: pl.DataFrame) -> None:
    noisy = twice_sent(steps, draw())
    assert len(noisy) == len(steps) + round(SHARE * len(steps))
    assert noisy.unique().height == steps.unique().height


def test_robots_look_at_product_after_product(steps: pl.DataFrame) -> None:
    noisy = robots(steps, draw())
    walks = noisy.filter(pl.col("visitor").str.starts_with("robot"))
    assert (
        walks["visitor"].value_counts()["count"].to_list()
        == [ROBOT_VIEWS] * walks["visitor"].n_unique()
    )


def test_a_robot_that_lost_some_of_its_rows_walks_too_unevenly_to_be_found(
    steps: pl.DataFrame,
) -> None:
    kept, _ = cleaned(missing_fields(robots(steps, draw()), draw()))
    assert kept["visitor"].str.starts_with("robot").sum() > ROBOT_VIEWS / 2


def test_rows_that_name_nobody_or_nothing_are_set_aside_and_those_of_no_visit_are_kept(
    steps: pl.DataFrame,
) -> None:
    noisy = missing_fields(steps, draw())
    kept, aside = cleaned(noisy)
    lost = noisy.filter(pl.col("visitor").is_null() | pl.col("product").is_null())
    assert len(noisy) == len(steps)
    assert set(aside["rule"]) == {"missing_ids"}
    assert len(aside) == len(lost) > 0
    assert kept["session"].null_count() > 0


def test_only_the_training_days_are_noisy(prepared: Prepared, held_out: HeldOut) -> None:
    lessons = list(noisy_days(prepared, held_out, NOTHING_ASIDE, seed=0, now=NOW))
    clean_days = len(held_out.split.train)
    steps = {lesson.name: len(lesson.train) for lesson in lessons}
    assert list(steps) == [*PLANTED, "all four", "all four, cleaned"]
    assert steps["duplicates"] == clean_days + round(SHARE * clean_days)
    assert steps["missing fields"] < clean_days < steps["all four"]
    assert steps["all four, cleaned"] < clean_days
    assert all(lesson.seen(held_out.test) is held_out.test for lesson in lessons)


def test_what_the_shop_had_set_aside_comes_first_up_to_the_day_that_validation_begins(
    prepared: Prepared, held_out: HeldOut
) -> None:
    since = held_out.split.valid_from
    events = prepared.events
    aside = pl.concat([events.filter(pl.col("at") < since).head(7), events.tail(5)])
    first = next(noisy_days(prepared, held_out, aside, seed=0, now=NOW))
    assert first.name == "what was set aside"
    assert len(first.train) == len(held_out.split.train) + 7
