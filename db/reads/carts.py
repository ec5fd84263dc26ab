"""A shopper's own carts and purchases."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.identity import Identity
from core.money import Money
from db.models import (
    Cart,
    CartLine,
    CartStatus,
    Order,
    OrderLine,
    Price,
    Product,
    Variant,
)
from db.owners import owned_by
from db.pricing import PricedLine, Refusal, Totals, delivery_rule, evaluate, totals
from db.reads.promotions import promotion_terms
from db.reads.refunds import refunds


@dataclass(frozen=True, slots=True)
class CartLineView:
    """A cart line with what the catalogue says of it now.

    Unknown to the catalogue: `title` is the product id, `price_id` and `stock` are None, and
    `unit` is the price that the shop's page told, if it did. `unit_when_added` is the price seen
    when it was put in.
    """

    line_id: int
    product_id: str
    variant_id: str
    title: str
    brand: str | None
    category_id: str | None
    colour: str | None
    size: str | None
    picture: str | None
    quantity: int
    price_id: int | None
    unit: Money | None
    list_price: Money | None
    stock: int | None
    unit_when_added: Money | None
    sold: bool
    added_at: datetime
    updated_at: datetime

    @property
    def available(self) -> int:
        """How many pieces of it the shop can sell today."""
        return self.stock or 0 if self.sold and self.price_id is not None else 0

    @property
    def line_total(self) -> Money | None:
        """Unit price times quantity."""
        return self.unit * self.quantity if self.unit else None


@dataclass(frozen=True, slots=True)
class CartView:
    """An open cart, priced now; `promotion_refusal` says why a promotion on it gives nothing."""

    id: str
    lines: tuple[CartLineView, ...]
    subtotal: Money
    discount: Money
    delivery: Money
    total: Money
    free_delivery_gap: Money | None
    promotion_code: str | None
    promotion_refusal: Refusal | None
    promotion_cost: Money
    created_at: datetime
    last_activity_at: datetime

    @property
    def count(self) -> int:
        """Pieces in all."""
        return sum(line.quantity for line in self.lines)

    @property
    def short_lines(self) -> tuple[CartLineView, ...]:
        """The lines of which the shop cannot sell that many today."""
        return tuple(line for line in self.lines if line.quantity > line.available)


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A line left in a cart that is still not bought."""

    cart_id: str
    line: CartLineView


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """One product of a purchase; `title` is the product id where the catalogue lacks it.

    `refunded` of its `quantity` pieces were refunded.
    """

    line_id: int
    product_id: str
    variant_id: str
    title: str
    brand: str | None
    colour: str | None
    size: str | None
    quantity: int
    refunded: int
    unit: Money | None


@dataclass(frozen=True, slots=True)
class PurchaseView:
    """An order of the shopper's."""

    order_id: str
    transaction_id: str | None
    placed_at: datetime
    total: Money | None
    discount: Money | None
    delivery: Money | None
    promotion_code: str | None
    lines: tuple[PurchaseLine, ...]


def owner_of_cart(session: Session, cart_id: str) -> Identity | None:
    """Whose open cart it is; None where there is no such cart, or it is open no more."""
    row = session.execute(
        select(Cart.visitor_id, Cart.person_id).where(
            Cart.id == cart_id, Cart.status == CartStatus.OPEN
        )
    ).first()
    return Identity(row.visitor_id, row.person_id) if row else None


def open_cart(session: Session, identity: Identity, *, now: datetime) -> CartView | None:
    """The identity's open cart with today's prices and stock; None where there is none."""
    mine = owned_by(identity, Cart.visitor_id, Cart.person_id)
    rows = session.execute(_cart_lines(mine, empty_carts=True)).all()
    if not rows:
        return None
    first = rows[0]
    lines = tuple(_line(row) for row in rows if row.line_id is not None)
    sums, refusal = _price(session, identity, first.cart, lines, first.promotion_code, now=now)
    return CartView(
        id=first.cart,
        lines=lines,
        subtotal=sums.subtotal,
        discount=sums.discount,
        delivery=sums.delivery,
        total=sums.total,
        free_delivery_gap=sums.free_delivery_gap,
        promotion_code=first.promotion_code,
        promotion_refusal=refusal,
        promotion_cost=sums.promotion_cost,
        created_at=first.created_at,
        last_activity_at=first.last_activity_at,
    )


def lines_of_cart(session: Session, cart_id: str) -> tuple[CartLineView, ...]:
    """The lines of an open cart, whoever's it is; for a caller that may see it."""
    rows = session.execute(_cart_lines(Cart.id == cart_id, empty_carts=False))
    return tuple(_line(row) for row in rows)


def _price(
    session: Session,
    identity: Identity,
    cart_id: str,
    lines: tuple[CartLineView, ...],
    code: str | None,
    *,
    now: datetime,
) -> tuple[Totals, Refusal | None]:
    """The sums of these lines with a promotion code, and why the code gives nothing."""
    rule = delivery_rule(session)
    priced = priced_lines(lines)
    if code is None:
        return totals(priced, None, rule), None
    terms = promotion_terms(session, code, identity)
    outcome = evaluate(terms, priced, currency=rule.fee.currency, now=now, cart_id=cart_id)
    return totals(priced, outcome, rule), outcome.refusal


def priced_lines(lines: tuple[CartLineView, ...]) -> list[PricedLine]:
    """The lines that have a price, as pricing sees them."""
    return [
        PricedLine(line.line_total, line.category_id)
        for line in lines
        if line.line_total is not None
    ]


def left_in_carts(
    session: Session, identity: Identity, *, since: datetime, until: datetime
) -> list[LeftLine]:
    """Lines last touched in [since, until) and neither bought nor removed until today."""
    mine = owned_by(identity, Cart.visitor_id, Cart.person_id)
    touched = _between(CartLine.updated_at, since, until)
    rows = session.execute(_cart_lines(mine, touched, empty_carts=False))
    return [LeftLine(row.cart, _line(row)) for row in rows]


def purchases(
    session: Session, identity: Identity, *, since: datetime, until: datetime
) -> list[PurchaseView]:
    """The identity's orders placed in [since, until), newest first."""
    return _purchases(
        session,
        identity,
        _between(Order.placed_at, since, until),
    )


def purchase(session: Session, identity: Identity, order_id: str) -> PurchaseView | None:
    """One of the identity's orders; None where it has no such order."""
    return next(iter(_purchases(session, identity, Order.id == order_id)), None)


def _purchases(
    session: Session, identity: Identity, condition: ColumnElement[bool]
) -> list[PurchaseView]:
    rows = session.execute(
        select(
            Order.id.label("order"),
            Order.transaction_id,
            Order.placed_at,
            Order.total,
            Order.discount,
            Order.delivery,
            Order.currency,
            Order.promotion_code,
            OrderLine.id.label("line_id"),
            OrderLine.product_id,
            OrderLine.variant_id,
            OrderLine.quantity,
            OrderLine.unit_amount,
            Product.title,
            Product.brand,
            Variant.colour,
            Variant.size,
        )
        .select_from(Order)
        .outerjoin(OrderLine, OrderLine.order_id == Order.id)
        .outerjoin(Product, Product.id == OrderLine.product_id)
        .outerjoin(Variant, Variant.id == OrderLine.variant_id)
        .where(owned_by(identity, Order.visitor_id, Order.person_id), condition)
        .order_by(Order.placed_at.desc(), Order.id, OrderLine.id)
    )
    returned = refunds(session, identity)
    views: dict[str, PurchaseView] = {}
    lines: dict[str, list[PurchaseLine]] = {}
    for row in rows:
        lines.setdefault(row.order, [])
        if row.line_id is not None:
            lines[row.order].append(
                PurchaseLine(
                    line_id=row.line_id,
                    product_id=row.product_id,
                    variant_id=row.variant_id,
                    title=row.title or row.product_id,
                    brand=row.brand,
                    colour=row.colour,
                    size=row.size,
                    quantity=row.quantity,
                    refunded=returned.of(
                        row.transaction_id, (row.product_id, row.variant_id), row.quantity
                    ),
                    unit=_money(row.currency, row.unit_amount),
                )
            )
        views[row.order] = PurchaseView(
            order_id=row.order,
            transaction_id=row.transaction_id,
            placed_at=row.placed_at,
            total=_money(row.currency, row.total),
            discount=_money(row.currency, row.discount),
            delivery=_money(row.currency, row.delivery),
            promotion_code=row.promotion_code,
            lines=tuple(lines[row.order]),
        )
    return list(views.values())


def _cart_lines(*conditions: ColumnElement[bool], empty_carts: bool) -> Executable:
    """Carts, their lines, and the catalogue beside them; with `empty_carts` also line-less ones."""
    return (
        select(
            Cart.id.label("cart"),
            Cart.promotion_code,
            Cart.created_at,
            Cart.last_activity_at,
            CartLine.id.label("line_id"),
            CartLine.product_id,
            CartLine.variant_id,
            CartLine.quantity,
            CartLine.unit_amount,
            CartLine.currency,
            CartLine.added_at,
            CartLine.updated_at,
            Product.title,
            Product.brand,
            Product.category_id,
            Product.picture,
            Product.active,
            Variant.colour,
            Variant.size,
            Variant.stock,
            Price.id.label("price_id"),
            Price.amount,
            Price.list_amount,
            Price.currency.label("price_currency"),
        )
        .select_from(Cart)
        .join(CartLine, CartLine.cart_id == Cart.id, isouter=empty_carts)
        .outerjoin(Product, Product.id == CartLine.product_id)
        .outerjoin(
            Variant,
            and_(Variant.id == CartLine.variant_id, Variant.product_id == CartLine.product_id),
        )
        .outerjoin(Price, and_(Price.variant_id == Variant.id, Price.valid_until.is_(None)))
        .where(*conditions, Cart.status == CartStatus.OPEN)
        .order_by(CartLine.added_at, CartLine.id)
    )


def _line(row: Any) -> CartLineView:
    unit = _money(row.price_currency, row.amount) or _money(row.currency, row.unit_amount)
    return CartLineView(
        line_id=row.line_id,
        product_id=row.product_id,
        variant_id=row.variant_id,
        title=row.title or row.product_id,
        brand=row.brand,
        category_id=row.category_id,
        colour=row.colour,
        size=row.size,
        picture=row.picture,
        quantity=row.quantity,
        price_id=row.price_id,
        unit=unit,
        list_price=_money(row.price_currency, row.list_amount),
        stock=row.stock,
        unit_when_added=_money(row.currency, row.unit_amount),
        sold=bool(row.active),
        added_at=row.added_at,
        updated_at=row.updated_at,
    )


def _money(currency: str | None, amount: int | None) -> Money | None:
    return Money(currency, amount) if currency is not None and amount is not None else None


def _between(
    column: InstrumentedAttribute[datetime], since: datetime, until: datetime
) -> ColumnElement[bool]:
    return and_(column >= since, column < until)
