"""The largest expected margin minus cost, under what is left of the day's budget."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

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

    def best(self, *, without_coupons: bool = False) -> str:
        """The treatment of the largest gain; the milder one where two are alike."""
        allowed = [one for one in self.gains if not (without_coupons and self.costs[one])]
        return max(allowed, key=lambda one: self.gains[one])


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

        A share of `exploration` is drawn evenly among all that is allowed, so that every treatment
        keeps a known chance and policies can be compared on the log.
        """
        model = self.model()
        weighed = self._weigh(model, choices, now=now)
        left = min((choice.budget for choice in choices), default=0)
        chosen: dict[int, str] = {}
        for at, one in enumerate(weighed):
            if (treatment := self._explored(one)) is not None and one.costs[treatment] <= left:
                chosen[at] = treatment
                left -= one.costs[treatment]
        for at in sorted(range(len(weighed)), key=lambda at: _worth(weighed[at]), reverse=True):
            if at in chosen:
                continue
            one = weighed[at]
            best = one.best()
            if one.costs[best] > left:
                best = one.best(without_coupons=True)
            chosen[at] = best
            left -= one.costs[best]
        return [
            self._decision(one, chosen[at], explored=self._explored(one), version=model.version)
            for at, one in enumerate(weighed)
        ]

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
            if not costs[one]
            or (not sure and not (one == FREE_DELIVERY and not kept["pays_delivery"]))
        ]
        without = chances[NOTHING] * margin
        gains = {
            one: chances[one] * (margin - costs[one])
            - without
            - (incentives.message_cost if one != NOTHING else 0)
            for one in allowed
        }
        return _Weighed(choice, kept, margin, chances, costs, gains, sure)

    def _explored(self, one: _Weighed) -> str | None:
        """The treatment to try where the nudge's own draw says so; None where it does not."""
        digest = sha256(f"exploration\0{one.choice.facts.nudge_id}".encode()).digest()
        point, share = int.from_bytes(digest[:8]) / 2**64, self.policy.incentives.exploration
        if point >= share:
            return None
        allowed = list(one.gains)
        return allowed[int(point / share * len(allowed))]

    def _decision(
        self, one: _Weighed, treatment: str, *, explored: str | None, version: str
    ) -> Decision:
        share = self.policy.incentives.exploration
        at_random = share / len(one.gains)
        by_draw = explored is not None and explored == treatment
        greedy = treatment == one.best() or not by_draw
        why: dict[str, object] = {
            "model": version,
            "rule": "exploration" if by_draw else "best",
            "facts": dict(one.features),
            "margin": one.margin,
            "expected": {name: round(gain, 1) for name, gain in one.gains.items()},
            "chances": {name: round(one.chances[name], 4) for name in one.gains},
            "costs": {name: one.costs[name] for name in one.gains},
        }
        if no_coupon := one.choice.no_coupon or ("would buy anyway" if one.sure else ""):
            why["no_coupon"] = no_coupon
        if not by_draw and treatment != one.best():
            why["out_of_budget"] = one.best()
        return Decision(treatment, (1 - share) * greedy + at_random, why)


def _worth(one: _Weighed) -> float:
    """What the best treatment gains over the best free one, for each unit that it may cost."""
    best = one.best()
    cost = one.costs[best]
    return (one.gains[best] - one.gains[one.best(without_coupons=True)]) / cost if cost else 0.0
