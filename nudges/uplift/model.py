"""The chance that a left cart is bought, by treatment: logistic regression around a prior.

One model for all treatments (an S-learner, Künzel et al. 2019, PNAS 116(10)): the features, and
each of them again times what a treatment consists of: that something is said at all, free delivery,
and the coupon's percent. The weights have a normal prior whose mean is what shops commonly see, so
a shop without a log decides by that, and every logged decision moves it. Fitted is the posterior's
mode, by Newton's method.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nudges.decision import FREE_DELIVERY, NOTHING, Decision
from nudges.uplift.features import FEATURES

type Floats = NDArray[np.float64]

BASE, SAID, DELIVERY, PERCENT = range(4)
"""The rows of the weights: without a message, and what each part of a treatment adds."""

_PRIOR: Mapping[int, Mapping[str, float]] = {
    BASE: {"always": -1.9, "paying": 0.6, "regular": 0.3, "later": -0.6},
    SAID: {"always": 0.25, "paying": 0.2, "reminded": -0.2, "clicked": 0.1},
    DELIVERY: {"always": 0.2, "checked_out": 0.9, "delivery_cost": 0.8},
    PERCENT: {"always": 0.2, "saw_cart": 0.9, "too_expensive": 0.6, "coupons_unused": -0.2},
}
_SPREAD = {BASE: 1.5, SAID: 0.5, DELIVERY: 0.8, PERCENT: 0.8}
"""Standard deviations of the prior: what a treatment adds is surer than what people do alone."""
_STEPS = 30
_CLOSE = 1e-6


def parts(treatment: str) -> Floats:
    """What a treatment consists of, shape (4,)."""
    decision = Decision(treatment)
    return np.array(
        [
            1.0,
            float(treatment != NOTHING),
            float(treatment == FREE_DELIVERY),
            (decision.percent or 0) / 10,
        ]
    )


@dataclass(frozen=True, eq=False)
class Uplift:
    """Weights of shape (4, number of features) and the version that decisions name."""

    weights: Floats
    version: str

    def chances(self, rows: Floats, treatments: Sequence[str]) -> Floats:
        """The chance of a purchase, shape (len(rows), len(treatments))."""
        scores = (rows @ self.weights.T) @ np.stack([parts(one) for one in treatments]).T
        return 1 / (1 + np.exp(-scores))


def prior() -> Uplift:
    """What is expected before a shop has decided anything."""
    return Uplift(_prior_mean(), "prior")


def fit(rows: Floats, treatments: Sequence[str], bought: NDArray[np.bool_], version: str) -> Uplift:
    """The model after these decisions.

    `rows` are features, shape (n, number of features); `treatments` and `bought` have n entries.
    """
    known = {treatment: parts(treatment) for treatment in set(treatments)}
    made = np.stack([known[treatment] for treatment in treatments])
    table = (made[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
    mean = _prior_mean().ravel()
    precision = np.repeat([1 / _SPREAD[part] ** 2 for part in sorted(_SPREAD)], len(FEATURES))
    weights = mean.copy()
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(table @ weights)))
        slope = table.T @ (bought - chance) - precision * (weights - mean)
        curve = (table.T * (chance * (1 - chance))) @ table + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        # A step too long for the quadratic picture is cut; the posterior has one mode only.
        weights = weights + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < _CLOSE:
            break
    return Uplift(weights.reshape(4, -1), version)


def _prior_mean() -> Floats:
    return np.array([[_PRIOR[part].get(name, 0.0) for name in FEATURES] for part in sorted(_PRIOR)])
