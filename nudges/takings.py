"""What people bought, as money that stayed with the shop: without discounts and refunds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.among import among
from db.models import Coupon, Order, OrderLine, Promotion, PromotionKind
from db.reads.refunds import Refunds, refunds_of_people


@dataclass(frozen=True, slots=True)
class Bought:
    """One order: its goods after discounts, and what the shop earned on it, minor units."""

    at: datetime
    revenue: float
    margin: float


def bought(
    session: Session,
    people: Select[str | None],
    *,
    since: datetime,
    until: datetime,
    currency: str,
    margin_percent: int,
) -> dict[str, list[Bought]]:
    """The orders of these people, by person.

    Orders in another currency than the shop's cannot be added to the others and are left out. One
    that was refunded whole by `until` is none; of one refunded in part the rest counts, with its
    part of the discount.
    """
    rows = session.execute(
        select(
            Order.id,
            Order.transaction_id,
            Order.person_id,
            Order.placed_at,
            Order.total,
            Order.delivery,
            Order.discount,
            Promotion.kind,
            Coupon.reserved,
        )
        .outerjoin(Coupon, Coupon.order_id == Order.id)
        .outerjoin(Promotion, Promotion.code == Coupon.code)
        .where(
            Order.placed_at >= since,
            Order.placed_at < until,
            Order.total.is_not(None),
            Order.currency == currency,
            Order.person_id.in_(people),
        )
    ).all()
    refunds = refunds_of_people(session, people, since=since, until=until)
    kept = _kept(session, [row for row in rows if row.person_id in refunds], refunds)
    found: dict[str, list[Bought]] = defaultdict(list)
    for row in rows:
        share = kept.get(row.id, 1.0)
        if share == 0:
            continue
        goods, discount = share * (row.total - row.delivery), share * row.discount
        margin = (goods + discount) * margin_percent / 100 - discount
        if row.kind is PromotionKind.FREE_DELIVERY:
            margin -= row.reserved
        found[row.person_id].append(Bought(row.placed_at, goods, margin))
    return found


def _kept(
    session: Session, orders: Sequence[Any], refunds: Mapping[str, Refunds]
) -> dict[str, float]:
    """By order, which share of its goods' price was not refunded; of its pieces without prices."""
    lines: dict[str, list[OrderLine]] = defaultdict(list)
    for line in session.scalars(
        select(OrderLine).where(among(OrderLine.order_id, [order.id for order in orders]))
    ):
        lines[line.order_id].append(line)
    found: dict[str, float] = {}
    for order in orders:
        of_theirs = refunds[order.person_id]
        if order.transaction_id in of_theirs.whole:
            found[order.id] = 0.0
            continue
        priced = all(line.unit_amount is not None for line in lines[order.id])
        whole = back = 0
        for line in lines[order.id]:
            unit = (line.unit_amount or 0) if priced else 1
            key = (line.product_id, line.variant_id)
            whole += unit * line.quantity
            back += unit * of_theirs.of(order.transaction_id, key, line.quantity)
        if whole:
            found[order.id] = 1 - back / whole
    return found
