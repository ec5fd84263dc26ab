"""The largest expected margin minus cost, under what is left of the day's budget."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import inf

import numpy as np

from db.pricing import DeliveryRule
from nudges.coupons import cost_of
from nudges.decision import FREE_DELIVERY, NOTHING, Choice, Decision
from nudges.facts import Facts
from nudges.policy import Policy
from nudges.uplift.features import as_row, features
from nudges.uplift.model import Uplift


@dataclass(frozen=True, slots=True)
class _Weighed:
    """One choice with what is expected of each treatment that it may come to."""

    choice: Choice
    features: Mapping[str, float]
    margin: int
    chances: Mapping[str, float]
    costs: Mapping[str, int]
    gains: Mapping[str, float]
    sure: bool

    def within(self, budget: float) -> list[str]:
        """The allowed treatments that cost no more."""
        return [one for one in self.gains if self.costs[one] <= budget]

    def best(self, budget: float = inf) -> str:
        """The treatment of the largest gain among these; the milder one where two are alike."""
        return max(self.within(budget), key=lambda one: self.gains[one])


@dataclass(frozen=True)
class UpliftDecider:
    """Asks the model in force for each page, so that a new one is followed without a restart."""

    model: Callable[[], Uplift]
    policy: Policy
    rule: DeliveryRule

    def facts_kept(self, facts: Facts, *, now: datetime) -> dict[str, float]:
        """What learning needs to know of somebody held out."""
        return features(facts, rule=self.rule, now=now)

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:
        """Coupons go to whom they change most for their cost, while the budget lasts.

        A share of `exploration` is drawn evenly among all that is allowed and that the budget still
        pays, so that what is done has a known chance, given what was decided before it, and
        policies can be compared on the log.
        """
        model = self.model()
        weighed = self._weigh(model, choices, now=now)
        left = min((choice.budget for choice in choices), default=0)
        decided: dict[int, Decision] = {}
        # The order must not depend on any draw: that would make the chances others than those said.
        for at in sorted(range(len(weighed)), key=lambda at: _worth(weighed[at]), reverse=True):
            decided[at] = self._decision(weighed[at], left=left, version=model.version)
            left -= weighed[at].costs[decided[at].treatment]
        return [decided[at] for at in range(len(weighed))]

    def _weigh(self, model: Uplift, choices: Sequence[Choice], *, now: datetime) -> list[_Weighed]:
        if not choices:
            return []
        found = [features(choice.facts, rule=self.rule, now=now) for choice in choices]
        every = (NOTHING, *dict.fromkeys(one for choice in choices for one in choice.treatments))
        chances = model.chances(np.array([as_row(one) for one in found]), every)
        return [
            self._weigh_one(choice, kept, dict(zip(every, row, strict=True)))
            for choice, kept, row in zip(choices, found, chances.tolist(), strict=True)
        ]

    def _weigh_one(
        self, choice: Choice, kept: Mapping[str, float], chances: Mapping[str, float]
    ) -> _Weighed:
        incentives = self.policy.incentives
        margin = choice.facts.value.amount * incentives.margin_percent // 100
        costs = {
            one: cost_of(choice.facts, Decision(one), self.policy, self.rule)
            for one in (NOTHING, *choice.treatments)
        }
        sure = chances[NOTHING] >= incentives.sure_from
        allowed = [
            one
            for one in costs
            if not Decision(one).incentive
            or (costs[one] and not sure and (one != FREE_DELIVERY or kept["pays_delivery"]))
        ]
        without = chances[NOTHING] * margin
        gains = {
            one: chances[one] * (margin - costs[one])
            - without
            - (incentives.message_cost if one != NOTHING else 0)
            for one in allowed
        }
        return _Weighed(choice, kept, margin, chances, costs, gains, sure)

    def _explored(self, one: _Weighed, possible: Sequence[str]) -> str | None:
        """The treatment to try where the nudge's own draw says so; None where it does not."""
        digest = sha256(f"exploration\0{one.choice.facts.nudge_id}".encode()).digest()
        point, share = int.from_bytes(digest[:8]) / 2**64, self.policy.incentives.exploration
        return possible[int(point / share * len(possible))] if point < share else None

    def _decision(self, one: _Weighed, *, left: int, version: str) -> Decision:
        """What is done where coupons may still cost `left`, with its chance."""
        share = self.policy.incentives.exploration
        possible, best = one.within(left), one.best(left)
        explored = self._explored(one, possible)
        chances = dict.fromkeys(possible, share / len(possible))
        chances[best] += 1 - share
        why: dict[str, object] = {
            "model": version,
            "rule": "exploration" if explored else "best",
            "facts": dict(one.features),
            "margin": one.margin,
            "expected": {name: round(gain, 1) for name, gain in one.gains.items()},
            "chances": {name: round(one.chances[name], 4) for name in one.gains},
            "costs": {name: one.costs[name] for name in possible},
            "probabilities": chances,
        }
        if no_coupon := one.choice.no_coupon or ("would buy anyway" if one.sure else ""):
            why["no_coupon"] = no_coupon
        if best != one.best():
            why["out_of_budget"] = one.best()
        treatment = explored or best
        return Decision(treatment, chances[treatment], why)


def _worth(one: _Weighed) -> float:
    """What the best treatment gains over the best free one, for each unit that it may cost."""
    best = one.best()
    cost = one.costs[best]
    return (one.gains[best] - one.gains[one.best(0)]) / cost if cost else 0.0
