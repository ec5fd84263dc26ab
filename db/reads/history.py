"""What one shopper did lately, owns, and does not want to see."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import Event, EventName, Feedback, FeedbackKind, Order, OrderLine
from db.owners import owned_by_bound, owner_values, visitors_of_bound
from db.reads.refunds import refunds
from db.reads.training import ACTIONS


@dataclass(frozen=True, slots=True)
class RecentStep:
    """One thing the shopper did with one product; actions as in `db.reads.training`."""

    product_id: str
    action: str
    at: datetime


def recent_steps(session: Session, identity: Identity, *, limit: int = 50) -> list[RecentStep]:
    """The last steps, oldest first."""
    statement = _recent_steps(signed_in=bool(identity.person_id))
    values = {**owner_values(identity), "limit": limit}
    rows = session.connection().execute(statement, values).all()
    return [
        RecentStep(product_id, ACTIONS[name], at)
        for product_id, name, at in reversed(rows)
        if product_id is not None
    ]


def owned(session: Session, identity: Identity) -> frozenset[str]:
    """Ids of the products that the shopper has bought and was not refunded for."""
    statement = _bought(signed_in=bool(identity.person_id))
    lines = session.connection().execute(statement, owner_values(identity)).all()
    if not lines:
        return frozenset()
    returned = refunds(session, identity)
    return frozenset(
        product_id
        for transaction_id, product_id, variant_id, quantity in lines
        if returned.of(transaction_id, (product_id, variant_id), quantity) < quantity
    )


def hidden(session: Session, identity: Identity) -> frozenset[str]:
    """Ids of the products the shopper is not interested in; a later thumb up brings one back."""
    statement = _opinions(signed_in=bool(identity.person_id))
    rows = session.connection().execute(statement, owner_values(identity))
    newest = {row.product_id: row.kind for row in rows}
    return frozenset(key for key, kind in newest.items() if kind is FeedbackKind.NOT_INTERESTED)


# Built once, as all that every suggestion asks: building one takes longer than running it.


@cache
def _recent_steps(*, signed_in: bool) -> Select[str | None, EventName, datetime]:
    return (
        select(Event.product_id, Event.name, Event.at)
        .where(
            Event.visitor_id.in_(visitors_of_bound(signed_in=signed_in)),
            Event.product_id.is_not(None),
            Event.name.in_(ACTIONS),
        )
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(bindparam("limit"))
    )


@cache
def _bought(*, signed_in: bool) -> Select[str | None, str, str, int]:
    return (
        select(Order.transaction_id, OrderLine.product_id, OrderLine.variant_id, OrderLine.quantity)
        .join(Order, Order.id == OrderLine.order_id)
        .where(owned_by_bound(Order.visitor_id, Order.person_id, signed_in=signed_in))
    )


@cache
def _opinions(*, signed_in: bool) -> Select[str, FeedbackKind]:
    return (
        select(Feedback.product_id, Feedback.kind)
        .where(
            owned_by_bound(Feedback.visitor_id, Feedback.person_id, signed_in=signed_in),
            Feedback.kind.in_((FeedbackKind.NOT_INTERESTED, FeedbackKind.THUMB_UP)),
        )
        .order_by(Feedback.at, Feedback.id)
    )
