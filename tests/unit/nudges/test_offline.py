"""What other policies would have earned, told from a log of which the truth is known."""

from collections import Counter

import numpy as np
import pytest

from nudges.decision import FREE_DELIVERY, NOTHING, REMINDER
from nudges.uplift.features import FEATURES
from nudges.uplift.learn import FEWEST, TooLittleError
from nudges.uplift.logged import Logged
from nudges.uplift.model import prior
from nudges.uplift.offline import CANDIDATE, RULES, Comparison, compare
from tests.unit.nudges.left_carts import SHIPPED

COSTS = {NOTHING: 0, REMINDER: 0, FREE_DELIVERY: 490, "percent_5": 225, "percent_10": 450}
MARGIN = 1575
MESSAGE = SHIPPED.incentives.message_cost
# By whether the shopper came to the checkout.
CHANCES = {
    NOTHING: (0.1, 0.1),
    REMINDER: (0.14, 0.12),
    FREE_DELIVERY: (0.15, 0.6),
    "percent_5": (0.25, 0.15),
    "percent_10": (0.45, 0.15),
}


def worth(treatment: str, *, far: bool) -> float:
    """What a treatment truly earns."""
    said = MESSAGE if treatment != NOTHING else 0
    return CHANCES[treatment][far] * (MARGIN - COSTS[treatment]) - said


TRUE = {
    "nobody": worth(NOTHING, far=False),
    "reminder to all": (worth(REMINDER, far=False) + worth(REMINDER, far=True)) / 2,
    "free delivery to all": (worth(FREE_DELIVERY, far=False) + worth(FREE_DELIVERY, far=True)) / 2,
    "coupon to all": (worth("percent_10", far=False) + worth("percent_10", far=True)) / 2,
}


def log(seed: int, *, size: int = 4000) -> Logged:
    """Decisions of a shop that mostly reminds and draws at random now and then."""
    rng = np.random.default_rng(seed)
    far = rng.random(size) < 0.5
    rows = np.zeros((size, len(FEATURES)))
    rows[:, FEATURES.index("always")] = 1
    rows[:, FEATURES.index("checked_out")] = far
    explored = rng.random(size) < 0.5
    done = np.where(explored, rng.choice(list(COSTS), size), REMINDER)
    chance = np.array([CHANCES[one][int(came)] for one, came in zip(done, far, strict=True)])
    return Logged(
        rows=rows,
        treatments=done.tolist(),
        bought=rng.random(size) < chance,
        decided=np.ones(size, bool),
        probabilities=np.where(done == REMINDER, 0.6, 0.1),
        margins=np.full(size, float(MARGIN)),
        costs=[COSTS] * size,
    )


def told(seed: int, *, size: int = 4000) -> Comparison:
    return compare(log(seed, size=size), policy=SHIPPED, in_force=prior())


def test_both_intervals_cover_what_each_rule_truly_earns() -> None:
    covered: Counter[str] = Counter()
    for seed in range(60):
        for one in told(seed).judged:
            if one.policy in TRUE:
                for name, value in (("robust", one.doubly_robust), ("plain", one.by_propensity)):
                    covered[f"{one.policy} {name}"] += value.low <= TRUE[one.policy] <= value.high
    assert len(covered) == 2 * len(RULES)
    assert min(covered.values()) >= 52


def test_the_doubly_robust_estimate_is_the_surer_one() -> None:
    (nobody,) = (one for one in told(1).judged if one.policy == "nobody")
    assert nobody.doubly_robust.error < nobody.by_propensity.error


def test_a_candidate_that_learned_who_needs_what_is_told_to_earn_the_most() -> None:
    first, *others = told(2, size=20_000).judged
    assert first.policy == CANDIDATE
    assert first.gained.low > 0
    assert first.shares == {
        "percent_10": pytest.approx(0.5, abs=0.05), FREE_DELIVERY: pytest.approx(0.5, abs=0.05)
    }  # fmt: skip
    assert {one.policy for one in others} == {"prior", *RULES}


def test_over_the_model_in_force_that_model_gains_nothing() -> None:
    (own,) = (one for one in told(3).judged if one.policy == "prior")
    assert (own.gained.mean, own.gained.error) == (0, 0)


def test_who_may_get_no_coupon_gets_a_reminder_by_every_rule() -> None:
    plain = log(4)
    poor = Logged(
        plain.rows, [REMINDER] * len(plain), plain.bought, plain.decided,
        np.full(len(plain), 0.9), plain.margins, [{NOTHING: 0, REMINDER: 0}] * len(plain),
    )  # fmt: skip
    judged = compare(poor, policy=SHIPPED, in_force=prior()).judged
    shares = {one.policy: one.shares for one in judged}
    assert shares["coupon to all"] == shares["free delivery to all"] == {REMINDER: 1.0}
    assert shares["nobody"] == {NOTHING: 1.0}


def test_too_short_a_log_is_refused() -> None:
    with pytest.raises(TooLittleError, match=f"of the {FEWEST} settled"):
        compare(log(5, size=80), policy=SHIPPED, in_force=prior())
