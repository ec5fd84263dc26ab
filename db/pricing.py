"""What a cart costs: subtotal, promotion, delivery. Pure functions of rows and `now`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from sqlalchemy.orm import Session

from core.money import Money
from core.settings import Settings
from db.models import CouponState, PromotionKind

DELIVERY = "delivery"


class Refusal(StrEnum):
    """Why a promotion does not apply."""

    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    USED = "used"
    EMPTY_CART = "empty_cart"
    CURRENCY = "currency"
    CATEGORY = "category"
    MINIMUM = "minimum"


@dataclass(frozen=True, slots=True)
class DeliveryRule:
    """A flat fee, waived from a cart value on."""

    fee: Money
    free_from: Money

    @classmethod
    def of(cls, settings: Settings) -> "DeliveryRule":
        """The rule that the settings give."""
        return cls(
            fee=Money(settings.currency, settings.delivery_fee),
            free_from=Money(settings.currency, settings.free_delivery_from),
        )


def delivery_rule(session: Session) -> DeliveryRule:
    """The rule that this session's factory was made with.

    Raises RuntimeError where it was made with none.
    """
    rule = session.info.get(DELIVERY)
    if not isinstance(rule, DeliveryRule):
        raise RuntimeError("carts need a delivery rule: make_session_factory(engine, delivery=…)")
    return rule


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """What makes a promotion one shopper's own: good once, for one cart of theirs."""

    cart_id: str
    state: CouponState


@dataclass(frozen=True, slots=True)
class PromotionTerms:
    """A promotion's conditions; `categories` holds the category and all below it.

    `max_discount` is the most it gives, delivery that it waives included. `coupon` is set where it
    is personal; whoever reads such terms has made sure that the shopper is its person.
    """

    code: str
    title: str
    kind: PromotionKind
    value: int
    minimum: Money
    starts_at: datetime
    ends_at: datetime | None
    category_id: str | None = None
    categories: frozenset[str] = frozenset()
    max_discount: Money | None = None
    coupon: CouponTerms | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A cart line as pricing sees it."""

    total: Money
    category_id: str | None


@dataclass(frozen=True, slots=True)
class PromotionOutcome:
    """What a promotion does to a cart; `refusal` is None where it applies.

    `missing` is what the cart still needs to reach the promotion's minimum. `most` caps what is
    taken off the delivery where `free_delivery` is given.
    """

    refusal: Refusal | None
    discount: Money
    free_delivery: bool = False
    missing: Money | None = None
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """A cart's sums; `free_delivery_gap` is None where delivery is free or the cart is empty.

    `promotion_cost` is all that the promotion took off: the discount, and delivery that it waived.
    """

    subtotal: Money
    discount: Money
    delivery: Money
    total: Money
    free_delivery_gap: Money | None
    promotion_cost: Money


def evaluate(
    promotion: PromotionTerms | None,
    lines: Collection[PricedLine],
    *,
    currency: str,
    now: datetime,
    cart_id: str | None = None,
) -> PromotionOutcome:
    """What the promotion gives this cart now, or the first reason why it gives nothing."""
    nothing = Money(currency, 0)

    def refused(reason: Refusal, missing: Money | None = None) -> PromotionOutcome:
        return PromotionOutcome(reason, nothing, missing=missing)

    if promotion is None:
        return refused(Refusal.UNKNOWN)
    if now < promotion.starts_at:
        return refused(Refusal.NOT_STARTED)
    if promotion.ends_at is not None and now >= promotion.ends_at:
        return refused(Refusal.ENDED)
    if promotion.coupon is not None:
        if promotion.coupon.state is CouponState.REDEEMED:
            return refused(Refusal.USED)
        if promotion.coupon.state is not CouponState.ISSUED or promotion.coupon.cart_id != cart_id:
            return refused(Refusal.ENDED)
    if not lines:
        return refused(Refusal.EMPTY_CART)
    if promotion.minimum.currency != currency:
        return refused(Refusal.CURRENCY)
    eligible = [
        line
        for line in lines
        if promotion.category_id is None or line.category_id in promotion.categories
    ]
    if not eligible:
        return refused(Refusal.CATEGORY)
    subtotal = _sum(lines, currency)
    if subtotal < promotion.minimum:
        return refused(Refusal.MINIMUM, promotion.minimum - subtotal)
    base = _sum(eligible, currency)
    match promotion.kind:
        case PromotionKind.PERCENT:
            share = Decimal(base.amount * promotion.value) / 100
            amount = int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        case PromotionKind.AMOUNT:
            amount = promotion.value
        case PromotionKind.FREE_DELIVERY:
            return PromotionOutcome(None, nothing, free_delivery=True, most=promotion.max_discount)
    most = promotion.max_discount.amount if promotion.max_discount else base.amount
    return PromotionOutcome(None, Money(currency, min(amount, base.amount, most)))


def totals(
    lines: Sequence[PricedLine], outcome: PromotionOutcome | None, rule: DeliveryRule
) -> Totals:
    """The sums of a cart whose promotion, if any, came out as `outcome`.

    Lines in another currency than the shop's are left out of the sums.
    """
    currency = rule.fee.currency
    nothing = Money(currency, 0)
    subtotal = _sum(lines, currency)
    discount = outcome.discount if outcome else nothing
    goods = subtotal - discount
    if not lines:
        return Totals(nothing, nothing, nothing, nothing, None, nothing)
    delivery = nothing if goods >= rule.free_from else rule.fee
    waived = nothing
    if outcome is not None and outcome.free_delivery:
        waived = min(delivery, outcome.most) if outcome.most else delivery
    delivery -= waived
    return Totals(
        subtotal=subtotal,
        discount=discount,
        delivery=delivery,
        total=goods + delivery,
        free_delivery_gap=None if delivery == nothing else rule.free_from - goods,
        promotion_cost=discount + waived,
    )


def _sum(lines: Collection[PricedLine], currency: str) -> Money:
    amount = sum(line.total.amount for line in lines if line.total.currency == currency)
    return Money(currency, amount)
