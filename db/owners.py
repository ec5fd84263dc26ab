"""Whose rows are whose: every read and write filters by the identity that a token proved.

Rows carry the visitor that made them and, once the visitor signed in, the person. A person owns
the rows of all their visitors; an identity without a person owns its visitor's rows only while
nobody has signed in on that visitor, so an old token never opens a person's data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from core.identity import Identity
from db.among import among
from db.models import Coupon, Nudge, Visitor

_FEW = 20


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Who a cart belongs to: the person, else the visitor."""

    person_id: str | None
    visitor_id: str | None

    @classmethod
    def of(cls, visitor_id: str, person_id: str | None) -> "Owner":
        """The owner of what a visitor does."""
        return cls(person_id, None) if person_id else cls(None, visitor_id)


def owned_by(
    identity: Identity,
    visitor_column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    person_column: InstrumentedAttribute[str | None],
) -> ColumnElement[bool]:
    """The condition that a row with these two columns is the identity's."""
    if identity.person_id:
        return person_column == identity.person_id
    return and_(visitor_column == identity.visitor_id, person_column.is_(None))


def owned_by_bound(
    visitor_column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    person_column: InstrumentedAttribute[str | None],
    *,
    signed_in: bool,
) -> ColumnElement[bool]:
    """`owned_by` for a statement that is built once and run with `owner_values`."""
    if signed_in:
        return person_column == bindparam("person")
    return and_(visitor_column == bindparam("visitor"), person_column.is_(None))


def owner_values(identity: Identity) -> dict[str, str]:
    """What the statements of `owned_by_bound` are run with."""
    if identity.person_id:
        return {"person": identity.person_id}
    return {"visitor": identity.visitor_id}


def owned_by_any(
    owners: Sequence[Owner],
    visitor_column: InstrumentedAttribute[str],
    person_column: InstrumentedAttribute[str | None],
) -> ColumnElement[bool]:
    """The condition that a row with these two columns belongs to one of the owners.

    Only the kinds of owner that occur are asked for: an OR with an empty side, and the planner
    would rather read every open cart than use the owner's index. The same goes for `among`,
    which hides from it how few they are; above `_FEW` it saves more than it costs.
    """
    people = [owner.person_id for owner in owners if owner.person_id]
    visitors = [owner.visitor_id for owner in owners if owner.visitor_id]
    kinds: list[ColumnElement[bool]] = []
    if people:
        kinds.append(_one_of(person_column, people))
    if visitors:
        kinds.append(and_(_one_of(visitor_column, visitors), person_column.is_(None)))
    return or_(false(), *kinds)


def _one_of(column: ColumnElement[Any] | Any, keys: list[str]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.in_(keys)
    return among(column, keys) if len(keys) > _FEW else found


def coupon_is_of(identity: Identity) -> ColumnElement[bool]:
    """The condition that a coupon may be used by the identity.

    It is its person's; and on a browser that nobody is signed in on, it goes with the cart that the
    link of its message brought there last.
    """
    if identity.person_id:
        return Coupon.person_id == identity.person_id
    carried = exists().where(
        Nudge.id == Coupon.nudge_id, Nudge.carried_visitor_id == identity.visitor_id
    )
    signed_in = exists().where(Visitor.id == identity.visitor_id, Visitor.person_id.is_not(None))
    return and_(carried, ~signed_in)


def coupon_cart(identity: Identity) -> ColumnElement[str | None]:
    """The one cart for which a coupon of the identity's is good."""
    if identity.person_id:
        return cast("ColumnElement[str | None]", Coupon.cart_id.expression)
    carried = select(Nudge.carried_cart_id).where(Nudge.id == Coupon.nudge_id)
    return carried.correlate(Coupon).scalar_subquery()


def visitors_of_bound(*, signed_in: bool) -> Select[str]:
    """The ids of an identity's visitors, for rows that carry the visitor alone (events)."""
    mine = owned_by_bound(Visitor.id, Visitor.person_id, signed_in=signed_in)
    return select(Visitor.id).where(mine)
