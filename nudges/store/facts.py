"""Everything that is known about claimed nudges, in a fixed number of queries a page."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from core.identity import Identity
from core.money import Money
from core.settings import Settings
from db.among import among
from db.models import (
    Assignment,
    Cart,
    CartLine,
    Channel,
    ChannelAddress,
    Consent,
    Coupon,
    CouponState,
    Event,
    EventName,
    Nudge,
    NudgeReply,
    NudgeState,
    Order,
    OrderLine,
    Pause,
    Person,
    Price,
    Product,
    Reminder,
    ReplyKind,
    Suppression,
    Variant,
    Visitor,
)
from db.owners import Owner, owned_by_any
from db.writes.addresses import address_digest
from nudges.experiments import assign
from nudges.facts import Address, Facts, InArm, Line, PastNudge, Recipient, Silence
from nudges.policy import ASKED, Policy
from nudges.quiet_hours import zone_of
from nudges.store.reached import furthest, steps_reached

_MAYBE_SENT = (NudgeState.CLAIMED, NudgeState.SENDING, NudgeState.SENT, NudgeState.UNKNOWN)
_HISTORY = timedelta(days=30)
_REPLIES = timedelta(days=90)


def load_facts(
    session: Session,
    nudge_ids: Collection[str],
    *,
    policy: Policy,
    settings: Settings,
    channels: Collection[Channel],
    now: datetime,
) -> list[Facts]:
    """The facts of these nudges, in the order of their ids' creation.

    `channels` are those that this process can send on; the others count as unreachable.
    """
    if not nudge_ids:
        return []
    rows = session.execute(_nudges().where(among(Nudge.id, nudge_ids)).order_by(Nudge.id)).all()
    page = _Page(session, rows, policy=policy, settings=settings, channels=channels, now=now)
    return [page.facts(row) for row in rows]


def facts_if_due(
    session: Session,
    cart_id: str,
    stage: str,
    *,
    policy: Policy,
    settings: Settings,
    channels: Collection[Channel],
    now: datetime,
) -> Facts | None:
    """The facts as they would be if this stage of the cart fell due; None for an unknown cart."""
    rows = session.execute(
        select(
            literal("").label("id"),
            Cart.id.label("cart_id"),
            Cart.last_activity_at.label("episode"),
            literal(stage).label("stage"),
            literal(0).label("attempts"),
            *_ABOUT_THE_CART,
        )
        .join(Visitor, Visitor.id == Cart.visitor_id)
        .outerjoin(Person, Person.id == Cart.person_id)
        .where(Cart.id == cart_id)
    ).all()
    page = _Page(session, rows, policy=policy, settings=settings, channels=channels, now=now)
    return page.facts(rows[0]) if rows else None


_ABOUT_THE_CART = (
    Cart.status,
    Cart.created_at,
    Cart.last_activity_at,
    Cart.visitor_id,
    Cart.person_id,
    Visitor.is_robot,
    Visitor.created_at.label("visitor_since"),
    Person.name,
    Person.email,
    Person.locale,
    Person.time_zone,
    Person.is_staff,
    Person.created_at.label("person_since"),
)


def _nudges() -> Any:
    return (
        select(
            Nudge.id,
            Nudge.cart_id,
            Nudge.episode,
            Nudge.stage,
            Nudge.attempts,
            *_ABOUT_THE_CART,
        )
        .join(Cart, Cart.id == Nudge.cart_id)
        .join(Visitor, Visitor.id == Cart.visitor_id)
        .outerjoin(Person, Person.id == Cart.person_id)
    )


@dataclass(slots=True)
class _Buying:
    """What an owner ordered and got coupons for."""

    orders: int = 0
    spent: int = 0
    last_order_at: datetime | None = None
    bought: list[tuple[str, datetime]] = field(default_factory=list)
    last_coupon_at: datetime | None = None
    coupons_used: int = 0
    coupons_unused: int = 0


class _Page:
    """The rows around a page of nudges, by cart or by owner (the person, else the visitor)."""

    def __init__(
        self,
        session: Session,
        rows: Sequence[Any],
        *,
        policy: Policy,
        settings: Settings,
        channels: Collection[Channel],
        now: datetime,
    ) -> None:
        self._session = session
        self._policy = policy
        self._settings = settings
        self._channels = set(channels)
        self._now = now
        self._carts = {row.cart_id for row in rows}
        self._people = {row.person_id for row in rows if row.person_id}
        self._visitors = {row.visitor_id for row in rows if not row.person_id}
        self._owners = [*{Owner.of(row.visitor_id, row.person_id) for row in rows}]
        asked = [row.id for row in rows if row.stage == ASKED]
        self._lines = self._load_lines()
        self._consents = self._load_consents()
        self._addresses = self._load_addresses(rows)
        self._suppressed = self._load_suppressed()
        self._silences = self._load_silences()
        self._reminders = self._load_reminders()
        self._asked = self._load_asked(asked)
        self._history = self._load_history()
        self._seen = self._load_seen()
        self._reached = self._load_reached(rows)
        self._buying = self._load_buying()
        self._replies = self._load_replies()
        self._arms = self._load_arms()

    def facts(self, row: Any) -> Facts:
        """The facts of one nudge of the page."""
        owner = row.person_id or row.visitor_id
        buying = self._buying[owner]
        seen, paid = self._seen.get(owner, (None, None))
        recipient = self._recipient(row)
        since = min(row.created_at, row.episode)
        asked = self._asked.get(row.id)
        return Facts(
            nudge_id=row.id,
            cart_id=row.cart_id,
            episode=row.episode,
            stage=row.stage,
            attempts=row.attempts,
            recipient=recipient,
            status=row.status,
            lines=tuple(self._lines[row.cart_id]),
            cart_created_at=row.created_at,
            last_activity_at=row.last_activity_at,
            currency=self._settings.currency,
            last_seen_at=seen,
            payment_at=paid,
            reached=furthest(self._reached.get(owner, {}), row.episode),
            last_order_at=buying.last_order_at,
            bought_products=frozenset(product for product, at in buying.bought if at >= since),
            consents=self._consents[owner],
            addresses=self._addresses[owner],
            suppressed=frozenset(
                address.channel
                for address in self._addresses[owner].values()
                if address_digest(address.channel, address.address) in self._suppressed
            ),
            silences=tuple(
                silence
                for cart_id, silence in self._silences[owner]
                if cart_id in (None, row.cart_id)
            ),
            asked_for=row.episode if row.stage == ASKED else None,
            asked_at=asked[0] if asked else None,
            asked_channel=asked[1] if asked else None,
            reminder_due=self._reminders.get(owner),
            history=tuple(
                past
                for past in self._history[owner]
                if past.nudge_id != row.id
                and (past.at > self._now - _HISTORY or past.cart_id == row.cart_id)
            ),
            replies=tuple(self._replies[owner]),
            last_coupon_at=buying.last_coupon_at,
            coupons_used=buying.coupons_used,
            coupons_unused=buying.coupons_unused,
            orders=buying.orders,
            spent=buying.spent,
            arms=assign(self._policy, recipient.subject, self._arms[owner]),
        )

    def _recipient(self, row: Any) -> Recipient:
        return Recipient(
            visitor_id=row.visitor_id,
            person_id=row.person_id,
            name=row.name,
            email=row.email,
            locale=row.locale or self._settings.locale,
            time_zone=zone_of(row.time_zone, self._settings.time_zone).key,
            is_staff=bool(row.is_staff),
            is_robot=row.is_robot,
            member_since=row.person_since or row.visitor_since,
        )

    def _owned(self, model: Any) -> ColumnElement[bool]:
        """The condition that a row of the model is of one of the page's owners."""
        return owned_by_any(self._owners, model.visitor_id, model.person_id)

    def _load_lines(self) -> dict[str, list[Line]]:
        rows = self._session.execute(
            select(
                CartLine.cart_id,
                CartLine.product_id,
                CartLine.variant_id,
                CartLine.quantity,
                CartLine.unit_amount,
                CartLine.currency,
                Product.title,
                Product.active,
                Product.facts,
                Product.picture,
                Product.category_id,
                Product.brand,
                Variant.colour,
                Variant.size,
                Variant.stock,
                Price.amount,
                Price.currency.label("price_currency"),
            )
            .outerjoin(Product, Product.id == CartLine.product_id)
            .outerjoin(
                Variant,
                and_(Variant.id == CartLine.variant_id, Variant.product_id == CartLine.product_id),
            )
            .outerjoin(Price, and_(Price.variant_id == Variant.id, Price.valid_until.is_(None)))
            .where(among(CartLine.cart_id, self._carts))
            .order_by(CartLine.cart_id, CartLine.added_at, CartLine.id)
        )
        lines: dict[str, list[Line]] = defaultdict(list)
        for row in rows:
            lines[row.cart_id].append(
                Line(
                    product_id=row.product_id,
                    variant_id=row.variant_id,
                    title=row.title or row.product_id,
                    quantity=row.quantity,
                    unit=_money(row.price_currency, row.amount),
                    unit_when_added=_money(row.currency, row.unit_amount),
                    stock=row.stock,
                    active=bool(row.active),
                    shippable=(row.facts or {}).get("shippable", True) is not False,
                    picture=row.picture,
                    category_id=row.category_id,
                    brand=row.brand,
                    colour=row.colour,
                    size=row.size,
                )
            )
        return lines

    def _load_consents(self) -> dict[str, dict[Channel, bool]]:
        """The newest line of the ledger by person and channel."""
        consents: dict[str, dict[Channel, bool]] = defaultdict(dict)
        rows = self._session.execute(
            select(Consent.person_id, Consent.channel, Consent.granted)
            .where(among(Consent.person_id, self._people), Consent.at <= self._now)
            .order_by(Consent.at, Consent.id)
        )
        for row in rows:
            consents[row.person_id][row.channel] = row.granted
        return consents

    def _load_addresses(self, carts: Sequence[Any]) -> dict[str, dict[Channel, Address]]:
        addresses: dict[str, dict[Channel, Address]] = defaultdict(dict)
        rows = self._session.execute(
            select(
                ChannelAddress.person_id,
                ChannelAddress.visitor_id,
                ChannelAddress.channel,
                ChannelAddress.address,
                ChannelAddress.details,
            )
            .where(self._owned(ChannelAddress))
            .order_by(ChannelAddress.at, ChannelAddress.id)
        )
        for row in rows:
            found = Address(row.channel, row.address, row.details)
            addresses[row.person_id or row.visitor_id][row.channel] = found
        for cart in carts:
            owner = cart.person_id or cart.visitor_id
            if cart.email:
                addresses[owner][Channel.EMAIL] = Address(Channel.EMAIL, cart.email)
            conversation = Identity(cart.visitor_id, cart.person_id).conversation_id
            addresses[owner][Channel.CHAT] = Address(Channel.CHAT, conversation)
        for found_by_channel in addresses.values():
            for channel in found_by_channel.keys() - self._channels:
                del found_by_channel[channel]
        return addresses

    def _load_suppressed(self) -> set[str]:
        digests = {
            address_digest(address.channel, address.address)
            for by_channel in self._addresses.values()
            for address in by_channel.values()
        }
        return set(
            self._session.scalars(
                select(Suppression.address_digest).where(among(Suppression.address_digest, digests))
            )
        )

    def _load_silences(self) -> dict[str, list[tuple[str | None, Silence]]]:
        silences: dict[str, list[tuple[str | None, Silence]]] = defaultdict(list)
        rows = self._session.execute(
            select(
                Pause.person_id,
                Pause.visitor_id,
                Pause.cart_id,
                Pause.channel,
                Pause.until,
                Pause.reason,
                Pause.at,
            )
            .where(
                self._owned(Pause),
                Pause.ended_at.is_(None),
                or_(Pause.until.is_(None), Pause.until > self._now),
            )
            .order_by(Pause.at, Pause.id)
        )
        for row in rows:
            silence = Silence(row.channel, row.until, row.reason, row.at)
            silences[row.person_id or row.visitor_id].append((row.cart_id, silence))
        return silences

    def _load_reminders(self) -> dict[str, datetime]:
        """When the next reminder that an owner asked for comes."""
        rows = self._session.execute(
            select(Reminder.person_id, Reminder.visitor_id, func.min(Reminder.due_at).label("due"))
            .where(
                self._owned(Reminder),
                Reminder.taken_at.is_(None),
                Reminder.cancelled_at.is_(None),
            )
            .group_by(Reminder.person_id, Reminder.visitor_id)
        )
        due: dict[str, datetime] = {}
        for row in rows:
            owner = row.person_id or row.visitor_id
            due[owner] = min(due.get(owner, row.due), row.due)
        return due

    def _load_asked(self, nudge_ids: list[str]) -> dict[str, tuple[datetime, Channel]]:
        """When the shopper asked to be reminded, and where: in chat where they did not say."""
        if not nudge_ids:
            return {}
        rows = self._session.execute(
            select(Reminder.nudge_id, Reminder.asked_at, Reminder.channel).where(
                among(Reminder.nudge_id, nudge_ids)
            )
        )
        return {
            row.nudge_id: (row.asked_at, row.channel or Channel.CHAT)
            for row in rows
            if row.nudge_id
        }

    def _load_history(self) -> dict[str, list[PastNudge]]:
        history: dict[str, list[PastNudge]] = defaultdict(list)
        rows = self._session.execute(
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
                self._owned(Nudge),
                Nudge.state.in_(_MAYBE_SENT),
                Nudge.channel.is_not(None),
                or_(
                    Nudge.created_at > self._now - 2 * _HISTORY - self._policy.max_age,
                    Nudge.cart_id.in_(self._carts),
                ),
            )
            .order_by(Nudge.created_at.desc())
        )
        for row in rows:
            history[row.person_id or row.visitor_id].append(
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
        return history

    def _load_seen(self) -> dict[str, tuple[datetime | None, datetime | None]]:
        """When an owner was last in the shop, and last began to pay, as far as it matters now."""
        gates = self._policy.gates
        longest = timedelta(minutes=max(gates.idle_minutes, gates.payment_minutes))
        paid = case((Event.name == EventName.ADD_PAYMENT_INFO, Event.at))
        owner = func.coalesce(Visitor.person_id, Visitor.id)
        rows = self._session.execute(
            select(
                owner.label("owner"),
                func.max(Event.at).label("seen"),
                func.max(paid).label("paid"),
            )
            .select_from(Visitor)
            .join(Event, Event.visitor_id == Visitor.id)
            .where(
                owned_by_any(self._owners, Visitor.id, Visitor.person_id),
                Event.at > self._now - longest,
                Event.at <= self._now,
            )
            .group_by(owner)
        )
        return {row.owner: (row.seen, row.paid) for row in rows}

    def _load_reached(self, rows: Sequence[Any]) -> dict[str, dict[EventName, datetime]]:
        episodes: dict[str, list[datetime]] = defaultdict(list)
        for row in rows:
            if row.person_id:
                episodes[row.person_id].append(row.episode)
        return steps_reached(self._session, episodes, now=self._now)

    def _load_buying(self) -> dict[str, _Buying]:
        buying: dict[str, _Buying] = defaultdict(_Buying)
        orders = self._session.execute(
            select(
                Order.person_id,
                Order.visitor_id,
                func.count().label("orders"),
                func.sum(Order.total).label("spent"),
                func.max(Order.placed_at).label("last"),
            )
            .where(self._owned(Order))
            .group_by(Order.person_id, Order.visitor_id)
        )
        for row in orders:
            of = buying[row.person_id or row.visitor_id]
            of.orders += row.orders
            of.spent += int(row.spent or 0)
            of.last_order_at = max(of.last_order_at or row.last, row.last)
        lines = self._session.execute(
            select(Order.person_id, Order.visitor_id, OrderLine.product_id, Order.placed_at)
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(self._owned(Order), Order.placed_at > self._now - 2 * self._policy.max_age)
        )
        for line in lines:
            of = buying[line.person_id or line.visitor_id]
            of.bought.append((line.product_id, line.placed_at))
        used = case((Coupon.state == CouponState.REDEEMED, 1), else_=0)
        coupons = self._session.execute(
            select(
                Coupon.person_id,
                func.count().label("all"),
                func.sum(used).label("used"),
                func.max(Coupon.issued_at).label("last"),
            )
            .where(among(Coupon.person_id, self._people))
            .group_by(Coupon.person_id)
        )
        for row in coupons:
            of = buying[row.person_id]
            of.last_coupon_at = row.last
            of.coupons_used = int(row.used)
            of.coupons_unused = int(row.all) - int(row.used)
        return buying

    def _load_replies(self) -> dict[str, list[ReplyKind]]:
        """What the shopper said to reminders lately, newest first."""
        replies: dict[str, list[ReplyKind]] = defaultdict(list)
        rows = self._session.execute(
            select(NudgeReply.person_id, NudgeReply.visitor_id, NudgeReply.kind)
            .where(self._owned(NudgeReply), NudgeReply.at > self._now - _REPLIES)
            .order_by(NudgeReply.at.desc())
        )
        for row in rows:
            replies[row.person_id or row.visitor_id].append(row.kind)
        return replies

    def _load_arms(self) -> dict[str, Mapping[str, InArm]]:
        arms: dict[str, dict[str, InArm]] = defaultdict(dict)
        rows = self._session.execute(
            select(
                Assignment.subject, Assignment.experiment, Assignment.arm, Assignment.probability
            ).where(among(Assignment.subject, self._people | self._visitors))
        )
        for row in rows:
            arms[row.subject][row.experiment] = InArm(row.experiment, row.arm, row.probability)
        return defaultdict(dict, arms)


def _money(currency: str | None, amount: int | None) -> Money | None:
    return Money(currency, amount) if currency is not None and amount is not None else None
