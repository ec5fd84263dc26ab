"""The shop's promotions."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from core.identity import Identity
from core.money import Money
from db.models import Cart, CartStatus, Category, Coupon, CouponState, Promotion
from db.owners import coupon_cart, coupon_is_of
from db.pricing import CouponTerms, PromotionTerms


def promotion_terms(session: Session, code: str, identity: Identity) -> PromotionTerms | None:
    """The promotion with this code (upper or lower case), whether it runs or not.

    A personal coupon exists for its person alone, and where its link carried it.
    """
    row = session.execute(
        _promotions(identity).where(Promotion.code == code.strip().upper())
    ).one_or_none()
    return _terms(session, [_Row(*row)])[0] if row else None


def own_coupons(session: Session, identity: Identity, *, now: datetime) -> list[PromotionTerms]:
    """The coupons that the shopper can use on their open cart, by code."""
    rows = session.execute(
        _promotions(identity)
        .join(Cart, Cart.id == coupon_cart(identity))
        .where(
            Coupon.state == CouponState.ISSUED,
            Coupon.expires_at > now,
            Cart.status == CartStatus.OPEN,
        )
        .order_by(Promotion.code)
    )
    return _terms(session, [_Row(*row) for row in rows])


def running_promotions(session: Session, *, now: datetime) -> list[PromotionTerms]:
    """The promotions that anybody may use now, by code."""
    rows = session.scalars(
        select(Promotion)
        .where(
            Promotion.personal.is_(False),
            Promotion.starts_at <= now,
            or_(Promotion.ends_at.is_(None), Promotion.ends_at > now),
        )
        .order_by(Promotion.code)
    )
    return _terms(session, [_Row(row) for row in rows])


class _Row(NamedTuple):
    """A promotion, its coupon where it is one, and the cart for which that is good."""

    promotion: Promotion
    coupon: Coupon | None = None
    cart_id: str | None = None


def _promotions(identity: Identity) -> Select[Promotion, Coupon | None, str | None]:
    """Promotions that this shopper may know of, each with their coupon where it is one."""
    mine = and_(Coupon.code == Promotion.code, coupon_is_of(identity))
    return (
        select(Promotion, Coupon, coupon_cart(identity))
        .outerjoin(Coupon, mine)
        .where(or_(Promotion.personal.is_(False), Coupon.code.is_not(None)))
    )


def _terms(session: Session, rows: Sequence[_Row]) -> list[PromotionTerms]:
    children: dict[str, list[str]] = {}
    if any(row.category_id for row, *_ in rows):
        for key, parent in session.execute(select(Category.id, Category.parent_id)):
            if parent:
                children.setdefault(parent, []).append(key)
    return [
        PromotionTerms(
            code=row.code,
            title=row.title,
            kind=row.kind,
            value=row.value,
            minimum=Money(row.currency, row.minimum),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            category_id=row.category_id,
            categories=_below(row.category_id, children) if row.category_id else frozenset(),
            max_discount=Money(row.currency, row.max_discount)
            if row.max_discount is not None
            else None,
            coupon=CouponTerms(cart_id, coupon.state) if coupon and cart_id else None,
        )
        for row, coupon, cart_id in rows
    ]


def _below(category_id: str, children: dict[str, list[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [category_id]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += children.get(key, [])
    return frozenset(found)
