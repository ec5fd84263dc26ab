"""`cartwright bench decisions`: shares of the best possible, and hold-outs checked fairly."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.decisions.earning import Covered, Earned, covered, shares
from cli.main import app
from core.settings import Settings
from db.pricing import DeliveryRule
from nudges.policy import load_policy
from nudges.simulate.compare import always, measured, run
from nudges.simulate.shoppers import Scenario, draw_shop
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.model import prior

RULE = DeliveryRule.of(Settings())


def test_a_share_is_of_all_shops_together() -> None:
    rows = [
        Earned(1, "best possible", 100, 90), Earned(1, "nobody", 0, 0), Earned(1, "some", 50, 45),
        Earned(2, "best possible", 300, 110), Earned(2, "nobody", 0, 0), Earned(2, "some", 270, 55),
    ]  # fmt: skip
    best, some, nobody = shares(rows)
    assert (best.policy, best.mean, best.low, best.high) == ("best possible", 1, 1, 1)
    assert (some.mean, some.drawn) == (pytest.approx(0.8), pytest.approx(0.5))
    assert some.low == pytest.approx(0.5)
    assert some.high == pytest.approx(0.9)
    assert nobody.mean == 0


def test_what_covers_has_the_truth_in_it() -> None:
    assert Covered(1, 2.0, (1.0, 2.0)).holds
    assert not Covered(1, 2.1, (1.0, 2.0)).holds
    assert not Covered(1, 2.0, None).holds


def test_the_two_lives_together_are_the_one_that_would_be_measured() -> None:
    shipped = load_policy()
    policy = shipped.model_copy(
        update={"hold_out": shipped.hold_out.model_copy(update={"share": 0.5})}
    )
    scenario = Scenario(seed=9, shoppers=700, days=60)
    shop = draw_shop(scenario)
    diary = run(shop, policy, UpliftDecider(always(prior()), policy, RULE), RULE)
    assert max(diary.budget.values()) < policy.incentives.daily_budget
    lived = measured(shop, policy, diary).margin
    checked = covered(scenario, policy, prior(), RULE).interval
    assert lived is not None
    assert checked == pytest.approx((lived.low, lived.high))


def test_it_writes_its_figures(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    small = ["--shops", "1", "--coverage", "1", "--shoppers", "150", "--days", "30"]
    arguments = ["bench", "decisions", *small, "--learning", "0", "--json", str(file)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "best possible" in result.output
    assert "1 more said not enough data yet" in " ".join(result.output.split())
    assert {"earned", "covered"} == set(json.loads(file.read_text()))
