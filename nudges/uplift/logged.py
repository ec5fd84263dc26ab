"""Logged decisions: what was known, what might have been done, what was done and what it earned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nudges.decision import NOTHING
from nudges.policy import Policy
from nudges.uplift.estimators import doubly_robust, inverse_propensity
from nudges.uplift.model import Floats, Uplift


@dataclass(frozen=True, eq=False)
class Logged:
    """Settled decisions, oldest first; n of them.

    `decided` marks those that a decider made (the others were held out). `margins` is what the
    goods would earn, `costs` what each treatment that was allowed may take off it.
    """

    rows: Floats
    treatments: Sequence[str]
    bought: NDArray[np.bool_]
    decided: NDArray[np.bool_]
    probabilities: Floats
    margins: Floats
    costs: Sequence[Mapping[str, int]]

    def __len__(self) -> int:
        return len(self.treatments)

    def part(self, which: NDArray[np.int64]) -> "Logged":
        """Some of them, by position."""
        return Logged(
            self.rows[which],
            [self.treatments[at] for at in which],
            self.bought[which],
            self.decided[which],
            self.probabilities[which],
            self.margins[which],
            [self.costs[at] for at in which],
        )


@dataclass(frozen=True)
class Terms:
    """What a policy would have earned, a term a decision, in minor units; n of each."""

    doubly_robust: Floats
    by_propensity: Floats


@dataclass(frozen=True, eq=False)
class Weighing:
    """Logged decisions as tables over treatments, for asking what a policy would have earned.

    `treatments` are all that were ever allowed, t of them; `allowed` and `costs` have shape (n, t).
    The day's budget is not weighed: each decision is as if it were the only one.
    """

    log: Logged
    treatments: Sequence[str]
    allowed: NDArray[np.bool_]
    costs: Floats
    message_costs: Floats

    @classmethod
    def of(cls, log: Logged, policy: Policy) -> "Weighing":
        """What was allowed is what had a cost on record, besides nothing and what was done."""
        every = sorted({NOTHING, *log.treatments, *(one for costs in log.costs for one in costs)})
        place = {treatment: at for at, treatment in enumerate(every)}
        allowed = np.zeros((len(log), len(every)), bool)
        costs = np.zeros((len(log), len(every)))
        for row, known in enumerate(log.costs):
            for treatment, cost in known.items():
                allowed[row, place[treatment]] = True
                costs[row, place[treatment]] = cost
            allowed[row, [place[NOTHING], place[log.treatments[row]]]] = True
        said = np.array([one != NOTHING for one in every]) * policy.incentives.message_cost
        return cls(log, every, allowed, costs, said)

    @cached_property
    def done(self) -> NDArray[np.int64]:
        """The place of each treatment that was done."""
        place = {treatment: at for at, treatment in enumerate(self.treatments)}
        return np.array([place[one] for one in self.log.treatments], np.int64)

    @cached_property
    def rewards(self) -> Floats:
        """What each decision earned."""
        costs = self.costs[np.arange(len(self.log)), self.done]
        earned: Floats = self.log.bought * (self.log.margins - costs)
        return earned - self.message_costs[self.done]

    def worth(self, by: Uplift) -> Floats:
        """What a model expects of each treatment, shape (n, t)."""
        chances = by.chances(self.log.rows, self.treatments)
        worth: Floats = chances * (self.log.margins[:, None] - self.costs) - self.message_costs
        return worth

    def best(self, by: Uplift) -> NDArray[np.int64]:
        """The place of what a model would have chosen, by what it expects."""
        return np.where(self.allowed, self.worth(by), -np.inf).argmax(axis=1)

    def ruled(self, rule: Callable[[Sequence[str]], str]) -> NDArray[np.int64]:
        """The place of what a rule would have chosen among what was allowed."""
        place = {treatment: at for at, treatment in enumerate(self.treatments)}
        return np.array(
            [
                place[rule([self.treatments[at] for at in np.flatnonzero(row).tolist()])]
                for row in self.allowed
            ],
            np.int64,
        )

    def terms(self, choice: NDArray[np.int64], expected: Floats) -> Terms:
        """What choosing so would have earned, where `expected` (n, t) is a judge's `worth`."""
        each, probabilities = np.arange(len(self.log)), self.log.probabilities
        chosen = choice == self.done
        return Terms(
            doubly_robust(
                chosen,
                probabilities,
                self.rewards,
                expected=expected[each, self.done],
                of_policy=expected[each, choice],
            ),
            inverse_propensity(chosen, probabilities, self.rewards),
        )
