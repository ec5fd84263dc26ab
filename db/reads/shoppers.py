"""The demo shop's made-up people, for whoever wants to see the shop through their eyes."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Cart, CartLine, CartStatus, Order, Person


@dataclass(frozen=True, slots=True)
class DemoShopper:
    """Somebody to sign in as: how often they bought, and what waits in their cart."""

    person_id: str
    name: str
    orders: int
    in_cart: int


def demo_shoppers(session: Session, *, limit: int) -> list[DemoShopper]:
    """Named people with a past to show: those with a cart left open first, then by orders."""
    orders = (
        select(Order.person_id, func.count().label("orders"))
        .where(Order.person_id.is_not(None))
        .group_by(Order.person_id)
        .subquery()
    )
    carts = (
        select(Cart.person_id, func.count(CartLine.id).label("lines"))
        .join(CartLine, CartLine.cart_id == Cart.id)
        .where(Cart.person_id.is_not(None), Cart.status == CartStatus.OPEN)
        .group_by(Cart.person_id)
        .subquery()
    )
    order_count = func.coalesce(orders.c.orders, 0)
    line_count = func.coalesce(carts.c.lines, 0)
    rows = session.execute(
        select(Person.id, Person.name, order_count, line_count)
        .outerjoin(orders, orders.c.person_id == Person.id)
        .outerjoin(carts, carts.c.person_id == Person.id)
        .where(Person.name.is_not(None), Person.is_staff.is_(False))
        .order_by((line_count > 0).desc(), order_count.desc(), Person.id)
        .limit(limit)
    )
    return [DemoShopper(key, name, made, lines) for key, name, made, lines in rows]
