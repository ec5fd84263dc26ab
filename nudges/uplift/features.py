"""What the uplift model looks at: few facts, each on a scale of about one, any currency."""

from collections.abc import Mapping
from datetime import datetime
from math import log, log1p

from db.models import EventName, ReplyKind
from db.pricing import DeliveryRule
from nudges.facts import Facts

USUALLY_LEFT = 0.7
"""The share of carts that is left in most shops: what nothing is known about counts as that."""

FEATURES = (
    "always",
    "saw_cart",
    "checked_out",
    "paying",
    "leaving",
    "pays_delivery",
    "value",
    "later",
    "regular",
    "coupons_used",
    "coupons_unused",
    "reminded",
    "clicked",
    "too_expensive",
    "delivery_cost",
)
"""Their names, in the order of the model's columns."""

_SHIPPING = (EventName.ADD_SHIPPING_INFO, EventName.ADD_PAYMENT_INFO)


def features(facts: Facts, *, rule: DeliveryRule, now: datetime) -> dict[str, float]:
    """The features of one left cart.

    `value` is the logarithm of the cart's value over what earns free delivery; `saw_cart`,
    `checked_out` and `paying` tell how far the shopper came, one of them at most. `leaving` is half
    the log-odds that the cart would be left over those of any cart, 0 where nobody knows.
    """
    value = max(facts.value.amount, 1)
    whole = max(rule.free_from.amount, 1)
    hours = max((now - facts.episode).total_seconds() / 3600, 0)
    about_this = sum(past.cart_id == facts.cart_id for past in facts.history)
    return {
        "always": 1.0,
        "saw_cart": float(facts.reached is EventName.VIEW_CART),
        "checked_out": float(facts.reached is EventName.BEGIN_CHECKOUT),
        "paying": float(facts.reached in _SHIPPING),
        "leaving": _leaving(facts.leaving),
        "pays_delivery": float(facts.value < rule.free_from),
        "value": round(min(max(log(value / whole), -2.0), 2.0), 4),
        "later": round(log1p(hours) / 4, 4),
        "regular": round(log1p(min(facts.orders, 20)) / 2, 4),
        "coupons_used": min(facts.coupons_used, 4) / 2,
        "coupons_unused": min(facts.coupons_unused, 4) / 2,
        "reminded": min(about_this, 2) / 2,
        "clicked": float(any(past.clicked for past in facts.history)),
        "too_expensive": float(ReplyKind.TOO_EXPENSIVE in facts.replies),
        "delivery_cost": float(ReplyKind.DELIVERY_COST in facts.replies),
    }


def _leaving(chance: float | None) -> float:
    if chance is None:
        return 0.0
    chance = min(max(chance, 0.001), 0.999)
    over = log(chance / (1 - chance)) - log(USUALLY_LEFT / (1 - USUALLY_LEFT))
    return round(min(max(over / 2, -2.0), 2.0), 4)


def as_row(found: Mapping[str, float]) -> list[float]:
    """The features in the order of the model's columns; one that an older log lacks is 0."""
    return [float(found.get(name, 0.0)) for name in FEATURES]
