"""Visitors: new browsers, the lock that every write takes, and signing in."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from core.identity import Identity, new_visitor
from core.ids import new_id
from db.insert import insert_or_ignore
from db.models import (
    Cart,
    CartStatus,
    Channel,
    ChannelAddress,
    ChatOutbox,
    Feedback,
    Nudge,
    NudgeReply,
    Order,
    Pause,
    Person,
    Reminder,
    Suggestion,
    Visitor,
)
from db.owners import Owner
from db.writes.recovered import drop_recovered_copies
from db.writes.refold import refold_owners

# What a visitor did before the sign-in and that becomes the person's, beside carts.
_OWNED = (
    Order,
    Suggestion,
    Feedback,
    Nudge,
    ChatOutbox,
    ChannelAddress,
    Pause,
    Reminder,
    NudgeReply,
)


class ForeignVisitorError(Exception):
    """The visitor already belongs to another person: give the browser a new visitor first."""


class StaleIdentityError(Exception):
    """Somebody signed in on this visitor since the token was issued: a new token is needed."""


def claim_visitor(session: Session, identity: Identity, *, now: datetime) -> Visitor:
    """The visitor that the identity writes as, locked with its owner until the transaction ends.

    The identity came from a signed token, so a visitor or person that is not stored yet is
    created. A person known without a visitor (from chat) writes as their newest one.

    Raises ForeignVisitorError where the visitor belongs to another person than the token says.
    """
    person_id = identity.person_id
    if not identity.visitor_id:
        if person_id is None:
            raise ValueError("an identity without visitor and person")
        lock_person(session, person_id, now=now)
        return _newest_visitor(session, person_id) or _new_visitor(session, person_id, now=now)
    visitor = _lock_visitor(session, identity.visitor_id, now=now)
    owner = visitor.person_id or person_id
    if owner:
        lock_person(session, owner, now=now)
    if person_id and visitor.person_id is None:
        _adopt(session, visitor, person_id, now=now)
    if person_id and visitor.person_id != person_id:
        raise ForeignVisitorError("the visitor belongs to another person")
    return visitor


def require_current(identity: Identity, visitor: Visitor) -> None:
    """Refuse an identity without a person whose visitor has been signed in since.

    Raises StaleIdentityError.
    """
    if visitor.person_id != identity.person_id:
        raise StaleIdentityError("somebody signed in on this visitor since")


def is_current(session: Session, identity: Identity) -> bool:
    """Whether a token for this identity is still to be honoured.

    Not one from before a sign-in on its visitor, nor one that names another person than the
    visitor's. A visitor that is not stored yet, or that nobody has signed in on, is for the token
    to tell: the shop's own back end may have signed it.
    """
    visitor = session.execute(
        select(Visitor.person_id).where(Visitor.id == identity.visitor_id)
    ).one_or_none()
    return visitor is None or visitor.person_id in (None, identity.person_id)


def bind(session: Session, identity: Identity, person_id: str, *, now: datetime) -> Identity:
    """Sign in: the visitor, and all it did, becomes the person's; open carts are merged.

    Quantities add up, since the person's cart is the fold of all their visitors' events; only what
    a recovery link copied from there counts once. Raises ForeignVisitorError where the visitor
    already belongs to somebody else.
    """
    visitor = claim_visitor(session, Identity(identity.visitor_id, person_id), now=now)
    return Identity(visitor.id, person_id)


def sign_in(
    session: Session, identity: Identity | None, person_id: str, *, now: datetime
) -> Identity:
    """Bind the browser's visitor to the person, or a new one where it is somebody else's."""
    if identity is not None and identity.visitor_id:
        owner = session.scalar(select(Visitor.person_id).where(Visitor.id == identity.visitor_id))
        if (owner or identity.person_id or person_id) == person_id:
            return bind(session, identity, person_id, now=now)
    return bind(session, sign_out(session, identity), person_id, now=now)


def sign_out(session: Session, identity: Identity | None) -> Identity:
    """A new visitor for the browser; what reached the shopper through it does so no longer."""
    if identity is not None and identity.person_id:
        end_notifications(session, identity)
    return new_visitor()


def end_notifications(session: Session, identity: Identity) -> None:
    """Forget the browser's push subscriptions of this person."""
    session.execute(
        delete(ChannelAddress).where(
            ChannelAddress.channel == Channel.WEB_PUSH,
            ChannelAddress.person_id == identity.person_id,
            ChannelAddress.visitor_id == identity.visitor_id,
        )
    )


def _adopt(session: Session, visitor: Visitor, person_id: str, *, now: datetime) -> None:
    drop_recovered_copies(session, visitor.id, person_id, now=now)
    visitor.person_id = person_id
    session.flush()
    has_open_cart = session.scalar(
        select(Cart.id).where(Cart.person_id == person_id, Cart.status == CartStatus.OPEN)
    )
    values: dict[Any, Any] = {Cart.person_id: person_id}
    unowned_carts = update(Cart).where(Cart.visitor_id == visitor.id, Cart.person_id.is_(None))
    if has_open_cart:
        session.execute(
            unowned_carts.where(Cart.status == CartStatus.OPEN).values(
                {**values, Cart.status: CartStatus.MERGED}
            )
        )
    session.execute(unowned_carts.values(values))
    for model in _OWNED:
        session.execute(
            update(model)
            .where(model.visitor_id == visitor.id, model.person_id.is_(None))
            .values(person_id=person_id)
        )
    refold_owners(session, [Owner.of(visitor.id, person_id)])


def _lock_visitor(session: Session, visitor_id: str, *, now: datetime) -> Visitor:
    locked, values = _visitor_to_lock(), {"id": visitor_id}
    visitor = session.scalar(locked, values)
    if visitor is None:
        row = {"id": visitor_id, "is_robot": False, "created_at": now}
        session.execute(insert_or_ignore(session, Visitor), row)
        visitor = session.scalars(locked, values).one()
    return visitor


@cache
def _visitor_to_lock() -> Select[Visitor]:
    """Built once: every write and every suggestion begins with it."""
    return (
        select(Visitor)
        .where(Visitor.id == bindparam("id"))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def lock_person(session: Session, person_id: str, *, now: datetime) -> None:
    """Hold the person's row until the transaction ends; one that is not stored yet is created."""
    locked, values = _person_to_lock(), {"id": person_id}
    if session.scalar(locked, values) is None:
        row = {"id": person_id, "is_staff": False, "created_at": now}
        session.execute(insert_or_ignore(session, Person), row)
        session.scalars(locked, values).one()


@cache
def _person_to_lock() -> Select[str]:
    return select(Person.id).where(Person.id == bindparam("id")).with_for_update(key_share=True)


def _newest_visitor(session: Session, person_id: str) -> Visitor | None:
    return session.scalar(
        select(Visitor)
        .where(Visitor.person_id == person_id)
        .order_by(Visitor.created_at.desc(), Visitor.id)
        .limit(1)
    )


def _new_visitor(session: Session, person_id: str, *, now: datetime) -> Visitor:
    visitor = Visitor(id=new_id(), person_id=person_id, created_at=now)
    session.add(visitor)
    session.flush()
    return visitor
