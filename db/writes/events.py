"""The one way in for what shoppers did, and so the one way to change a cart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, insert, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.fold import CART_EVENT_NAMES, CartEvent, CartItem, Carts, Episode, fold
from db.insert import table_of
from db.models import Event, EventName, Visitor
from db.owners import Owner
from db.writes.attribution import note_orders
from db.writes.refold import Changes, load_stored, refold, refold_owners
from db.writes.visitors import claim_visitor

__all__ = ["NewEvent", "NewItem", "RecordResult", "record", "refold"]

NewItem = CartItem


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something a shopper did, checked at the edge; amounts in minor units."""

    event_id: str
    name: EventName
    at: datetime
    session_id: str | None = None
    items: tuple[CartItem, ...] = ()
    search_term: str | None = None
    transaction_id: str | None = None
    value: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class RecordResult:
    """How many events were new, and how many had come before."""

    stored: int
    duplicates: int


def record(
    session: Session,
    identity: Identity,
    events: Sequence[NewEvent],
    *,
    now: datetime,
    source: str = "web",
) -> RecordResult:
    """Store events and fold them into their owner's cart, all in the caller's transaction.

    An event id that the visitor has sent before changes nothing, nor does another purchase with a
    transaction id of the owner's. Events may come late and in any order. The owner stays locked
    until the transaction ends, so concurrent writers queue up.

    Raises ForeignVisitorError where the identity's visitor belongs to another person.
    """
    visitor = claim_visitor(session, identity, now=now)
    owner = Owner.of(visitor.id, visitor.person_id)
    fresh = _new_to_owner(session, owner, visitor.id, events)
    result = RecordResult(len(fresh), len(events) - len(fresh))
    if not fresh:
        return result
    folded = [] if visitor.is_robot else [e for e in fresh if e.name in CART_EVENT_NAMES]
    newest = newest_cart_event(session, visitor) if folded else None
    rows = [row for event in fresh for row in _rows(visitor.id, event, now=now, source=source)]
    session.connection().execute(insert(table_of(Event)), rows)
    if folded and (newest is None or all(event.at > newest for event in folded)):
        _append(session, owner, [_cart_event(visitor.id, event) for event in folded])
    elif folded:
        refold_owners(session, [owner])
    if any(event.name is EventName.PURCHASE for event in folded):
        note_orders(session, owner, visitor.id, now=now)
    return result


def newest_cart_event(session: Session, visitor: Visitor) -> datetime | None:
    """When the newest cart event of the visitor's owner happened."""
    return session.scalar(
        select(Event.at)
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where(
            _is_owners(Owner.of(visitor.id, visitor.person_id)),
            Event.name.in_(CART_EVENT_NAMES),
        )
        .order_by(Event.at.desc())
        .limit(1)
    )


def _new_to_owner(
    session: Session, owner: Owner, visitor_id: str, events: Sequence[NewEvent]
) -> list[NewEvent]:
    """The events that have not come before: neither their id, nor a purchase's transaction."""
    unique = {event.event_id: event for event in reversed(events)}
    sent = {"visitor": visitor_id, "ids": list(unique)}
    known = set(session.connection().scalars(_sent_before(), sent))
    fresh = [event for event in reversed(unique.values()) if event.event_id not in known]
    bought = {
        event.transaction_id: event
        for event in reversed(fresh)
        if event.name is EventName.PURCHASE and event.transaction_id
    }
    if not bought:
        return fresh
    told = set(
        session.scalars(
            select(Event.transaction_id)
            .join(Visitor, Visitor.id == Event.visitor_id)
            .where(
                _is_owners(owner),
                Event.name == EventName.PURCHASE,
                Event.transaction_id.in_(bought),
            )
        )
    )
    return [
        event
        for event in fresh
        if event.name is not EventName.PURCHASE
        or event.transaction_id is None
        or (bought[event.transaction_id] is event and event.transaction_id not in told)
    ]


@cache
def _sent_before() -> Select[str]:
    """Built once: to put together a list of a hundred ids takes longer than to look them up."""
    return (
        select(Event.event_id)
        .where(
            Event.visitor_id == bindparam("visitor"),
            Event.event_id.in_(bindparam("ids", expanding=True)),
        )
        .distinct()
    )


def _is_owners(owner: Owner) -> ColumnElement[bool]:
    if owner.person_id:
        return Visitor.person_id == owner.person_id
    return Visitor.id == owner.visitor_id


def _append(session: Session, owner: Owner, events: list[CartEvent]) -> None:
    """Fold events that are newer than all before them onto the open cart as stored."""
    stored = load_stored(session, [owner], open_only=True)[owner]
    start = Carts()
    for cart in stored.carts.values():
        start.open = Episode(
            id=cart.id,
            visitor_id=cart.visitor_id,
            created_at=cart.created_at,
            last_activity_at=cart.last_activity_at,
            lines={key: line for key, (_, line) in cart.lines.items()},
        )
    changes = Changes()
    changes.add(owner, fold(events, start), stored)
    changes.write(session)


def _cart_event(visitor_id: str, event: NewEvent) -> CartEvent:
    return CartEvent(
        at=event.at,
        event_id=event.event_id,
        visitor_id=visitor_id,
        name=event.name,
        items=event.items,
        transaction_id=event.transaction_id,
        value=event.value,
        currency=event.currency,
    )


def _rows(visitor_id: str, event: NewEvent, *, now: datetime, source: str) -> list[dict[str, Any]]:
    common = {
        "visitor_id": visitor_id,
        "event_id": event.event_id,
        "name": event.name,
        "at": event.at,
        "received_at": now,
        "session_id": event.session_id,
        "search_term": event.search_term,
        "transaction_id": event.transaction_id,
        "source": source,
        "import_id": None,
    }
    items = event.items or (None,)
    return [
        {
            **common,
            "position": position,
            "product_id": item.product_id if item else None,
            "variant_id": item.variant_id if item else None,
            "quantity": item.quantity if item else None,
            "unit_amount": item.unit_amount if item else None,
            "currency": item.currency if item else event.currency,
            "value": event.value if position == 0 else None,
        }
        for position, item in enumerate(items)
    ]
