"""Placing an order: the cart, at today's prices, becomes a purchase."""

from datetime import datetime
from secrets import choice

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.identity import Identity
from core.ids import new_id
from db.fold import CartItem
from db.models import EventName, Order, Variant
from db.reads.carts import CartView, PurchaseView, open_cart, purchase
from db.reads.promotions import promotion_terms
from db.writes.carts import OutOfStock, UnknownVariant, next_moment
from db.writes.coupons import redeem, revoke_of_cart
from db.writes.events import NewEvent, record
from db.writes.visitors import claim_visitor, require_current

_NUMBER_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class CouponGone(Exception):  # noqa: N818 reads as the outcome it is
    """The cart's coupon was used up or taken back since the cart was read."""


class EmptyCart(Exception):  # noqa: N818 reads as the outcome it is
    """There is nothing to order."""


def place(
    session: Session,
    identity: Identity,
    *,
    now: datetime,
    source: str = "web",
    event_id: str | None = None,
) -> PurchaseView:
    """Order the open cart: takes the stock, writes the purchase, closes the cart.

    A promotion that no longer applies gives nothing; a personal coupon is used up with the order,
    and taken back where the order does without it. Raises EmptyCart, UnknownVariant (a line that
    the shop does not sell any more), OutOfStock, CouponGone; the caller's transaction must then
    roll back.
    """
    visitor = claim_visitor(session, identity, now=now)
    require_current(identity, visitor)
    mine = Identity(visitor.id, visitor.person_id)
    cart = open_cart(session, mine, now=now)
    if cart is None or not cart.lines:
        raise EmptyCart("the cart is empty")
    _take_stock(session, cart)
    event = NewEvent(
        event_id=event_id or new_id(),
        name=EventName.PURCHASE,
        at=next_moment(session, visitor, now=now),
        items=tuple(
            CartItem(
                line.product_id,
                line.variant_id,
                line.quantity,
                line.unit.amount if line.unit else None,
                line.unit.currency if line.unit else None,
            )
            for line in cart.lines
        ),
        transaction_id="".join(choice(_NUMBER_LETTERS) for _ in range(10)),
        value=cart.total.amount,
        currency=cart.total.currency,
    )
    record(session, mine, [event], now=now, source=source)
    code = cart.promotion_code if cart.promotion_refusal is None else None
    order_id = session.scalar(
        update(Order)
        .where(Order.visitor_id == visitor.id, Order.transaction_id == event.transaction_id)
        .values(discount=cart.discount.amount, delivery=cart.delivery.amount, promotion_code=code)
        .returning(Order.id)
    )
    if order_id and code:
        _use_up(session, mine, cart, code, order_id, now=now)
    revoke_of_cart(session, cart.id, now=now)
    placed = purchase(session, mine, order_id) if order_id else None
    if placed is None:
        raise RuntimeError("the purchase made no order")
    return placed


def _use_up(
    session: Session, mine: Identity, cart: CartView, code: str, order_id: str, *, now: datetime
) -> None:
    terms = promotion_terms(session, code, mine)
    if terms is None or terms.coupon is None:
        return
    used = redeem(
        session,
        code,
        identity=mine,
        cart_id=cart.id,
        order_id=order_id,
        cost=cart.promotion_cost.amount,
        now=now,
    )
    if not used:
        raise CouponGone(code)


def _take_stock(session: Session, cart: CartView) -> None:
    """Lock the variants in the order of their ids, so two orders never wait for each other."""
    wanted = {line.variant_id: line.quantity for line in cart.lines}
    rows = session.execute(
        select(Variant.id, Variant.stock)
        .where(Variant.id.in_(wanted))
        .order_by(Variant.id)
        .with_for_update()
    )
    stock: dict[str, int] = {row.id: row.stock for row in rows}
    for line in cart.lines:
        if line.variant_id not in stock or line.price_id is None:
            raise UnknownVariant(line.variant_id)
        if line.quantity > stock[line.variant_id]:
            raise OutOfStock(line.variant_id, stock[line.variant_id])
        session.execute(
            update(Variant)
            .where(Variant.id == line.variant_id)
            .values(stock=Variant.stock - line.quantity)
        )
