"""What the owners of a page did, and what was sent and said to them and by them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case, func, or_, select

from db.among import among
from db.models import (
    Assignment,
    Coupon,
    CouponState,
    Event,
    EventName,
    Nudge,
    NudgeReply,
    NudgeState,
    Order,
    OrderLine,
    ReplyKind,
    Visitor,
)
from db.owners import owned_by_any
from nudges.facts import InArm, PastNudge
from nudges.store.page import Page
from nudges.store.reached import steps_reached

HISTORY = timedelta(days=30)
_MAYBE_SENT = (NudgeState.CLAIMED, NudgeState.SENDING, NudgeState.SENT, NudgeState.UNKNOWN)
_REPLIES = timedelta(days=90)


@dataclass(slots=True)
class Buying:
    """What an owner ordered and got coupons for."""

    orders: int = 0
    spent: int = 0
    last_order_at: datetime | None = None
    bought: list[tuple[str, datetime]] = field(default_factory=list)
    last_coupon_at: datetime | None = None
    coupons_used: int = 0
    coupons_unused: int = 0


def history(page: Page) -> dict[str, list[PastNudge]]:
    """What was sent to an owner, or may have been, newest first."""
    found: dict[str, list[PastNudge]] = defaultdict(list)
    rows = page.session.execute(
        select(
            Nudge.id,
            Nudge.cart_id,
            Nudge.person_id,
            Nudge.visitor_id,
            Nudge.channel,
            Nudge.treatment,
            func.coalesce(Nudge.sent_at, Nudge.claimed_at).label("at"),
            Nudge.clicked_at,
            Nudge.ordered_at,
        )
        .where(
            page.owned(Nudge),
            Nudge.state.in_(_MAYBE_SENT),
            Nudge.channel.is_not(None),
            or_(
                Nudge.created_at > page.now - 2 * HISTORY - page.policy.max_age,
                among(Nudge.cart_id, page.carts),
            ),
        )
        .order_by(Nudge.created_at.desc())
    )
    for row in rows:
        found[row.person_id or row.visitor_id].append(
            PastNudge(
                nudge_id=row.id,
                cart_id=row.cart_id,
                channel=row.channel,
                at=row.at,
                treatment=row.treatment,
                clicked=row.clicked_at is not None,
                ordered=row.ordered_at is not None,
            )
        )
    return found


def replies(page: Page) -> dict[str, list[ReplyKind]]:
    """What the shopper said to reminders lately, newest first."""
    found: dict[str, list[ReplyKind]] = defaultdict(list)
    rows = page.session.execute(
        select(NudgeReply.person_id, NudgeReply.visitor_id, NudgeReply.kind)
        .where(page.owned(NudgeReply), NudgeReply.at > page.now - _REPLIES)
        .order_by(NudgeReply.at.desc())
    )
    for row in rows:
        found[row.person_id or row.visitor_id].append(row.kind)
    return found


def seen(page: Page) -> dict[str, tuple[datetime | None, datetime | None]]:
    """When an owner was last in the shop, and last began to pay, as far as it matters now."""
    gates = page.policy.gates
    longest = timedelta(minutes=max(gates.idle_minutes, gates.payment_minutes))
    paid = case((Event.name == EventName.ADD_PAYMENT_INFO, Event.at))
    owner = func.coalesce(Visitor.person_id, Visitor.id)
    rows = page.session.execute(
        select(
            owner.label("owner"),
            func.max(Event.at).label("seen"),
            func.max(paid).label("paid"),
        )
        .select_from(Visitor)
        .join(Event, Event.visitor_id == Visitor.id)
        .where(
            owned_by_any(page.owners, Visitor.id, Visitor.person_id),
            Event.at > page.now - longest,
            Event.at <= page.now,
        )
        .group_by(owner)
    )
    return {row.owner: (row.seen, row.paid) for row in rows}


def reached(page: Page) -> dict[str, dict[EventName, datetime]]:
    """How far people went lately, by person: when they last took each step."""
    episodes: dict[str, list[datetime]] = defaultdict(list)
    for row in page.rows:
        if row.person_id:
            episodes[row.person_id].append(row.episode)
    return steps_reached(page.session, episodes, now=page.now)


def buying(page: Page) -> dict[str, Buying]:
    """What owners ordered, and which coupons they had."""
    found: dict[str, Buying] = defaultdict(Buying)
    orders = page.session.execute(
        select(
            Order.person_id,
            Order.visitor_id,
            func.count().label("orders"),
            func.sum(Order.total).label("spent"),
            func.max(Order.placed_at).label("last"),
        )
        .where(page.owned(Order))
        .group_by(Order.person_id, Order.visitor_id)
    )
    for row in orders:
        of = found[row.person_id or row.visitor_id]
        of.orders += row.orders
        of.spent += int(row.spent or 0)
        of.last_order_at = max(of.last_order_at or row.last, row.last)
    lines = page.session.execute(
        select(Order.person_id, Order.visitor_id, OrderLine.product_id, Order.placed_at)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(page.owned(Order), Order.placed_at > page.now - page.policy.purchases_count)
    )
    for line in lines:
        of = found[line.person_id or line.visitor_id]
        of.bought.append((line.product_id, line.placed_at))
    used = case((Coupon.state == CouponState.REDEEMED, 1), else_=0)
    coupons = page.session.execute(
        select(
            Coupon.person_id,
            func.count().label("all"),
            func.sum(used).label("used"),
            func.max(Coupon.issued_at).label("last"),
        )
        .where(among(Coupon.person_id, page.people))
        .group_by(Coupon.person_id)
    )
    for row in coupons:
        of = found[row.person_id]
        of.last_coupon_at = row.last
        of.coupons_used = int(row.used)
        of.coupons_unused = int(row.all) - int(row.used)
    return found


def arms(page: Page) -> dict[str, Mapping[str, InArm]]:
    """The arms that subjects were drawn into, by experiment."""
    found: dict[str, dict[str, InArm]] = defaultdict(dict)
    rows = page.session.execute(
        select(
            Assignment.subject, Assignment.experiment, Assignment.arm, Assignment.probability
        ).where(among(Assignment.subject, page.people | page.visitors))
    )
    for row in rows:
        found[row.subject][row.experiment] = InArm(row.experiment, row.arm, row.probability)
    return defaultdict(dict, found)
