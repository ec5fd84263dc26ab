"""The decision is the largest expected margin minus cost, and never more than the budget."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from db.models import EventName, ReplyKind
from nudges.decision import NOTHING, REMINDER, Choice, Decision, no_coupon, offered
from nudges.facts import Facts
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.features import FEATURES, as_row, features
from nudges.uplift.model import BASE, DELIVERY, PERCENT, SAID, Uplift, fit, parts, prior
from tests.unit.nudges.left_carts import NOW, RULE, facts, policy

ALL = ("reminder", "free_delivery", "percent_5", "percent_10")


def model(**by_part: dict[str, float]) -> Uplift:
    """A model with these weights and no other."""
    weights = np.zeros((4, len(FEATURES)))
    rows = {"base": BASE, "said": SAID, "delivery": DELIVERY, "percent": PERCENT}
    for part, values in by_part.items():
        for name, weight in values.items():
            weights[rows[part], FEATURES.index(name)] = weight
    return Uplift(weights, "test")


def decide(
    uplift: Uplift, these: Sequence[Facts], *, budget: int = 10**8, **incentives: Any
) -> list[Decision]:
    rules = policy(**({"exploration": 0.0} | incentives))
    decider = UpliftDecider(lambda: uplift, rules, RULE)
    choices = [Choice(one, ALL, budget) for one in these]
    return decider.decide(choices, now=NOW)


PRICE_COUNTS = model(base={"always": -2.0}, said={"always": 0.1}, percent={"always": 1.5})
DELIVERY_COUNTS = model(base={"always": -2.0}, said={"always": 0.1}, delivery={"always": 2.0})
ONLY_WORDS_COUNT = model(base={"always": -2.0}, said={"always": 1.0})
NOTHING_COUNTS = model(base={"always": -2.0})
BUYS_ANYWAY = model(base={"always": 0.5}, percent={"always": 2.0})


@pytest.mark.parametrize(
    ("uplift", "treatment"),
    [
        (PRICE_COUNTS, "percent_10"),
        (DELIVERY_COUNTS, "free_delivery"),
        (ONLY_WORDS_COUNT, REMINDER),
        (NOTHING_COUNTS, NOTHING),
    ],
)
def test_it_does_what_changes_most_for_its_cost(uplift: Uplift, treatment: str) -> None:
    (decision,) = decide(uplift, [facts()])
    assert decision.treatment == treatment


def test_what_was_expected_of_every_treatment_is_kept() -> None:
    (decision,) = decide(PRICE_COUNTS, [facts(4500)])
    margin = 4500 * 35 // 100
    chance = {0: 1 / (1 + np.exp(2.0)), 10: 1 / (1 + np.exp(2.0 - 0.1 - 1.5))}
    expected = decision.why["expected"]
    assert isinstance(expected, dict)
    assert expected["percent_10"] == pytest.approx(
        chance[10] * (margin - 450) - chance[0] * margin - 5, abs=0.1
    )
    assert expected[NOTHING] == 0
    assert decision.why["model"] == "test"


def test_nobody_gets_a_coupon_who_would_buy_anyway() -> None:
    (decision,) = decide(BUYS_ANYWAY, [facts()])
    assert not decision.incentive
    assert decision.why["no_coupon"] == "would buy anyway"


def test_free_delivery_is_not_offered_where_it_is_free_already() -> None:
    (decision,) = decide(DELIVERY_COUNTS, [facts(6000)])
    assert decision.treatment == REMINDER


@given(
    amounts=st.lists(st.integers(500, 30000), min_size=1, max_size=30),
    budget=st.integers(0, 5000),
    exploration=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_the_coupons_of_a_page_never_cost_more_than_is_left(
    amounts: list[int], budget: int, exploration: float
) -> None:
    these = [facts(amount, nudge_id=f"n{at}") for at, amount in enumerate(amounts)]
    decided = decide(PRICE_COUNTS, these, budget=budget, exploration=exploration)
    costs = [one.why["costs"][one.treatment] for one in decided]  # type: ignore[index]
    assert sum(costs) <= budget


def test_a_short_budget_goes_where_it_changes_most() -> None:
    by_reply = model(
        base={"always": -2.0}, percent={"always": 0.9, "too_expensive": 0.9}, said={"always": 0.1}
    )
    plain = facts(nudge_id="a")
    told = facts(nudge_id="b", replies=(ReplyKind.TOO_EXPENSIVE,))
    first, second = decide(by_reply, [plain, told], budget=450)
    assert second.treatment == "percent_10"
    assert not first.incentive
    assert first.why["out_of_budget"] == "percent_10"


def test_exploring_draws_evenly_and_says_with_which_probability() -> None:
    these = [facts(nudge_id=f"n{at}") for at in range(4000)]
    decided = decide(PRICE_COUNTS, these, exploration=0.5)
    counts = Counter(one.treatment for one in decided)
    for treatment in (NOTHING, *ALL):
        likely = 0.5 / 5 + (0.5 if treatment == "percent_10" else 0)
        assert counts[treatment] / 4000 == pytest.approx(likely, abs=0.03)
        assert {one.probability for one in decided if one.treatment == treatment} == {likely}


CUTS = model(base={"always": -2.0}, percent={"always": 0.9, "too_expensive": 0.9})


def test_the_probability_is_that_of_what_the_budget_let_happen() -> None:
    """Over many pages, of whoever comes second: their budget depends on what came before them."""
    done: Counter[str] = Counter()
    said: dict[str, list[float]] = {}
    pages = 3000
    for page in range(pages):
        first = facts(nudge_id=f"a{page}", replies=(ReplyKind.TOO_EXPENSIVE,))
        second = facts(nudge_id=f"b{page}")
        _, decision = decide(CUTS, [first, second], budget=650, exploration=0.4)
        chances = decision.why["probabilities"]
        assert isinstance(chances, dict)
        assert sum(chances.values()) == pytest.approx(1)
        assert chances[decision.treatment] == decision.probability
        done[decision.treatment] += 1
        for treatment, chance in chances.items():
            said.setdefault(treatment, []).append(chance)
    assert len(said) == 5
    for treatment, chances in said.items():
        assert done[treatment] / pages == pytest.approx(sum(chances) / pages, abs=0.03)


def test_whom_the_budget_leaves_nothing_for_is_drawn_among_what_is_free() -> None:
    these = [facts(nudge_id=f"n{at}") for at in range(400)]
    decided = decide(PRICE_COUNTS, these, budget=0, exploration=0.5)
    assert {one.treatment: one.probability for one in decided} == {REMINDER: 0.75, NOTHING: 0.25}


def test_a_coupon_that_would_cost_nothing_is_none() -> None:
    (decision,) = decide(PRICE_COUNTS, [facts()], max_discount=0)
    assert not decision.incentive


def test_the_same_nudge_is_decided_the_same_again() -> None:
    these = [facts(nudge_id=f"n{at}") for at in range(200)]
    once, again = (decide(PRICE_COUNTS, these, exploration=0.5) for _ in range(2))
    assert once == again


def test_without_a_log_it_reminds_whoever_may_have_forgotten() -> None:
    (decision,) = decide(prior(), [facts(2500, reached=EventName.ADD_PAYMENT_INFO)])
    assert decision.treatment == REMINDER


# Coupons that fade


@pytest.mark.parametrize(
    ("used", "days", "may"), [(0, 29, False), (0, 30, True), (1, 59, False), (1, 60, True)]
)
def test_each_used_coupon_doubles_the_rest_before_the_next(used: int, days: int, may: bool) -> None:
    left_at = facts().last_activity_at
    hunter = facts(last_coupon_at=left_at - timedelta(days=days), coupons_used=used)
    assert (no_coupon(hunter, policy()) == "") is may
    assert ("percent_10" in offered(hunter, policy())) is may


def test_a_small_cart_earns_a_reminder_only() -> None:
    assert offered(facts(2999), policy()) == (REMINDER,)
    assert no_coupon(facts(2999), policy()) == "a small cart"


# What is looked at, and learned


def test_every_feature_is_about_one_and_named_once() -> None:
    found = features(facts(replies=(ReplyKind.DELIVERY_COST,), orders=3), rule=RULE, now=NOW)
    assert tuple(found) == FEATURES
    assert all(abs(value) <= 2 for value in found.values())


def test_a_cart_of_which_nothing_is_known_counts_as_one_that_is_left_as_usual() -> None:
    chances = (None, 0.0, 0.3, 0.7, 0.9, 1.0)
    unknown, never, seldom, usual, often, always = (
        features(facts(leaving=chance), rule=RULE, now=NOW)["leaving"] for chance in chances
    )
    assert unknown == usual == 0
    assert -2 == never < seldom < 0 < often < always <= 2


def test_a_log_in_which_the_abandonment_score_tells_gives_it_weight() -> None:
    rng = np.random.default_rng(5)
    known = [as_row(features(facts(leaving=chance), rule=RULE, now=NOW)) for chance in (0.4, 0.9)]
    likely = rng.integers(0, 2, 6000)
    bought = rng.random(6000) < np.where(likely, 0.1, 0.4)
    learned = fit(np.array(known)[likely], [NOTHING] * 6000, bought, "v")
    chances = learned.chances(np.array(known), [NOTHING])[:, 0]
    assert chances == pytest.approx([0.4, 0.1], abs=0.03)
    assert prior().chances(np.array(known), [NOTHING]).std() == 0


def test_learning_finds_the_mode_of_the_posterior() -> None:
    rng = np.random.default_rng(2)
    rows = np.array([as_row(features(facts(int(amount)), rule=RULE, now=NOW))
                     for amount in rng.integers(500, 20000, 300)])  # fmt: skip
    done = rng.choice((NOTHING, *ALL), 300).tolist()
    bought = rng.random(300) < 0.3
    found = fit(rows, done, bought, "v").weights
    made = np.stack([parts(one) for one in done])
    table = (made[:, :, None] * rows[:, None, :]).reshape(300, -1)
    spread = np.repeat([1.5, 0.5, 0.8, 0.8], len(FEATURES))
    mean = prior().weights.ravel()

    def surprise(weights: np.ndarray) -> float:
        scores = table @ weights
        likelihood = np.logaddexp(0, scores) - bought * scores
        return float(likelihood.sum() + (((weights - mean) / spread) ** 2).sum() / 2)

    best = minimize(surprise, mean, method="L-BFGS-B", options={"maxiter": 5000}).fun
    assert surprise(found.ravel()) == pytest.approx(best, rel=1e-5)


def test_a_large_log_outweighs_the_prior() -> None:
    rng = np.random.default_rng(4)
    row = as_row(features(facts(), rule=RULE, now=NOW))
    done = rng.choice([NOTHING, "percent_10"], 20000).tolist()
    bought = rng.random(20000) < np.where(np.array(done) == NOTHING, 0.3, 0.2)
    learned = fit(np.tile(row, (20000, 1)), done, bought, "v")
    chances = learned.chances(np.array([row]), [NOTHING, "percent_10"])[0]
    assert chances == pytest.approx([0.3, 0.2], abs=0.015)
