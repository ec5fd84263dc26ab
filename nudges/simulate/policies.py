"""What the shipped decision is compared with: the simplest rules, and the best there can be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from db.pricing import DeliveryRule
from nudges.coupons import cost_of
from nudges.decision import NOTHING, REMINDER, AlwaysRemind, Choice, Decision, largest
from nudges.facts import Facts
from nudges.policy import Policy
from nudges.simulate.replay import Replay
from nudges.simulate.state import Cart
from nudges.simulate.truth import Mind, brings_back, still_alone, within
from nudges.uplift.features import as_row, features
from nudges.uplift.model import Uplift

DAY = timedelta(days=1)


class _KeepsNothing:
    def facts_kept(self, facts: Facts, *, now: datetime) -> Mapping[str, float]:  # noqa: ARG002
        """Nothing: it does not learn."""
        return {}


class Nobody(_KeepsNothing):
    """Writes to nobody."""

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:  # noqa: ARG002
        """Nothing, for all."""
        return [Decision(NOTHING) for _ in choices]


ReminderToAll = AlwaysRemind


class CouponToAll(_KeepsNothing):
    """The largest percentage to whoever may have it, a reminder to the others."""

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:  # noqa: ARG002
        """By what each choice offers."""
        return [Decision(largest(choice.treatments, otherwise=REMINDER)) for choice in choices]


@dataclass(frozen=True)
class CouponByScore(_KeepsNothing):
    """A coupon for those likeliest to stay away, a reminder to the others: no uplift in it."""

    model: Uplift
    from_score: float
    rule: DeliveryRule

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:
        """By the chance of not buying without a message."""
        found = [as_row(features(one.facts, rule=self.rule, now=now)) for one in choices]
        left = 1 - self.model.chances(np.array(found), [NOTHING])[:, 0]
        return [
            Decision(
                largest(one.treatments, otherwise=REMINDER)
                if score >= self.from_score
                else REMINDER
            )
            for one, score in zip(choices, left, strict=True)
        ]


@dataclass
class BestPossible(_KeepsNothing):
    """Knows why each cart was left and what its shopper is like, and plans all stages to come.

    Its expectation of each treatment is the truth's own; what it does not know is how the draws
    fall. It plans one abandonment at a time, so caps and budgets that later ones will need are not
    weighed.
    """

    policy: Policy
    rule: DeliveryRule
    replay: Callable[[], Replay]

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:
        """The first step of the best plan for each."""
        return [Decision(self._best(choice, now)[0]) for choice in choices]

    def _best(self, choice: Choice, now: datetime) -> tuple[str, float]:
        replay = self.replay()
        cart = replay.carts[choice.facts.cart_id]
        mind = replay.shoppers[cart.visit.person].person.mind
        names = [stage.name for stage in self.policy.stages]
        plan = _Plan(self.policy, self.rule, choice, cart, mind)
        return plan.best(names.index(choice.facts.stage), now, cart.messages, given=False)


@dataclass(frozen=True, slots=True)
class _Plan:
    policy: Policy
    rule: DeliveryRule
    choice: Choice
    cart: Cart
    mind: Mind

    def best(self, stage: int, at: datetime, messages: int, *, given: bool) -> tuple[str, float]:
        """The best treatment of a stage, and the margin to be expected from it on."""
        facts, stages = self.choice.facts, self.policy.stages
        treatments = stages[stage].treatments if stage < len(stages) else ()
        if given or self.choice.no_coupon:
            treatments = tuple(one for one in treatments if one == REMINDER)
        caps = self.policy.caps
        if messages >= min(caps.per_cart, caps.per_week):
            treatments = ()
        margin = facts.value.amount * self.policy.incentives.margin_percent / 100
        days = (at - self.cart.touched) / DAY
        later = still_alone(self.cart.reason, self.mind, days=days)
        following = self.cart.touched + stages[stage + 1].after if stage + 1 < len(stages) else None
        gap = max((following - at) / DAY, 0.0) if following else None
        soon = later * (within(self.cart.reason, gap) if gap is not None else 1.0)
        valid = later * within(self.cart.reason, self.policy.incentives.valid_days)
        options: dict[str, float] = {}
        for treatment in (NOTHING, *treatments):
            cost = cost_of(facts, Decision(treatment), self.policy, self.rule)
            back = brings_back(
                self.cart.reason, self.mind, treatment, hours=days * 24, messages_before=messages,
                pays_delivery=facts.value < self.rule.free_from,
            )  # fmt: skip
            said = treatment != NOTHING
            rest = soon * margin - valid * cost
            if following is not None:
                _, then = self.best(
                    stage + 1, max(following, at), messages + said, given=given or cost > 0
                )
                rest += (1 - soon) * then
            options[treatment] = (
                back * (margin - cost)
                + (1 - back) * rest
                - said * self.policy.incentives.message_cost
            )
        chosen = max(options, key=options.__getitem__)
        return chosen, options[chosen]
