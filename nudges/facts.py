"""What is known when a nudge is decided: plain values, read anew each time, never a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from core.money import Money
from db.models import CartStatus, Channel, EventName, ReplyKind


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the cart with what the catalogue says of it now.

    `unit` is today's price, `unit_when_added` the one seen then; None where unknown.
    """

    product_id: str
    variant_id: str
    title: str
    quantity: int
    unit: Money | None
    unit_when_added: Money | None
    stock: int | None
    active: bool
    shippable: bool
    picture: str | None = None
    category_id: str | None = None
    brand: str | None = None
    colour: str | None = None
    size: str | None = None

    @property
    def sellable(self) -> bool:
        """Whether at least one piece can be bought and sent today."""
        return self.active and self.shippable and self.unit is not None and bool(self.stock)

    @property
    def pieces(self) -> int:
        """How many of the pieces in the cart can still be bought."""
        return min(self.quantity, self.stock or 0) if self.sellable else 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom the cart belongs to. A guest has no person and can only be reached in chat."""

    visitor_id: str
    person_id: str | None
    name: str | None
    email: str | None
    locale: str
    time_zone: str
    is_staff: bool
    is_robot: bool
    member_since: datetime

    @property
    def subject(self) -> str:
        """What experiments and the hold-out assign: the person, else the visitor."""
        return self.person_id or self.visitor_id


@dataclass(frozen=True, slots=True)
class Address:
    """Where one channel reaches the recipient; `details` are a push subscription's keys."""

    channel: Channel
    address: str
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """Which of its channel's servers takes what goes there; "" where the channel has one.

        One in trouble is left alone without keeping the others waiting.
        """
        if self.channel is not Channel.WEB_PUSH:
            return ""
        return urlsplit(self.address).netloc


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause in force: on one channel, or on all where `channel` is None; for good w/o `until`.

    `since` is when it was asked for.
    """

    channel: Channel | None
    until: datetime | None
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class PastNudge:
    """A message that went out, or may have gone out, to this recipient."""

    nudge_id: str
    cart_id: str
    channel: Channel
    at: datetime
    treatment: str | None
    clicked: bool
    ordered: bool


@dataclass(frozen=True, slots=True)
class InArm:
    """A shopper's arm of one experiment, and with which probability they came into it."""

    experiment: str
    arm: str
    probability: float


@dataclass(frozen=True)
class Facts:
    """All that gates and decision look at for one claimed nudge.

    `asked_for` is the moment of the shopper's own reminder that this nudge is, if it is one;
    `asked_at` when they asked, `asked_channel` where they want it; both None once they took it
    back. `refused_at` is when they said no, by channel, where that is their last word about it.
    `reminder_due` is when another one of theirs is due.
    `reached` is the step nearest to the order that the visit came to. `leaving` is how likely the
    recommender held it, when that visit ended, that the cart would not be bought in it; None where
    it did not say.
    `history` holds the last 30 days, and all of this cart, newest first.
    """

    nudge_id: str
    cart_id: str
    episode: datetime
    stage: str
    attempts: int
    recipient: Recipient
    status: CartStatus
    lines: tuple[Line, ...]
    cart_created_at: datetime
    last_activity_at: datetime
    currency: str
    last_seen_at: datetime | None = None
    payment_at: datetime | None = None
    reached: EventName | None = None
    leaving: float | None = None
    last_order_at: datetime | None = None
    bought_products: frozenset[str] = frozenset()
    consents: Mapping[Channel, bool] = field(default_factory=dict)
    refused_at: Mapping[Channel, datetime] = field(default_factory=dict)
    addresses: Mapping[Channel, Address] = field(default_factory=dict)
    suppressed: frozenset[Channel] = frozenset()
    silences: tuple[Silence, ...] = ()
    asked_for: datetime | None = None
    asked_at: datetime | None = None
    asked_channel: Channel | None = None
    reminder_due: datetime | None = None
    history: tuple[PastNudge, ...] = ()
    replies: tuple[ReplyKind, ...] = ()
    last_coupon_at: datetime | None = None
    coupons_used: int = 0
    coupons_unused: int = 0
    orders: int = 0
    spent: int = 0
    arms: Mapping[str, InArm] = field(default_factory=dict)

    @property
    def silences_in_force(self) -> tuple[Silence, ...]:
        """Those that hold for this nudge.

        A reminder asked for later is the newer word, but not of a channel that it does not name.
        """
        spoken_of = (None, self.asked_channel)
        return tuple(
            one
            for one in self.silences
            if self.asked_at is None or one.since >= self.asked_at or one.channel not in spoken_of
        )

    @cached_property
    def open_lines(self) -> tuple[Line, ...]:
        """The lines that the shopper has not bought in another order."""
        return tuple(line for line in self.lines if line.product_id not in self.bought_products)

    @cached_property
    def value(self) -> Money:
        """What can still be bought of the cart, at today's prices."""
        amount = sum(
            line.unit.amount * line.pieces
            for line in self.open_lines
            if line.unit is not None and line.unit.currency == self.currency
        )
        return Money(self.currency, amount)
