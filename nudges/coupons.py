"""Personal coupons: issued within the day's budget, revoked with the nudge."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from secrets import choice
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.money import Money
from core.settings import Settings
from db.among import among
from db.insert import insert_or_ignore, table_of
from db.many import insert_many
from db.models import Coupon, CouponBudget, CouponState, Promotion, PromotionKind
from db.pricing import DeliveryRule
from db.writes.coupons import close_coupons, revoke_of_closed_carts
from nudges.decision import Decision
from nudges.facts import Facts
from nudges.message import CouponOffer
from nudges.policy import Policy

# No letter that reads like another, and no vowel that would make a word.
_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """A coupon that a decision asks for."""

    facts: Facts
    person_id: str
    decision: Decision


def budget_day(settings: Settings, now: datetime) -> date:
    """The day of the budget ledger: the shop's calendar day."""
    return now.astimezone(ZoneInfo(settings.time_zone)).date()


def open_budget(session: Session, policy: Policy, settings: Settings, *, now: datetime) -> int:
    """What today's coupons may still cost as it looks now, in minor units; opens the day.

    It locks nothing, so that sweepers decide side by side; `issue` looks again.
    """
    day = budget_day(settings, now)
    limit = policy.incentives.daily_budget
    session.execute(
        insert_or_ignore(session, CouponBudget),
        {
            "day": day,
            "currency": settings.currency,
            "limit_amount": limit,
            "reserved": 0,
            "spent": 0,
        },
    )
    used = CouponBudget.reserved + CouponBudget.spent
    return max(limit - int(session.scalars(select(used).where(CouponBudget.day == day)).one()), 0)


def _lock_budget(session: Session, policy: Policy, day: date) -> int:
    """What the day's coupons may still cost, in minor units, until the transaction ends.

    A limit that the policy lowers during the day ends further coupons, and takes none back.
    """
    row = session.execute(
        select(CouponBudget.limit_amount, CouponBudget.reserved, CouponBudget.spent)
        .where(CouponBudget.day == day)
        .with_for_update()
    ).one()
    limit, used = policy.incentives.daily_budget, int(row.reserved + row.spent)
    if row.limit_amount != (wanted := max(limit, used)):
        session.execute(
            update(table_of(CouponBudget))
            .where(table_of(CouponBudget).c.day == day)
            .values(limit_amount=wanted)
        )
    return max(limit - used, 0)


def cost_of(facts: Facts, decision: Decision, policy: Policy, rule: DeliveryRule) -> int:
    """The most that the decision's coupon can cost, in minor units; 0 where it has none."""
    percent = decision.percent
    if percent is not None:
        return min(facts.value.amount * percent // 100, policy.incentives.max_discount)
    return min(rule.fee.amount, policy.incentives.max_discount) if decision.incentive else 0


def issue(
    session: Session,
    wanted: Sequence[Wanted],
    *,
    policy: Policy,
    settings: Settings,
    now: datetime,
) -> dict[str, CouponOffer]:
    """Issue coupons in this order while the budget lasts; nudge id → coupon of those that got one.

    The budget is that of the day that `open_budget` opened. It stays locked until the transaction
    ends, and may be less by now: others issue too.
    """
    day = budget_day(settings, now)
    budget = _lock_budget(session, policy, day)
    rule = DeliveryRule.of(settings)
    expires = now + timedelta(days=policy.incentives.valid_days)
    left = budget
    promotions: list[dict[str, object]] = []
    coupons: list[dict[str, object]] = []
    offers: dict[str, CouponOffer] = {}
    for one in wanted:
        cost = cost_of(one.facts, one.decision, policy, rule)
        if cost == 0 or cost > left:
            continue
        left -= cost
        code = "".join(choice(_LETTERS) for _ in range(_LENGTH))
        percent = one.decision.percent
        promotions.append(
            {
                "code": code,
                "title": f"{percent} %" if percent else "Free delivery",
                "kind": PromotionKind.PERCENT if percent else PromotionKind.FREE_DELIVERY,
                "value": percent or 0,
                "minimum": policy.incentives.min_value,
                "max_discount": cost,
                "currency": settings.currency,
                "personal": True,
                "starts_at": now,
                "ends_at": expires,
            }
        )
        coupons.append(
            {
                "code": code,
                "nudge_id": one.facts.nudge_id,
                "person_id": one.person_id,
                "cart_id": one.facts.cart_id,
                "state": CouponState.ISSUED,
                "budget_day": day,
                "reserved": cost,
                "issued_at": now,
                "expires_at": expires,
            }
        )
        offers[one.facts.nudge_id] = CouponOffer(
            code=code,
            percent=percent,
            minimum=Money(settings.currency, policy.incentives.min_value),
            max_discount=Money(settings.currency, cost),
            expires_at=expires,
        )
    if coupons:
        insert_many(session, Promotion, promotions)
        insert_many(session, Coupon, coupons)
        ledger = table_of(CouponBudget)
        session.execute(
            update(ledger)
            .where(ledger.c.day == day)
            .values(reserved=ledger.c.reserved + (budget - left))
        )
    return offers


def offers_of(
    session: Session, nudge_ids: Collection[str], *, now: datetime
) -> dict[str, CouponOffer]:
    """Nudge id → the coupon that it was given earlier and that can still be used."""
    rows = session.execute(
        select(
            Coupon.nudge_id,
            Coupon.code,
            Coupon.expires_at,
            Promotion.kind,
            Promotion.value,
            Promotion.minimum,
            Promotion.currency,
            Coupon.reserved,
        )
        .join(Promotion, Promotion.code == Coupon.code)
        .where(
            among(Coupon.nudge_id, nudge_ids),
            Coupon.state == CouponState.ISSUED,
            Coupon.expires_at > now,
        )
    )
    return {
        row.nudge_id: CouponOffer(
            code=row.code,
            percent=row.value if row.kind is PromotionKind.PERCENT else None,
            minimum=Money(row.currency, row.minimum),
            max_discount=Money(row.currency, row.reserved),
            expires_at=row.expires_at,
        )
        for row in rows
    }


def revoke(session: Session, nudge_ids: Collection[str], *, now: datetime) -> int:
    """Take back the unused coupons of these nudges and free their budget; how many there were."""
    of_these = among(Coupon.nudge_id, nudge_ids)
    return close_coupons(session, of_these, CouponState.REVOKED, now=now)


def tidy(session: Session, *, now: datetime) -> int:
    """Close what nobody can use any more: expired, or the cart is closed; how many there were."""
    expired = close_coupons(session, Coupon.expires_at <= now, CouponState.EXPIRED, now=now)
    return expired + revoke_of_closed_carts(session, now=now)
