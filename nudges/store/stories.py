"""Reading what the sweep stored about one cart."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Cart, CartStatus, Nudge, NudgeStep, Reminder
from db.owners import Owner, owned_by_any


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a nudge."""

    at: datetime
    what: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CartRecord:
    """All that is stored of a cart's abandonments; nudges in the order in which they were made."""

    cart_id: str
    status: CartStatus
    person_id: str | None
    last_activity_at: datetime
    closed_at: datetime | None
    is_empty: bool
    reminder_due: datetime | None
    nudges: tuple[Nudge, ...] = ()
    steps: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)


def cart_record(session: Session, cart_id: str) -> CartRecord | None:
    """The cart's record; None where there is no such cart."""
    cart = session.get(Cart, cart_id)
    if cart is None:
        return None
    nudges = tuple(
        session.scalars(
            select(Nudge).where(Nudge.cart_id == cart_id).order_by(Nudge.created_at, Nudge.id)
        )
    )
    steps: dict[str, list[Step]] = defaultdict(list)
    rows = session.scalars(
        select(NudgeStep)
        .where(NudgeStep.nudge_id.in_([nudge.id for nudge in nudges]))
        .order_by(NudgeStep.id)
    )
    for row in rows:
        steps[row.nudge_id].append(Step(row.at, row.what, row.detail))
    due = session.scalar(
        select(func.min(Reminder.due_at)).where(
            owned_by_any(
                [Owner.of(cart.visitor_id, cart.person_id)],
                Reminder.visitor_id,
                Reminder.person_id,
            ),
            Reminder.taken_at.is_(None),
            Reminder.cancelled_at.is_(None),
        )
    )
    return CartRecord(
        cart_id=cart.id,
        status=cart.status,
        person_id=cart.person_id,
        last_activity_at=cart.last_activity_at,
        closed_at=cart.closed_at,
        is_empty=not cart.lines,
        reminder_due=due,
        nudges=nudges,
        steps={key: tuple(some) for key, some in steps.items()},
    )
