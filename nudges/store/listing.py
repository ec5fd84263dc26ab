"""Which carts were left lately, as the shop's own people look through them, newest first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.settings import Settings
from db.models import Cart, CartLine, CartStatus, Channel, Nudge, NudgeState, Person, Visitor


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted of the list; None is any. `older_than` is the last row of the page before."""

    stage: str | None = None
    state: NudgeState | None = None
    gate: str | None = None
    older_than: str | None = None


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage that fell due; `value` is what the cart holds now, as it was put in, minor units."""

    nudge_id: str
    cart_id: str
    left_at: datetime
    stage: str
    state: NudgeState
    gate: str | None
    gate_detail: str | None
    next_at: datetime | None
    channel: Channel | None
    treatment: str | None
    email: str | None
    value: int | None


@dataclass(frozen=True, slots=True)
class CartRow:
    """An open cart with something in it that no stage has fallen due for since it was left."""

    cart_id: str
    left_at: datetime
    email: str | None
    is_guest: bool
    value: int | None


def stages_due(
    session: Session, wanted: Filter, *, settings: Settings, limit: int
) -> list[StageRow]:
    """The stages that fell due last."""
    conditions = [
        column == value
        for column, value in (
            (Nudge.stage, wanted.stage),
            (Nudge.state, wanted.state),
            (Nudge.gate, wanted.gate),
        )
        if value is not None
    ]
    last = session.get(Nudge, wanted.older_than) if wanted.older_than else None
    if last is not None:
        conditions.append(_below(Nudge.created_at, last.created_at, Nudge.id, last.id))
    rows = session.execute(
        select(
            Nudge.id.label("nudge_id"),
            Nudge.cart_id,
            Nudge.episode.label("left_at"),
            Nudge.stage,
            Nudge.state,
            Nudge.gate,
            Nudge.gate_detail,
            Nudge.next_at,
            Nudge.channel,
            Nudge.treatment,
            Person.email,
            _value_of(Nudge.cart_id, settings).label("value"),
        )
        .outerjoin(Person, Person.id == Nudge.person_id)
        .where(*conditions)
        .order_by(Nudge.created_at.desc(), Nudge.id.desc())
        .limit(limit)
    )
    return [StageRow(**row._mapping) for row in rows]


def not_yet_due(
    session: Session,
    *,
    settings: Settings,
    max_age: timedelta,
    older_than: str | None,
    limit: int,
    now: datetime,
) -> list[CartRow]:
    """The carts that nothing has fallen due for and that may still be written about."""
    conditions = []
    last = session.get(Cart, older_than) if older_than else None
    if last is not None:
        conditions.append(_below(Cart.last_activity_at, last.last_activity_at, Cart.id, last.id))
    rows = session.execute(
        select(
            Cart.id.label("cart_id"),
            Cart.last_activity_at.label("left_at"),
            Person.email,
            Cart.person_id.is_(None).label("is_guest"),
            _value_of(Cart.id, settings).label("value"),
        )
        .join(Visitor, Visitor.id == Cart.visitor_id)
        .outerjoin(Person, Person.id == Cart.person_id)
        .where(
            Cart.status == CartStatus.OPEN,
            Cart.last_activity_at > now - max_age,
            Visitor.is_robot.is_(False),
            exists().where(CartLine.cart_id == Cart.id),
            ~exists().where(Nudge.cart_id == Cart.id, Nudge.episode == Cart.last_activity_at),
            *conditions,
        )
        .order_by(Cart.last_activity_at.desc(), Cart.id.desc())
        .limit(limit)
    )
    return [CartRow(**row._mapping) for row in rows]


def email_of_cart(session: Session, cart_id: str) -> str | None:
    """Its person's address; None for a guest's cart."""
    return session.scalar(
        select(Person.email).join(Cart, Cart.person_id == Person.id).where(Cart.id == cart_id)
    )


def _below(
    at: InstrumentedAttribute[datetime], last_at: datetime,
    key: InstrumentedAttribute[str], last_key: str,
) -> ColumnElement[bool]:  # fmt: skip
    """What comes after the last row of the page before, the newest first."""
    return or_(at < last_at, and_(at == last_at, key < last_key))


def _value_of(cart_id: Any, settings: Settings) -> ScalarSelect[Any]:
    return (
        select(func.sum(CartLine.quantity * CartLine.unit_amount))
        .where(CartLine.cart_id == cart_id, CartLine.currency == settings.currency)
        .correlate_except(CartLine)
        .scalar_subquery()
    )
