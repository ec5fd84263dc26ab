"""`cartwright bench abandonment --demo` from a simulated past to its figures and its plot."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks.abandonment import demo as module
from benchmarks.abandonment.demo import AFTER, BEST, Compared, compare_on_demo
from benchmarks.abandonment.features import visit_so_far
from benchmarks.abandonment.reliability import draw_reliability
from cli.main import app
from demo.catalogue import load_catalogue
from demo.names import person_ids, visitor_ids
from demo.simulate import Mark, simulate
from demo.visits import plan_visits
from demo.world import Scenario, build_world, draw_tastes, load_shoppers
from recommender.abandonment import Carts, OpenCarts, open_carts
from recommender.lstm import LstmConfig
from recommender.prepared import Prepared, prepare
from recommender.progress import Silent

SCENARIO = Scenario(now=datetime(2026, 11, 1, 12, tzinfo=UTC), seed=3, shoppers=900, days=40)
ACTIONS = {Mark.VIEW: "view", Mark.ADD: "add", Mark.REMOVE: "remove", Mark.PURCHASE: "purchase"}


@pytest.fixture(scope="module")
def past() -> Prepared:
    """The simulation's own steps, as the shop's log would have them."""
    catalogue = load_catalogue()
    world, demo = build_world(SCENARIO, catalogue), load_shoppers(SCENARIO.now)
    visits = plan_visits(SCENARIO, demo)
    steps = simulate(SCENARIO, world, draw_tastes(SCENARIO, world, demo), visits)
    people, visitors = person_ids(SCENARIO), visitor_ids(SCENARIO, visits)
    of_visitor = dict(zip(visits.visitor_shopper.tolist()[::-1], visitors[::-1], strict=True))
    keep = (steps.item >= 0) & np.isin(steps.mark, list(ACTIONS))
    shopper = visits.shopper[steps.session[keep]].tolist()
    products = [product.id for product in catalogue.products]
    events = pl.DataFrame(
        {
            "shopper": [people[s] if visits.is_person[s] else of_visitor[s] for s in shopper],
            "session": [f"s{session}" for session in steps.session[keep].tolist()],
            "product": [products[item] for item in steps.item[keep].tolist()],
            "action": [ACTIONS[Mark(mark)] for mark in steps.mark[keep].tolist()],
            "at": pl.Series(steps.at[keep]).cast(pl.Datetime("us", "UTC")),
        }
    )
    items = pl.DataFrame(
        {
            "product": products,
            "brand": [product.brand for product in catalogue.products],
            "category": [product.category for product in catalogue.products],
            "amount": [product.amount for product in catalogue.products],
        }
    )
    return prepare(events, items)


@pytest.fixture(scope="module")
def compared(past: Prepared) -> Compared:
    config = LstmConfig(units=8, epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DRAWS", 20)
        return compare_on_demo(past, SCENARIO, seed=1, progress=Silent(), config=config, played=4)


def test_the_best_possible_says_what_happens(compared: Compared) -> None:
    said, left = compared.said[BEST]
    assert len(left) > 400
    assert abs(said.mean() - left.mean()) < 0.06
    assert said[left].mean() > said[~left].mean() + 0.02
    assert not left[said == 0].any()


def test_every_model_has_a_row_for_every_moment(compared: Compared) -> None:
    assert {row.after for row in compared.rows} == set(AFTER)
    assert all(0 < row.ap <= 1 and row.share_low <= row.share_high for row in compared.rows)
    models = [row.model for row in compared.rows if row.after == 4]
    assert models == [
        "logistic", "LightGBM", "LSTM, second head", "best for strangers", BEST
    ]  # fmt: skip


def test_the_baselines_are_told_nothing_of_what_came_later(past: Prepared) -> None:
    log, kinds = past.log, Carts.fit(past.log, past.amount)
    found = open_carts(log, 2, since=SCENARIO.begins)
    for position, left in list(zip(found.position, found.left, strict=True))[:50]:
        cut = log.select(np.arange(len(log)) <= position)
        one = np.array([position]), np.array([left])
        known = visit_so_far(OpenCarts(cut, *one), kinds, past)
        np.testing.assert_allclose(visit_so_far(OpenCarts(log, *one), kinds, past), known)


def test_the_plot_is_a_png(compared: Compared, tmp_path: Path) -> None:
    draw_reliability(tmp_path / "plot.png", compared)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("options", [[], ["--demo", "--data", "visits.csv"]])
def test_it_wants_one_kind_of_data(options: list[str]) -> None:
    assert CliRunner().invoke(app, ["bench", "abandonment", *options]).exit_code == 2
