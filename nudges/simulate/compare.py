"""One simulated shop under several policies, what is learned from its log, and what is measured."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from db.pricing import DeliveryRule
from nudges.decision import Decider
from nudges.experiments import HELD_OUT, assign
from nudges.lift import Lift, lift, too_little
from nudges.policy import HOLD_OUT, Policy
from nudges.simulate.policies import (
    BestPossible,
    CouponByScore,
    CouponToAll,
    Nobody,
    ReminderToAll,
)
from nudges.simulate.replay import Replay
from nudges.simulate.shoppers import Floats, Scenario, Shop, draw_shop
from nudges.simulate.state import Diary, Ordered
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.features import FEATURES, as_row
from nudges.uplift.learn import RIPE
from nudges.uplift.logged import Logged
from nudges.uplift.model import Uplift, fit, prior

SHIPPED, BEST, NOBODY = "shipped", "best possible", "nobody"
SCORES = (0.8, 0.85, 0.9)
"""From which chance of staying away the comparison gives coupons; the best one is reported."""
LEARNING_SEED = 1_000_000
"""Added to a seed for the shoppers whose log is learned from, so that they are others."""


def run(shop: Shop, policy: Policy, decider: Decider, rule: DeliveryRule) -> Diary:
    """One run."""
    return Replay(shop, policy, decider, rule).run()


def run_best(shop: Shop, policy: Policy, rule: DeliveryRule) -> Diary:
    """The run of the policy that knows the truth."""
    found: list[Replay] = []
    found.append(Replay(shop, policy, BestPossible(policy, rule, lambda: found[0]), rule))
    return found[0].run()


def margin_of(order: Ordered, policy: Policy) -> float:
    """What an order earned, in minor units."""
    return order.goods * policy.incentives.margin_percent / 100 - order.coupon


def margin(diary: Diary, policy: Policy) -> float:
    """What all orders earned, less what messages count as costing."""
    earned = sum(margin_of(order, policy) for order in diary.orders)
    return earned - len(diary.sent) * policy.incentives.message_cost


def adds(diary: Diary) -> float:
    """What the messages add to the margin, in the mean of all draws.

    By the performance difference lemma (Kakade, S. and Langford, J. 2002, ICML) the sum of what
    each message adds over silence is the policy's value over that of silence, without the noise of
    who happens to buy. It counts within an abandonment: that coupons teach some to leave carts on
    purpose is in `margin` only.
    """
    return sum(message.expected for message in diary.sent)


def log_of(diary: Diary, scenario: Scenario) -> Logged:
    """A run's settled decisions, as `uplift.learn.read_log` reads them from the tables."""
    orders: dict[int, list[Ordered]] = defaultdict(list)
    for order in diary.orders:
        orders[order.person].append(order)
    times = {person: [order.at for order in those] for person, those in orders.items()}
    kept = [one for one in diary.decided if one.at <= scenario.ends - RIPE]
    bought = []
    for one in kept:
        mine = times.get(one.person, [])
        following = bisect_right(mine, one.at)
        bought.append(following < len(mine) and mine[following] - one.at <= RIPE)
    why = [one.decision.why for one in kept]
    return Logged(
        rows=np.array([as_row(each["facts"]) for each in why]).reshape(len(kept), len(FEATURES)),  # type: ignore[arg-type]
        treatments=[one.decision.treatment for one in kept],
        bought=np.array(bought, bool),
        decided=np.array([not one.held_out for one in kept], bool),
        probabilities=np.array([one.decision.probability for one in kept]),
        margins=np.array([float(each.get("margin", 0)) for each in why]),  # type: ignore[arg-type]
        costs=[each.get("costs", {}) for each in why],  # type: ignore[misc]
    )


def learned(scenario: Scenario, policy: Policy, rule: DeliveryRule, *, rounds: int) -> Uplift:
    """The model of a shop that began with the prior and learned `rounds` times from its log.

    Each round is a stretch as long as the scenario's, of other shoppers.
    """
    model, logs = prior(), []
    for number in range(rounds):
        past = replace(scenario, seed=scenario.seed + LEARNING_SEED * (number + 1))
        shop = draw_shop(past)
        diary = run(shop, policy, UpliftDecider(always(model), policy, rule), rule)
        logs.append(log_of(diary, past))
        model = fit(
            np.concatenate([log.rows for log in logs]),
            [one for log in logs for one in log.treatments],
            np.concatenate([log.bought for log in logs]),
            f"round {number + 1}",
        )
    return model


def always(model: Uplift) -> Callable[[], Uplift]:
    """Answers this model, whenever it is asked for one."""
    return lambda: model


@dataclass(frozen=True, slots=True)
class Measured:
    """What the hold-out says of a run, a person, in minor units of margin."""

    people: tuple[int, int]
    buyers: tuple[int, int]
    margin: Lift | None
    missing: str | None


def outcomes(diary: Diary, policy: Policy, people: Sequence[int]) -> list[float]:
    """The margin of each person from their first exposure on."""
    earned = dict.fromkeys(people, 0.0)
    for order in diary.orders:
        if order.person in earned and order.at >= diary.exposed[order.person]:
            earned[order.person] += margin_of(order, policy)
    return list(earned.values())


def measured(shop: Shop, policy: Policy, diary: Diary) -> Measured:
    """The hold-out's comparison, as `nudges.measure` makes it."""
    groups: tuple[list[int], list[int]] = ([], [])
    for row in diary.exposed:
        groups[_is_held_out(shop, policy, row)].append(row)
    values = [outcomes(diary, policy, group) for group in groups]
    people = (len(groups[0]), len(groups[1]))
    buyers = (sum(v > 0 for v in values[0]), sum(v > 0 for v in values[1]))
    missing = too_little(people, buyers)
    return Measured(people, buyers, None if missing else lift(*values), missing)


@dataclass(frozen=True, eq=False)
class TwoLives:
    """What each exposed person brings when all are written to and when nobody is; minor units.

    `held_out` marks whom the policy's hold-out would have kept from it.
    """

    written_to: Floats
    alone: Floats
    held_out: NDArray[np.bool_]

    @property
    def true_lift(self) -> float:
        """What messages really add to the margin, a person."""
        return float((self.written_to - self.alone).mean())


def two_lives(shop: Shop, policy: Policy, decider: Decider, rule: DeliveryRule) -> TwoLives:
    """The same people with the same draws live twice: all of them written to, and none."""
    every = policy.model_copy(
        update={"hold_out": policy.hold_out.model_copy(update={"share": 0.0})}
    )
    treated = run(shop, every, decider, rule)
    alone = run(shop, every, Nobody(), rule)
    people = sorted(treated.exposed.keys() & alone.exposed.keys())
    return TwoLives(
        written_to=np.array(outcomes(treated, every, people)),
        alone=np.array(outcomes(alone, every, people)),
        held_out=np.array([_is_held_out(shop, policy, row) for row in people], bool),
    )


def _is_held_out(shop: Shop, policy: Policy, row: int) -> bool:
    return assign(policy, shop.people[row].recipient.subject, {})[HOLD_OUT].arm == HELD_OUT


def all_policies(shop: Shop, policy: Policy, model: Uplift, rule: DeliveryRule) -> dict[str, Diary]:
    """The shop under the shipped policy, the best possible one, and the simple ones."""
    return {
        SHIPPED: run(shop, policy, UpliftDecider(always(model), policy, rule), rule),
        BEST: run_best(shop, policy, rule),
        NOBODY: run(shop, policy, Nobody(), rule),
        "reminder to all": run(shop, policy, ReminderToAll(), rule),
        "coupon to all": run(shop, policy, CouponToAll(), rule),
        **{
            f"coupon from score {score}": run(shop, policy, CouponByScore(model, score, rule), rule)
            for score in SCORES
        },
    }
