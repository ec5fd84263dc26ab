"""How far towards an order shoppers came before they left their carts."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.among import among
from db.models import Event, EventName, Visitor

STEPS = (
    EventName.VIEW_CART,
    EventName.BEGIN_CHECKOUT,
    EventName.ADD_SHIPPING_INFO,
    EventName.ADD_PAYMENT_INFO,
)
"""The steps after the cart, nearest to the order last."""
SAME_VISIT = timedelta(hours=2)
"""Steps that long before the cart's last change belong to the visit that left it."""


def steps_reached(
    session: Session, episodes: Mapping[str, Collection[datetime]], *, now: datetime
) -> dict[str, dict[EventName, datetime]]:
    """Person → when they last took each step, from their oldest episode's visit on.

    `episodes` are the abandonments asked about, by person.
    """
    if not episodes:
        return {}
    since = min(min(moments) for moments in episodes.values()) - SAME_VISIT
    rows = session.execute(
        select(Visitor.person_id, Event.name, func.max(Event.at).label("at"))
        .join(Event, Event.visitor_id == Visitor.id)
        .where(
            among(Visitor.person_id, episodes),
            Event.at >= since,
            Event.at <= now,
            Event.name.in_(STEPS),
        )
        .group_by(Visitor.person_id, Event.name)
    )
    reached: dict[str, dict[EventName, datetime]] = {}
    for row in rows:
        reached.setdefault(row.person_id, {})[row.name] = row.at
    return reached


def furthest(steps: Mapping[EventName, datetime], episode: datetime) -> EventName | None:
    """The step nearest to the order that was taken in the visit of the episode, or since."""
    taken = [step for step in STEPS if step in steps and steps[step] >= episode - SAME_VISIT]
    return taken[-1] if taken else None
