"""Shoppers whose nudges brought them a coupon, and the ledger that pays it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Coupon, CouponBudget
from nudges.decision import Choice, Decision
from nudges.message import Message
from nudges.policy import Policy
from tests.integration.nudges.shoppers import Sink, policy, sweeper

TREATMENTS = ["reminder", "free_delivery", "percent_10"]


@dataclass(frozen=True, slots=True)
class Always:
    """Decides for the same treatment each time, where it may be chosen."""

    treatment: str

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:  # noqa: ARG002
        return [
            Decision(self.treatment if self.treatment in choice.treatments else "reminder")
            for choice in choices
        ]


def generous(**incentives: int) -> Policy:
    """A policy whose first stage may give coupons."""
    stage = {
        "name": "first",
        "after_minutes": 60,
        "channels": ["email"],
        "treatments": TREATMENTS,
    }
    return policy(stages=[stage], incentives={"daily_budget": 20000} | incentives)


def send_coupons(
    sessions: SessionFactory,
    clock: SimulatedClock,
    treatment: str = "percent_10",
    *,
    rules: Policy | None = None,
    settings: Settings | None = None,
) -> list[Message]:
    """One round in which everybody due gets this treatment; the messages sent."""
    sink = Sink()
    sweeper(
        sessions,
        clock,
        channels=[sink],
        rules=rules or generous(),
        decider=Always(treatment),
        settings=settings,
    ).run()
    return sink.taken


def coupons(sessions: SessionFactory) -> list[Coupon]:
    with sessions() as session:
        return list(session.scalars(select(Coupon).order_by(Coupon.issued_at, Coupon.code)))


def budget(sessions: SessionFactory) -> tuple[int, int, int]:
    """What is reserved, what is spent, and the limit, in minor units."""
    with sessions() as session:
        row = session.scalars(select(CouponBudget)).one()
        return row.reserved, row.spent, row.limit_amount
