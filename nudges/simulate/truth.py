"""Why simulated shoppers leave carts, and what really brings them back: known here, and only here.

Alone, a shopper comes back with a chance that their reason sets, after a time that it sets too.
Each message may bring them back sooner or at all, by what it offers and whether that is what kept
them. Whoever holds a coupon uses it, also where they would have bought without.

The reasons, how often each is one and how far the shopper comes are the demo shop's
(`demo.simulate`); the chances below are set by hand, and not estimated from any shop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import exp

import numpy as np
from numpy.typing import NDArray

from db.models import EventName
from nudges.decision import FREE_DELIVERY, NOTHING, Decision


class Reason(StrEnum):
    """What kept somebody from buying."""

    PRICE = "price"
    DELIVERY_COST = "delivery_cost"
    PAYMENT_FAILURE = "payment_failure"
    DISTRACTION = "distraction"
    JUST_LOOKING = "just_looking"
    WAITS_FOR_COUPON = "waits_for_coupon"


@dataclass(frozen=True, slots=True)
class Mind:
    """One shopper: around 1 what counts, chances from 0 to 1.

    `hunts` says whether they leave carts to get coupons, and do so the more, the more they used.
    """

    forgetful: float
    price: float
    delivery: float
    patience: float
    hunts: bool


@dataclass(frozen=True, slots=True)
class Pull:
    """What a reason makes of things: the chance alone, its mean time in days, and what adds."""

    alone: float
    days: float
    reminder: float
    delivery: float
    percent_10: float


PULLS: Mapping[Reason, Pull] = {
    Reason.PRICE: Pull(alone=0.08, days=4, reminder=0.02, delivery=0.02, percent_10=0.26),
    Reason.DELIVERY_COST: Pull(alone=0.12, days=4, reminder=0.03, delivery=0.30, percent_10=0.08),
    Reason.PAYMENT_FAILURE: Pull(alone=0.45, days=1, reminder=0.20, delivery=0.01, percent_10=0.02),
    Reason.DISTRACTION: Pull(alone=0.25, days=3, reminder=0.15, delivery=0.02, percent_10=0.04),
    Reason.JUST_LOOKING: Pull(alone=0.05, days=6, reminder=0.01, delivery=0.01, percent_10=0.03),
    Reason.WAITS_FOR_COUPON: Pull(alone=0.65, days=5, reminder=0.05, delivery=0.2, percent_10=0.6),
}
REACHED: Mapping[Reason, EventName | None] = {
    Reason.PRICE: EventName.VIEW_CART,
    Reason.DELIVERY_COST: EventName.BEGIN_CHECKOUT,
    Reason.PAYMENT_FAILURE: EventName.ADD_PAYMENT_INFO,
    Reason.DISTRACTION: EventName.VIEW_CART,
    Reason.JUST_LOOKING: None,
    Reason.WAITS_FOR_COUPON: EventName.BEGIN_CHECKOUT,
}
"""How far each comes; half of those who are distracted have begun the checkout."""

LEAVING: tuple[tuple[int, float], ...] = ((0, 0.77), (5000, 0.61), (15_000, 0.68), (30_000, 1.01))
"""What the recommender says of a cart as its visit ends: from which value on, the mean log-odds.

Read off what a network trained on the demo shop said of carts left there. At a given value it said
the same whatever the reason was, so this is all that the score knows here.
"""
LEAVING_SPREAD = 0.22
"""The standard deviation of the log-odds about that mean, from one cart to the next."""

FADES_AFTER_HOURS = 160.0
EACH_MESSAGE = 0.8
"""What a further message about the same cart is worth of the one before."""
MOST = 0.9
STOPS = 0.006
"""The chance that a message ends in a "stop", for somebody of ordinary patience."""


def said_left(value: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely the recommender says that carts of these values are left; `noise` is normal."""
    begins, means = (np.array(one) for one in zip(*LEAVING, strict=True))
    mean = means[np.searchsorted(begins, value, side="right") - 1]
    return np.asarray(1 / (1 + np.exp(-(mean + LEAVING_SPREAD * noise))))


def alone(reason: Reason, mind: Mind) -> float:
    """The chance of ever coming back to buy without a message."""
    return min(PULLS[reason].alone * (1.3 if mind.forgetful < 0.8 else 1.0), MOST)


def still_alone(reason: Reason, mind: Mind, *, days: float) -> float:
    """The chance of coming back without a message for whoever has not in so many days."""
    chance = alone(reason, mind)
    later = chance * exp(-days / PULLS[reason].days)
    return later / (1 - chance + later)


def within(reason: Reason, days: float) -> float:
    """Of those who will come back alone, the share that does so in the next days."""
    return 1 - exp(-days / PULLS[reason].days)


def brings_back(
    reason: Reason,
    mind: Mind,
    treatment: str,
    *,
    hours: float,
    messages_before: int,
    pays_delivery: bool,
) -> float:
    """The chance that this message brings back somebody who would not come otherwise."""
    if treatment == NOTHING:
        return 0.0
    pull = PULLS[reason]
    chance = pull.reminder * mind.forgetful
    if treatment == FREE_DELIVERY and pays_delivery:
        chance += pull.delivery * mind.delivery
    if percent := Decision(treatment).percent:
        chance += pull.percent_10 * mind.price * (percent / 10) ** 0.7
    fading = exp(-hours / FADES_AFTER_HOURS)
    return min(chance * fading * EACH_MESSAGE**messages_before, MOST)


def leaves_on_purpose(mind: Mind, coupons_used: int) -> float:
    """The chance that somebody who wants to buy leaves the cart to get a coupon."""
    return min(0.25 + 0.25 * coupons_used, 0.9) if mind.hunts else 0.0


def stops(mind: Mind, *, lately: int) -> float:
    """The chance that a message makes them ask for silence, after so many in 30 days."""
    return min(STOPS * (1 + lately) / mind.patience, 0.5)
