"""What other policies would have earned on a shop's own decisions, told without trying them.

Compared are the newest decisions of the log: a candidate learns from the older ones, and so does
the model that the doubly robust estimate leans on, so neither has seen what it is judged by.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nudges.decision import FREE_DELIVERY, NOTHING, REMINDER, largest
from nudges.policy import Policy
from nudges.uplift.estimators import Value, value
from nudges.uplift.learn import parted
from nudges.uplift.logged import Logged, Weighing
from nudges.uplift.model import Uplift, fit, prior

CANDIDATE = "a candidate"


def _reminder(allowed: Sequence[str]) -> str:
    return REMINDER if REMINDER in allowed else NOTHING


def _free_delivery(allowed: Sequence[str]) -> str:
    return FREE_DELIVERY if FREE_DELIVERY in allowed else _reminder(allowed)


def _coupon(allowed: Sequence[str]) -> str:
    return largest(allowed, otherwise=_reminder(allowed))


RULES: Mapping[str, Callable[[Sequence[str]], str]] = {
    "nobody": lambda _: NOTHING,
    "reminder to all": _reminder,
    "free delivery to all": _free_delivery,
    "coupon to all": _coupon,
}
"""What a rule does with the treatments that were allowed; who may get no coupon gets a reminder."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A policy by what it would have earned a decision, in minor units.

    `gained` is what it would have earned over the model in force, doubly robust and in pairs.
    `agrees` counts the decisions in which it would have done what was done; `shares` says how often
    it would have done what.
    """

    policy: str
    doubly_robust: Value
    by_propensity: Value
    gained: Value
    agrees: int
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """So many decisions, what they did earn, and each policy, the best first."""

    decisions: int
    earned: Value
    judged: Sequence[Judged]


def compare(log: Logged, *, policy: Policy, in_force: Uplift) -> Comparison:
    """The model in force, the prior, a candidate and simple rules. Raises TooLittleError."""
    older, newer = parted(log)
    weighing = Weighing.of(newer, policy)
    candidate = fit(older.rows, older.treatments, older.bought, CANDIDATE)
    models = {one.version: one for one in (in_force, prior(), candidate)}
    choices = {version: weighing.best(model) for version, model in models.items()}
    choices |= {name: weighing.ruled(rule) for name, rule in RULES.items()}
    expected = weighing.worth(candidate)
    terms = {name: weighing.terms(choice, expected) for name, choice in choices.items()}
    standard = terms[in_force.version].doubly_robust
    judged = [
        Judged(
            policy=name,
            doubly_robust=value(terms[name].doubly_robust),
            by_propensity=value(terms[name].by_propensity),
            gained=value(terms[name].doubly_robust - standard),
            agrees=int((choice == weighing.done).sum()),
            shares=_shares(weighing, choice),
        )
        for name, choice in choices.items()
    ]
    judged.sort(key=lambda one: -one.doubly_robust.mean)
    return Comparison(len(newer), value(weighing.rewards), judged)


def _shares(weighing: Weighing, choice: NDArray[np.int64]) -> dict[str, float]:
    counts = Counter(weighing.treatments[at] for at in choice.tolist())
    return {name: count / len(choice) for name, count in counts.most_common()}
