"""The shipped decision beside simple rules and the best possible; and whether hold-outs tell true.

Every shop is a seed of its own, and learns from a log of its own: what luck there is in learning is
in the intervals over shops. The shoppers of the log are others than those that are measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from db.pricing import DeliveryRule
from nudges.lift import lift, too_little
from nudges.policy import Policy
from nudges.simulate.compare import (
    BEST,
    NOBODY,
    SHIPPED,
    adds,
    all_policies,
    always,
    margin,
    two_lives,
)
from nudges.simulate.shoppers import Scenario, draw_shop
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.model import Uplift

RESAMPLES = 2000
LEAST_SHARE = 0.85
"""Of the best possible's incremental margin, that the shipped decision has to earn."""
LEAST_COVERED = 0.93
"""The part of hold-outs whose 95 % interval has to have the true lift in it."""


@dataclass(frozen=True, slots=True)
class Earned:
    """What one policy earned in one shop, over writing to nobody, in minor units.

    `mean` is in the mean of all draws, `drawn` as it happened to fall.
    """

    seed: int
    policy: str
    mean: float
    drawn: float


@dataclass(frozen=True, slots=True)
class Share:
    """A policy's part of what the best possible earns, with its 95 % interval over shops."""

    policy: str
    mean: float
    low: float
    high: float
    drawn: float


@dataclass(frozen=True, slots=True)
class Covered:
    """One shop's true lift a person, and the hold-out's interval for it (None: too few people)."""

    seed: int
    true: float
    interval: tuple[float, float] | None

    @property
    def holds(self) -> bool:
        """Whether the interval has the truth in it."""
        return self.interval is not None and self.interval[0] <= self.true <= self.interval[1]


def earned(
    scenario: Scenario, policy: Policy, model: Uplift, rule: DeliveryRule
) -> Iterator[Earned]:
    """One shop under every policy."""
    diaries = all_policies(draw_shop(scenario), policy, model, rule)
    alone = margin(diaries[NOBODY], policy)
    for name, diary in diaries.items():
        yield Earned(scenario.seed, name, adds(diary), margin(diary, policy) - alone)


def shares(rows: Sequence[Earned], *, seed: int = 0) -> list[Share]:
    """Each policy against the best, over all shops; the interval by resampling shops."""
    names = list(dict.fromkeys(row.policy for row in rows))
    mean = {name: np.array([row.mean for row in rows if row.policy == name]) for name in names}
    drawn = {name: sum(row.drawn for row in rows if row.policy == name) for name in names}
    shops = len(mean[BEST])
    picks = np.random.default_rng(seed).integers(0, shops, (RESAMPLES, shops))
    best = mean[BEST][picks].sum(axis=1)
    found = []
    for name in names:
        low, high = np.quantile(mean[name][picks].sum(axis=1) / best, [0.025, 0.975])
        share = float(mean[name].sum() / mean[BEST].sum())
        found.append(Share(name, share, float(low), float(high), drawn[name] / drawn[BEST]))
    return sorted(found, key=lambda one: -one.mean)


def shortfalls(earning: Sequence[Share], checked: Sequence[Covered]) -> list[str]:
    """What the shipped decision and the hold-outs fall short of, in words.

    What was not measured (an empty sequence) falls short of nothing; hold-outs that all had too
    little data do, since they prove nothing.
    """
    found = []
    for shipped in [one for one in earning if one.policy == SHIPPED]:
        told = (
            f"The shipped decision earns {shipped.mean:.1%} of the best possible, and has to earn"
        )
        if shipped.mean < LEAST_SHARE:
            found.append(f"{told} {LEAST_SHARE:.0%}.")
        found += [
            f"{told} more than {rule.mean:.1%}, as the rule does: {rule.policy}."
            for rule in earning
            if rule.policy not in (SHIPPED, BEST) and rule.mean >= shipped.mean
        ]
    sure = [one for one in checked if one.interval is not None]
    holds = sum(one.holds for one in sure)
    if checked and holds < max(LEAST_COVERED * len(sure), 1):
        found.append(
            f"The intervals have the true lift in them in {holds} of {len(sure)} shops, and have "
            f"to in {LEAST_COVERED:.0%}."
        )
    return found


def covered(scenario: Scenario, policy: Policy, model: Uplift, rule: DeliveryRule) -> Covered:
    """Whether the hold-out's interval covers the true lift of one shop.

    The same people live twice, all written to and none; who is held out is drawn as in production.
    A held-out shopper does what they did alone, as long as the day's budget binds nobody, so the
    two lives together are the one that would be measured, and their difference is the truth.
    """
    decider = UpliftDecider(always(model), policy, rule)
    lives = two_lives(draw_shop(scenario), policy, decider, rule)
    true = lives.true_lift
    groups = lives.written_to[~lives.held_out], lives.alone[lives.held_out]
    enough = too_little(
        (len(groups[0]), len(groups[1])), (int((groups[0] > 0).sum()), int((groups[1] > 0).sum()))
    )
    if enough is not None:
        return Covered(scenario.seed, true, None)
    told = lift(groups[0].tolist(), groups[1].tolist())
    return Covered(scenario.seed, true, (told.low, told.high))
