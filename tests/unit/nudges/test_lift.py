"""Differences are said with their interval, and not before there is enough to say them by."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from nudges.lift import MIN_BUYERS, MIN_PEOPLE, lift, too_little


def test_the_interval_is_that_of_welchs_test() -> None:
    rng = np.random.default_rng(3)
    treated, control = rng.lognormal(3, 1, 300), rng.lognormal(2.9, 1.2, 60)
    found = lift(treated.tolist(), control.tolist())
    expected = ttest_ind(treated, control, equal_var=False).confidence_interval(0.95)
    assert found.value == pytest.approx(treated.mean() - control.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_it_covers_the_truth_in_95_of_100_draws_of_skewed_spending() -> None:
    rng = np.random.default_rng(5)

    def spending(buyers: float, people: int) -> list[float]:
        buys = rng.random(people) < buyers
        return np.where(buys, rng.lognormal(8, 0.8, people), 0).tolist()

    truth = (0.25 - 0.2) * np.exp(8 + 0.8**2 / 2)
    covered = 0
    for _ in range(1000):
        found = lift(spending(0.25, 900), spending(0.2, 100))
        covered += found.low <= truth <= found.high
    assert 925 <= covered <= 975


def test_equal_groups_differ_by_nothing() -> None:
    found = lift([5.0, 5.0], [5.0, 5.0])
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_one_person_makes_no_interval() -> None:
    with pytest.raises(ValueError, match="at least two"):
        lift([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("people", "buyers", "missing"),
    [
        ((MIN_PEOPLE - 1, 5000), (50, 500), f"{MIN_PEOPLE - 1} of the {MIN_PEOPLE} people"),
        ((5000, MIN_PEOPLE), (500, MIN_BUYERS - 1), f"{MIN_BUYERS - 1} of the {MIN_BUYERS} buyers"),
    ],
)
def test_what_is_missing_is_said(
    people: tuple[int, int], buyers: tuple[int, int], missing: str
) -> None:
    assert (too_little(people, buyers) or "").startswith(missing)


def test_enough_is_enough() -> None:
    assert too_little((MIN_PEOPLE, MIN_PEOPLE), (MIN_BUYERS, MIN_BUYERS)) is None
