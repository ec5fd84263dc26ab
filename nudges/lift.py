"""How much more one group of shoppers brought than another, with its interval, or not yet known."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t

MIN_PEOPLE = 100
"""People that either group needs before a difference is said."""
MIN_BUYERS = 10
"""Buyers that either group needs: what people spend is skewed, and fewer make no normal mean."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Lift:
    """A difference of two means, a person, in minor units, and its 95 % interval."""

    value: float
    low: float
    high: float

    def times(self, people: int) -> "Lift":
        """What it comes to for so many people."""
        return Lift(self.value * people, self.low * people, self.high * people)


def lift(treated: Sequence[float], control: Sequence[float]) -> Lift:
    """Mean of `treated` minus mean of `control`, with Welch's interval for unequal variances.

    Welch, B. L. (1947), Biometrika 34. Raises ValueError for groups of fewer than two.
    """
    if len(treated) < 2 or len(control) < 2:
        raise ValueError("an interval needs at least two people in each group")
    one, other = np.asarray(treated, np.float64), np.asarray(control, np.float64)
    errors = one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)
    difference, error = float(one.mean() - other.mean()), sqrt(sum(errors))
    if error == 0:
        return Lift(difference, difference, difference)
    freedom = sum(errors) ** 2 / (
        errors[0] ** 2 / (len(one) - 1) + errors[1] ** 2 / (len(other) - 1)
    )
    half = float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Lift(difference, difference - half, difference + half)


def too_little(people: tuple[int, int], buyers: tuple[int, int]) -> str | None:
    """What is missing before two groups may be compared, in words; None where nothing is."""
    if min(people) < MIN_PEOPLE:
        return f"{min(people)} of the {MIN_PEOPLE} people that each group needs"
    if min(buyers) < MIN_BUYERS:
        return f"{min(buyers)} of the {MIN_BUYERS} buyers that each group needs"
    return None
