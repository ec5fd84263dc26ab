"""What a recovery link put into the cart of a browser that nobody is signed in on.

Signing in there adds the browser's cart to the person's, and the person's may still hold what was
left: without a word here everything recovered would be there twice.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from core.ids import new_id
from db.fold import LineKey
from db.insert import table_of
from db.models import Cart, CartLine, CartStatus, Event, EventName, Visitor

RECOVERED = "recovery"
"""The source of events that a recovery link made."""


def drop_recovered_copies(
    session: Session, visitor_id: str, person_id: str, *, now: datetime
) -> None:
    """Before the visitor becomes the person's: take out pieces that the merge would double.

    Written as an event of the visitor, so that the fold gives the same cart ever after. The caller
    holds the locks of both and folds anew.
    """
    recovered = _recovered(session, visitor_id)
    if not recovered:
        return
    here = _open_lines(session, Cart.visitor_id == visitor_id, Cart.person_id.is_(None))
    there = _open_lines(session, Cart.person_id == person_id)
    twice = {
        key: pieces
        for key, copied in recovered.items()
        if (pieces := min(copied, here.get(key, 0), there.get(key, 0))) > 0
    }
    if not twice:
        return
    newest = session.scalar(
        select(func.max(Event.at))
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where((Visitor.id == visitor_id) | (Visitor.person_id == person_id))
    )
    at = max(now, newest + timedelta(microseconds=1)) if newest else now
    event_id = new_id()
    session.execute(
        insert(table_of(Event)),
        [
            {
                "visitor_id": visitor_id,
                "event_id": event_id,
                "name": EventName.REMOVE_FROM_CART,
                "at": at,
                "received_at": now,
                "position": position,
                "product_id": product_id,
                "variant_id": variant_id,
                "quantity": pieces,
                "source": RECOVERED,
            }
            for position, ((product_id, variant_id), pieces) in enumerate(sorted(twice.items()))
        ],
    )


def _recovered(session: Session, visitor_id: str) -> dict[LineKey, int]:
    """Pieces that links put into the visitor's open cart, by line."""
    since = select(Cart.created_at).where(
        Cart.visitor_id == visitor_id,
        Cart.person_id.is_(None),
        Cart.status == CartStatus.OPEN,
    )
    rows = session.execute(
        select(Event.product_id, Event.variant_id, func.sum(Event.quantity).label("pieces"))
        .where(
            Event.visitor_id == visitor_id,
            Event.source == RECOVERED,
            Event.name == EventName.ADD_TO_CART,
            Event.at >= since.scalar_subquery(),
        )
        .group_by(Event.product_id, Event.variant_id)
    )
    return {(row.product_id, row.variant_id or row.product_id): int(row.pieces) for row in rows}


def _open_lines(session: Session, *owner: object) -> dict[LineKey, int]:
    rows = session.execute(
        select(CartLine.product_id, CartLine.variant_id, CartLine.quantity)
        .join(Cart, Cart.id == CartLine.cart_id)
        .where(Cart.status == CartStatus.OPEN, *owner)  # type: ignore[arg-type]
    )
    return {(row.product_id, row.variant_id): row.quantity for row in rows}
