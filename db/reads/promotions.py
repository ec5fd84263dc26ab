"""The shop's promotions."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.money import Money
from db.models import Category, Promotion
from db.pricing import PromotionTerms


def promotion_terms(session: Session, code: str) -> PromotionTerms | None:
    """The promotion with this code (upper or lower case), whether it runs or not."""
    row = session.get(Promotion, code.strip().upper())
    return _terms(session, [row])[0] if row else None


def running_promotions(session: Session, *, now: datetime) -> list[PromotionTerms]:
    """The promotions that anybody may use now, by code."""
    rows = session.scalars(
        select(Promotion)
        .where(
            Promotion.starts_at <= now,
            or_(Promotion.ends_at.is_(None), Promotion.ends_at > now),
        )
        .order_by(Promotion.code)
    )
    return _terms(session, rows)


def _terms(session: Session, rows: Iterable[Promotion]) -> list[PromotionTerms]:
    promotions = list(rows)
    children: dict[str, list[str]] = {}
    if any(row.category_id for row in promotions):
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
        )
        for row in promotions
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
