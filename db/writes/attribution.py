"""Which message an order followed: the ones that its shopper had clicked in the days before.

That says what came after what, not what came because of it; the hold-out tells that.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from db.models import Nudge, Order
from db.owners import Owner, owned_by_any

WINDOW = timedelta(days=7)


def note_orders(session: Session, owner: Owner, visitor_id: str, *, now: datetime) -> None:
    """Write each clicked nudge's first order within `WINDOW` of its click to the nudge, once.

    The nudges are the owner's, and those whose link brought the cart to the browser that ordered:
    whoever sits there need not be signed in.
    """
    clicked = session.execute(
        select(Nudge.id, Nudge.clicked_at).where(
            or_(
                owned_by_any([owner], Nudge.visitor_id, Nudge.person_id),
                Nudge.carried_visitor_id == visitor_id,
            ),
            Nudge.clicked_at.is_not(None),
            Nudge.clicked_at > now - WINDOW,
            Nudge.ordered_at.is_(None),
        )
    )
    for nudge_id, clicked_at in [(row.id, row.clicked_at) for row in clicked if row.clicked_at]:
        order = session.execute(
            select(Order.id, Order.placed_at)
            .where(
                owned_by_any([owner], Order.visitor_id, Order.person_id),
                Order.placed_at >= clicked_at,
                Order.placed_at <= clicked_at + WINDOW,
            )
            .order_by(Order.placed_at, Order.id)
            .limit(1)
        ).one_or_none()
        if order is not None:
            session.execute(
                update(Nudge)
                .where(Nudge.id == nudge_id)
                .values(ordered_at=order.placed_at, order_id=order.id)
                .execution_options(synchronize_session=False)
            )
