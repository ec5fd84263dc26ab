"""`cartwright bench decisions`: shares of the best possible, and hold-outs checked fairly."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.decisions.earning import Covered, Earned, Share, covered, shares, shortfalls
from cli.main import app
from core.settings import Settings
from db.pricing import DeliveryRule
from nudges.policy import load_policy
from nudges.simulate.compare import SHIPPED, always, measured, run
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


def share(mean: float, policy: str = SHIPPED) -> Share:
    return Share(policy, mean, mean, mean, mean)


def hold_outs(right: int, wrong: int, silent: int = 0) -> list[Covered]:
    shops = [(1.0, 2.0)] * right + [(3.0, 4.0)] * wrong + [None] * silent
    return [Covered(seed, 1.5, interval) for seed, interval in enumerate(shops)]


@pytest.mark.parametrize(
    ("earning", "checked"),
    [([share(0.85), share(0.1, "nobody")], []), ([], hold_outs(93, 7)), ([], hold_outs(14, 1, 85))],
)
def test_what_is_as_good_as_it_has_to_be_falls_short_of_nothing(
    earning: list[Share], checked: list[Covered]
) -> None:
    assert shortfalls(earning, checked) == []


def test_a_shipped_decision_that_earns_too_little_falls_short() -> None:
    (short,) = shortfalls([share(0.849), share(1.0, "best possible")], [])
    assert "earns 84.9% of the best possible" in short


@pytest.mark.parametrize("rule", ["nobody", "reminder to all", "coupon to all", "coupon by score"])
def test_a_shipped_decision_that_earns_no_more_than_a_simple_rule_falls_short(rule: str) -> None:
    others = [share(1.0, "best possible"), share(0.5, "another rule")]
    assert shortfalls([share(0.9), *others, share(0.899, rule)], []) == []
    (short,) = shortfalls([share(0.9), *others, share(0.9, rule)], [])
    assert short.endswith(f"has to earn more than 90.0%, as the rule does: {rule}.")


@pytest.mark.parametrize("checked", [hold_outs(92, 8), hold_outs(0, 0, 3)])
def test_hold_outs_that_tell_the_truth_too_seldom_fall_short(checked: list[Covered]) -> None:
    (short,) = shortfalls([], checked)
    assert "have the true lift in them in" in short


@pytest.mark.parametrize(("truth", "code"), [(1.5, 0), (2.5, 1)])
def test_what_falls_short_ends_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, truth: float, code: int
) -> None:
    def one(*_: object) -> Covered:
        return Covered(1, truth, (1.0, 2.0))

    monkeypatch.setattr("benchmarks.decisions.earning.covered", one)
    small = ["--shops", "0", "--coverage", "3", "--shoppers", "150", "--days", "20"]
    result = CliRunner().invoke(app, ["bench", "decisions", *small, "--learning", "0"])
    assert result.exit_code == code, result.output


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
    assert "best possible" in result.output
    assert "1 more said not enough data yet" in " ".join(result.output.split())
    assert {"earned", "covered"} == set(json.loads(file.read_text()))
