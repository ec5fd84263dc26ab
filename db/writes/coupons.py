"""Using up and closing personal coupons, together with the budget that pays them."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from core.identity import Identity
from db.insert import table_of
from db.models import Cart, CartStatus, Coupon, CouponBudget, CouponState
from db.owners import coupon_cart, coupon_is_of

_COUPON = table_of(Coupon)
_BUDGET = table_of(CouponBudget)


def redeem(
    session: Session,
    code: str,
    *,
    identity: Identity,
    cart_id: str,
    order_id: str,
    cost: int,
    now: datetime,
) -> bool:
    """Use a coupon up for an order; False where it cannot be used (any more).

    The cart must be the one that it is good for in the identity's hands. One statement decides, so
    of many at once one wins; the others wait for it and find it used.
    `cost` is what the coupon took off the order, in minor units, at most what was reserved for it
    (ValueError otherwise): the day's budget gets the difference back.
    """
    row = session.execute(
        update(_COUPON)
        .where(
            _COUPON.c.code == code,
            _COUPON.c.state == CouponState.ISSUED,
            coupon_is_of(identity),
            coupon_cart(identity) == cart_id,
            _COUPON.c.expires_at > now,
        )
        .values(state=CouponState.REDEEMED, closed_at=now, order_id=order_id)
        .returning(_COUPON.c.budget_day, _COUPON.c.reserved)
    ).one_or_none()
    if row is None:
        return False
    if not 0 <= cost <= row.reserved:
        raise ValueError(f"a coupon for at most {row.reserved} cannot cost {cost}")
    session.execute(
        update(_BUDGET)
        .where(_BUDGET.c.day == row.budget_day)
        .values(reserved=_BUDGET.c.reserved - row.reserved, spent=_BUDGET.c.spent + cost)
    )
    return True


def close_coupons(
    session: Session, which: ColumnElement[bool], state: CouponState, *, now: datetime
) -> int:
    """Close the unused coupons among `which` and free their budget; how many there were."""
    rows = session.execute(
        update(_COUPON)
        .where(_COUPON.c.state == CouponState.ISSUED, which)
        .values(state=state, closed_at=now)
        .returning(_COUPON.c.budget_day, _COUPON.c.reserved)
    ).all()
    freed: dict[date, int] = {}
    for row in rows:
        freed[row.budget_day] = freed.get(row.budget_day, 0) + row.reserved
    for day in sorted(freed):
        session.execute(
            update(_BUDGET)
            .where(_BUDGET.c.day == day)
            .values(reserved=_BUDGET.c.reserved - freed[day])
        )
    return len(rows)


def revoke_of_cart(session: Session, cart_id: str, *, now: datetime) -> int:
    """Take back the unused coupons of a cart that is closed; how many there were."""
    return close_coupons(session, _COUPON.c.cart_id == cart_id, CouponState.REVOKED, now=now)


def revoke_of_closed_carts(session: Session, *, now: datetime) -> int:
    """Take back the unused coupons of all carts that are closed; how many there were."""
    closed = select(Cart.id).where(Cart.id == _COUPON.c.cart_id, Cart.status != CartStatus.OPEN)
    return close_coupons(session, closed.exists(), CouponState.REVOKED, now=now)
