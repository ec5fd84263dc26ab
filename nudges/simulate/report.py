"""One policy played on a simulated shop, told in numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from zoneinfo import ZoneInfo

from db.pricing import DeliveryRule
from nudges.policy import Policy
from nudges.quiet_hours import by_local_hour
from nudges.simulate.audit import violations
from nudges.simulate.compare import (
    Measured,
    adds,
    always,
    learned,
    margin,
    margin_of,
    measured,
    run,
    run_best,
)
from nudges.simulate.policies import Nobody
from nudges.simulate.shoppers import BEGINS, Scenario, draw_shop
from nudges.simulate.state import Diary, Sent
from nudges.uplift.decider import UpliftDecider


@dataclass(frozen=True, slots=True)
class Play:
    """How one policy fared; amounts in minor units.

    `margin` is all that was earned, `alone` what the same shoppers bring with nobody written to.
    `adds` is what the messages add in the mean of all draws, `best_adds` what those of the best
    possible decisions do. `by_day` is the margin above `alone` so far, by
    day; `by_hour` counts messages by the recipient's local hour. `waited` counts each time that a
    gate put something off, `stopped` what it ended.
    """

    name: str
    left: int
    orders: int
    written_to: int
    treatments: Mapping[str, int]
    channels: Mapping[str, int]
    stopped: Mapping[str, int]
    waited: Mapping[str, int]
    coupons_issued: int
    coupons_used: int
    coupon_costs: int
    most_in_a_day: int
    margin: float
    alone: float
    adds: float
    best_adds: float
    hold_out: Measured
    by_day: Sequence[float]
    best_by_day: Sequence[float]
    by_hour: Sequence[int]
    sent: Sequence[Sent]
    violations: Mapping[str, int]

    @property
    def messages(self) -> int:
        """How many were sent."""
        return sum(self.treatments.values())

    @property
    def brought(self) -> float:
        """The margin over what the same shoppers bring with nobody written to."""
        return self.margin - self.alone

    @property
    def share_of_best(self) -> float | None:
        """How much of what the best possible decisions add; None where they add nothing."""
        return self.adds / self.best_adds if self.best_adds > 0 else None


def play(name: str, scenario: Scenario, policy: Policy, rule: DeliveryRule, *, rounds: int) -> Play:
    """Play a policy, after learning from so many stretches of other shoppers."""
    shop = draw_shop(scenario)
    model = learned(scenario, policy, rule, rounds=rounds)
    diary = run(shop, policy, UpliftDecider(always(model), policy, rule), rule)
    alone, best = run(shop, policy, Nobody(), rule), run_best(shop, policy, rule)
    return Play(
        name=name,
        left=diary.left,
        orders=len(diary.orders),
        written_to=len({one.person for one in diary.sent}),
        treatments=_counted(Counter(one.treatment for one in diary.sent)),
        channels=_counted(Counter(one.channel.value for one in diary.sent)),
        stopped=_counted(diary.stopped),
        waited=_counted(diary.waited),
        coupons_issued=diary.coupons["issued"],
        coupons_used=diary.coupons["used"],
        coupon_costs=sum(order.coupon for order in diary.orders),
        most_in_a_day=max(diary.budget.values(), default=0),
        margin=margin(diary, policy),
        alone=margin(alone, policy),
        adds=adds(diary),
        best_adds=adds(best),
        hold_out=measured(shop, policy, diary),
        by_day=_above(diary, alone, scenario, policy),
        best_by_day=_above(best, alone, scenario, policy),
        by_hour=by_local_hour(
            (one.at, ZoneInfo(shop.people[one.person].recipient.time_zone)) for one in diary.sent
        ),
        sent=diary.sent,
        violations=violations(shop, policy, diary),
    )


def _counted(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())


def _above(diary: Diary, alone: Diary, scenario: Scenario, policy: Policy) -> list[float]:
    by_day = [0.0] * scenario.days
    for one, sign in ((diary, 1), (alone, -1)):
        for order in one.orders:
            by_day[(order.at - BEGINS).days] += sign * margin_of(order, policy)
        for message in one.sent:
            day = min((message.at - BEGINS).days, scenario.days - 1)
            by_day[day] -= sign * policy.incentives.message_cost
    return list(accumulate(by_day))
