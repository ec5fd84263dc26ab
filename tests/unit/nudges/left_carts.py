"""Facts of left carts for tests of what is decided from them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.money import Money
from db.models import CartStatus, Channel
from db.pricing import DeliveryRule
from nudges.experiments import WRITTEN_TO
from nudges.facts import Address, Facts, InArm, Line, Recipient
from nudges.policy import HOLD_OUT, Policy, load_policy

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
RULE = DeliveryRule(fee=Money("EUR", 490), free_from=Money("EUR", 5000))
SHIPPED = load_policy()


def line(amount: int = 4500, **changes: Any) -> Line:
    price = Money("EUR", amount)
    values = {
        "product_id": "tent",
        "variant_id": "tent-green",
        "title": "Ridge tent",
        "quantity": 1,
        "unit": price,
        "unit_when_added": price,
        "stock": 5,
        "active": True,
        "shippable": True,
    }
    return Line(**(values | changes))


def facts(amount: int = 4500, *, nudge_id: str = "n1", **changes: Any) -> Facts:
    """A cart left three days ago by somebody who agreed to e-mail: the last stage is due."""
    episode = NOW - timedelta(days=3)
    recipient = Recipient(
        visitor_id="v1",
        person_id="p1",
        name="Ann",
        email="ann@example.org",
        locale="en",
        time_zone="Europe/Berlin",
        is_staff=False,
        is_robot=False,
        member_since=episode - timedelta(days=100),
    )
    values = {
        "nudge_id": nudge_id,
        "cart_id": "c1",
        "episode": episode,
        "stage": "last",
        "attempts": 0,
        "recipient": recipient,
        "status": CartStatus.OPEN,
        "lines": (line(amount),),
        "cart_created_at": episode,
        "last_activity_at": episode,
        "currency": "EUR",
        "consents": {Channel.EMAIL: True},
        "addresses": {Channel.EMAIL: Address(Channel.EMAIL, "ann@example.org")},
        "arms": {HOLD_OUT: InArm(HOLD_OUT, WRITTEN_TO, 0.9)},
    }
    return Facts(**(values | changes))


def policy(**incentives: Any) -> Policy:
    """The shipped policy with other incentives."""
    changed = SHIPPED.incentives.model_copy(update=incentives)
    return SHIPPED.model_copy(update={"incentives": changed})
