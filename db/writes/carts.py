"""Changes of a cart that the shop itself makes, for its pages and for the chat.

Each checks price and stock in rows, then goes through `db.writes.events.record` like every other
event, so the cart stays the fold of its events. A page that pushes the same change to `dataLayer`
gives both the same `event_id`, and it counts once. All raise ForeignVisitorError or
StaleIdentityError where the identity is no longer the visitor's.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.identity import Identity
from core.ids import new_id
from db.fold import CartItem
from db.models import Cart, EventName, Price, Product, Variant, Visitor
from db.pricing import Refusal, delivery_rule, evaluate
from db.reads.carts import CartLineView, CartView, open_cart, priced_lines
from db.reads.promotions import promotion_terms
from db.writes.events import NewEvent, newest_cart_event, record
from db.writes.visitors import claim_visitor, require_current


class OutOfStock(Exception):  # noqa: N818 reads as the outcome it is
    """There are fewer pieces than asked for; `available` is how many the shop has."""

    def __init__(self, variant_id: str, available: int) -> None:
        super().__init__(f"only {available} of {variant_id!r} in stock")
        self.variant_id = variant_id
        self.available = available


class UnknownVariant(Exception):  # noqa: N818 reads as the outcome it is
    """The shop does not sell this variant (any more), or it has no price."""


class NotInCart(Exception):  # noqa: N818 reads as the outcome it is
    """The cart has no such line."""


class PromotionRefused(Exception):  # noqa: N818 reads as the outcome it is
    """The promotion does not apply; `missing` is what the cart lacks to its minimum."""

    def __init__(self, reason: Refusal, missing: int | None = None) -> None:
        super().__init__(f"the promotion does not apply: {reason.value}")
        self.reason = reason
        self.missing = missing


def add(
    session: Session,
    identity: Identity,
    variant_id: str,
    quantity: int,
    *,
    now: datetime,
    source: str = "web",
    event_id: str | None = None,
) -> CartView:
    """Put pieces of a variant into the cart; opens one where there is none.

    `event_id` names the event where the page reports it to others too.
    Raises UnknownVariant, OutOfStock (nothing is changed then), ValueError for a quantity below 1.
    """
    if quantity < 1:
        raise ValueError("a quantity to add is at least 1")
    mine, visitor, cart = _locked_cart(session, identity, now=now)
    line = _find(cart, variant_id)
    item = _sellable(session, variant_id, quantity, in_cart=line.quantity if line else 0)
    return _change(
        session,
        mine,
        visitor,
        EventName.ADD_TO_CART,
        (item,),
        now=now,
        source=source,
        event_id=event_id,
    )


def set_quantity(
    session: Session,
    identity: Identity,
    variant_id: str,
    quantity: int,
    *,
    now: datetime,
    source: str = "web",
    event_id: str | None = None,
) -> CartView:
    """Make a line hold exactly `quantity` pieces; 0 removes it.

    Raises NotInCart, UnknownVariant, OutOfStock, ValueError for a negative quantity.
    """
    if quantity < 0:
        raise ValueError("a quantity is never negative")
    mine, visitor, cart = _locked_cart(session, identity, now=now)
    line = _find(cart, variant_id)
    if line is None or cart is None:
        raise NotInCart(variant_id)
    more = quantity - line.quantity
    if more == 0:
        return cart
    if more > 0:
        name, item = (
            EventName.ADD_TO_CART,
            _sellable(session, variant_id, more, in_cart=line.quantity),
        )
    else:
        name, item = EventName.REMOVE_FROM_CART, _item(line, -more)
    return _change(session, mine, visitor, name, (item,), now=now, source=source, event_id=event_id)


def remove(
    session: Session,
    identity: Identity,
    variant_id: str,
    *,
    now: datetime,
    source: str = "web",
    event_id: str | None = None,
) -> CartView:
    """Take a line out of the cart. Raises NotInCart."""
    return set_quantity(session, identity, variant_id, 0, now=now, source=source, event_id=event_id)


def clear(
    session: Session,
    identity: Identity,
    *,
    now: datetime,
    source: str = "web",
    event_id: str | None = None,
) -> CartView | None:
    """Empty the cart; None where there is none."""
    mine, visitor, cart = _locked_cart(session, identity, now=now)
    if cart is None or not cart.lines:
        return cart
    items = tuple(_item(line, line.quantity) for line in cart.lines)
    name = EventName.REMOVE_FROM_CART
    return _change(session, mine, visitor, name, items, now=now, source=source, event_id=event_id)


def fit_to_stock(session: Session, identity: Identity, *, now: datetime) -> CartView | None:
    """Take out of the cart what the shop cannot deliver today; None where there is no cart."""
    mine, visitor, cart = _locked_cart(session, identity, now=now)
    if cart is None or not cart.short_lines:
        return cart
    items = tuple(_item(line, line.quantity - line.available) for line in cart.short_lines)
    name = EventName.REMOVE_FROM_CART
    return _change(session, mine, visitor, name, items, now=now, source="web")


def apply_promotion(session: Session, identity: Identity, code: str, *, now: datetime) -> CartView:
    """Put a promotion on the cart, in place of the one before. Raises PromotionRefused."""
    mine, _, cart = _locked_cart(session, identity, now=now)
    terms = promotion_terms(session, code, mine)
    lines = priced_lines(cart.lines) if cart else []
    currency = delivery_rule(session).fee.currency
    cart_id = cart.id if cart else None
    outcome = evaluate(terms, lines, currency=currency, now=now, cart_id=cart_id)
    if outcome.refusal is not None or terms is None or cart is None:
        raise PromotionRefused(
            outcome.refusal or Refusal.UNKNOWN,
            outcome.missing.amount if outcome.missing else None,
        )
    return _set_promotion(session, mine, cart, terms.code, now=now)


def remove_promotion(session: Session, identity: Identity, *, now: datetime) -> CartView | None:
    """Take the promotion off the cart; None where there is no cart."""
    mine, _, cart = _locked_cart(session, identity, now=now)
    return _set_promotion(session, mine, cart, None, now=now) if cart else None


def next_moment(session: Session, visitor: Visitor, *, now: datetime) -> datetime:
    """`now`, or just after the owner's newest cart event: what the shop does now comes last."""
    newest = newest_cart_event(session, visitor)
    return now if newest is None else max(now, newest + timedelta(microseconds=1))


def _locked_cart(
    session: Session, identity: Identity, *, now: datetime
) -> tuple[Identity, Visitor, CartView | None]:
    visitor = claim_visitor(session, identity, now=now)
    require_current(identity, visitor)
    mine = Identity(visitor.id, visitor.person_id)
    return mine, visitor, open_cart(session, mine, now=now)


def _set_promotion(
    session: Session, mine: Identity, cart: CartView, code: str | None, *, now: datetime
) -> CartView:
    session.execute(update(Cart).where(Cart.id == cart.id).values(promotion_code=code))
    return _reread(session, mine, now=now)


def _change(
    session: Session,
    mine: Identity,
    visitor: Visitor,
    name: EventName,
    items: tuple[CartItem, ...],
    *,
    now: datetime,
    source: str,
    event_id: str | None = None,
) -> CartView:
    at = next_moment(session, visitor, now=now)
    event = NewEvent(event_id=event_id or new_id(), name=name, at=at, items=items)
    record(session, mine, [event], now=now, source=source)
    return _reread(session, mine, now=now)


def _reread(session: Session, mine: Identity, *, now: datetime) -> CartView:
    cart = open_cart(session, mine, now=now)
    if cart is None:
        raise RuntimeError("the cart that was just changed is gone")
    return cart


def _find(cart: CartView | None, variant_id: str) -> CartLineView | None:
    lines = cart.lines if cart else ()
    return next((line for line in lines if line.variant_id == variant_id), None)


def _item(line: CartLineView, quantity: int) -> CartItem:
    return CartItem(line.product_id, line.variant_id, quantity)


def _sellable(session: Session, variant_id: str, more: int, *, in_cart: int) -> CartItem:
    row = session.execute(
        select(Variant.product_id, Variant.stock, Price.amount, Price.currency)
        .join(Product, Product.id == Variant.product_id)
        .join(Price, Price.variant_id == Variant.id)
        .where(Variant.id == variant_id, Product.active, Price.valid_until.is_(None))
    ).one_or_none()
    if row is None:
        raise UnknownVariant(variant_id)
    if in_cart + more > row.stock:
        raise OutOfStock(variant_id, row.stock)
    return CartItem(row.product_id, variant_id, more, row.amount, row.currency)
