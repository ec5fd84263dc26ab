"""What a policy would have earned, told from decisions that another made at random in part.

Both estimators take one entry for each logged decision and answer a term for each; `value` is their
mean. `chosen` says whether the policy asked about would have done what was done, `probabilities`
with which chance it was done, `rewards` what it earned.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Bools = NDArray[np.bool_]

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Value:
    """The mean reward of a decision, and its standard error."""

    mean: float
    error: float

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.mean - Z_95 * self.error

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self.mean + Z_95 * self.error


def inverse_propensity(chosen: Bools, probabilities: Floats, rewards: Floats) -> Floats:
    """Rewards of the decisions that agree, each for all those that chance left out.

    Horvitz, D. G. and Thompson, D. J. (1952), Journal of the American Statistical Association 47.
    """
    terms: Floats = np.where(chosen, rewards / _checked(probabilities), 0.0)
    return terms


def doubly_robust(
    chosen: Bools, probabilities: Floats, rewards: Floats, *, expected: Floats, of_policy: Floats
) -> Floats:
    """A model's word, corrected by what happened where the decisions agree: a term a decision.

    `expected` is what the model expects of what was done, `of_policy` of what the policy would do.
    Right where either the model or the probabilities are. Dudík, M., Langford, J. and Li, L.
    (2011): Doubly robust policy evaluation and learning, ICML.
    """
    weights = np.where(chosen, 1 / _checked(probabilities), 0.0)
    terms: Floats = of_policy + weights * (rewards - expected)
    return terms


def _checked(probabilities: Floats) -> Floats:
    if len(probabilities) and (probabilities.min() <= 0 or probabilities.max() > 1):
        raise ValueError("probabilities must be above 0 and at most 1")
    return probabilities


def value(terms: Floats) -> Value:
    """The mean of an estimator's terms. For comparing policies, give the terms' differences."""
    if len(terms) < 2:
        raise ValueError("a policy's value needs at least two decisions")
    return Value(float(terms.mean()), float(terms.std(ddof=1)) / sqrt(len(terms)))
