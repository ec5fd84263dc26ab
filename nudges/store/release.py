"""Letting messages out: the one statement that says "now", with every "never" in it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.among import among
from db.models import (
    Cart,
    CartLine,
    CartStatus,
    Channel,
    Consent,
    Nudge,
    NudgeState,
    Order,
    OrderLine,
    Pause,
    Price,
    Product,
    Reminder,
    Variant,
)
from nudges.policy import ASKED, Policy


def release(
    session: Session, claim_id: str, nudge_ids: Collection[str], *, policy: Policy, now: datetime
) -> set[str]:
    """Mark claimed nudges as being sent; returns those that may really go out now.

    Left out is what this sweep no longer holds, and whatever changed since its facts were read: the
    cart was ordered, emptied or touched, the rest of it was sold out, its owner bought something,
    withdrew their consent, or asked for silence. An order that is being placed right now is waited
    for.
    """
    session.execute(
        select(Cart.id)
        .join(Nudge, Nudge.cart_id == Cart.id)
        .where(among(Nudge.id, nudge_ids))
        .order_by(Cart.id)
        .with_for_update(of=Cart, read=True)
    ).all()
    let_go = (
        update(Nudge)
        .where(
            among(Nudge.id, nudge_ids),
            Nudge.state == NudgeState.CLAIMED,
            Nudge.claim == claim_id,
            *still_wanted(now=now),
            something_sellable(bought_after=now - policy.purchases_count),
        )
        .values(state=NudgeState.SENDING, claimed_at=now, attempts=Nudge.attempts + 1)
        .returning(Nudge.id)
        .execution_options(synchronize_session=False)
    )
    return set(session.scalars(let_go))


def still_wanted(*, now: datetime) -> list[ColumnElement[bool]]:
    """What must hold of a nudge's row for its message to be read now.

    The cart is there as it was left, its owner has bought nothing since, nobody asked for silence,
    and they still agree, or have asked for it and did not say no to it or to its channel.
    """
    return [
        exists().where(
            Cart.id == Nudge.cart_id,
            Cart.status == CartStatus.OPEN,
            or_(Nudge.stage == ASKED, Cart.last_activity_at == Nudge.episode),
            exists().where(CartLine.cart_id == Cart.id),
        ),
        ~exists().where(Order.person_id == Nudge.person_id, Order.placed_at >= Nudge.claimed_at),
        ~exists().where(
            or_(
                Pause.person_id == Nudge.person_id,
                and_(Pause.person_id.is_(None), Pause.visitor_id == Nudge.visitor_id),
            ),
            Pause.ended_at.is_(None),
            or_(Pause.until.is_(None), Pause.until > now),
            or_(Pause.cart_id.is_(None), Pause.cart_id == Nudge.cart_id),
            or_(Pause.channel.is_(None), Pause.channel == Nudge.channel),
            # Two levels in, a table that is not named as the statement's own would be every row's.
            ~exists()
            .where(
                Reminder.nudge_id == Nudge.id,
                Reminder.asked_at > Pause.at,
                or_(Pause.channel.is_(None), Pause.channel == _asked_channel()),
            )
            .correlate(Nudge, Pause),
        ),
        or_(Nudge.stage != ASKED, _still_asked_for()),
        or_(_consent_in_force(), _asked_for_there()),
    ]


def something_sellable(*, bought_after: datetime) -> ColumnElement[bool]:
    """Something of the nudge's cart can be bought and sent, as `facts.Line.sellable` has it.

    What its owner has in another order, placed since they began the cart and after that moment,
    does not count (`facts.Facts.open_lines`).
    """
    return exists().where(
        Cart.id == Nudge.cart_id,
        CartLine.cart_id == Cart.id,
        Product.id == CartLine.product_id,
        Product.active,
        Variant.id == CartLine.variant_id,
        Variant.product_id == Product.id,
        Variant.stock > 0,
        exists().where(Price.variant_id == Variant.id, Price.valid_until.is_(None)),
        # As JSON text, which both databases give alike; where nothing is said it can be sent.
        cast(Product.facts.op("->")(literal("shippable", Text)), Text).is_distinct_from("false"),
        ~_ordered(Order.person_id == Cart.person_id, bought_after),
        ~_ordered(
            and_(
                Cart.person_id.is_(None),
                Order.person_id.is_(None),
                Order.visitor_id == Cart.visitor_id,
            ),
            bought_after,
        ),
    )


def _ordered(by: ColumnElement[bool], after: datetime) -> ColumnElement[bool]:
    """The line's product is in an order of theirs that is no older than the cart."""
    return (
        exists()
        .where(
            by,
            Order.placed_at > after,
            or_(Order.placed_at >= Cart.created_at, Order.placed_at >= Nudge.episode),
            OrderLine.order_id == Order.id,
            OrderLine.product_id == CartLine.product_id,
        )
        .correlate(Nudge, Cart, CartLine)
    )


def _consent_in_force() -> ColumnElement[bool]:
    """The newest line of the ledger for the nudge's person and channel is a yes."""
    return _last_word(Consent.granted, Nudge.channel).is_(True)


def _still_asked_for() -> ColumnElement[bool]:
    """It is a reminder that the shopper asked for and did not take back."""
    return exists().where(Reminder.nudge_id == Nudge.id, Reminder.cancelled_at.is_(None))


def _asked_for_there() -> ColumnElement[bool]:
    """The shopper asked for it on this channel, or it comes in the chat as that one failed.

    They did not say no to the channel since they asked; to the chat in its place not at all. As for
    the gates, what counts of a channel is the last word: a no that was taken back is none.
    """
    refused_at = case((Consent.granted.is_(False), Consent.at))
    in_its_place = and_(
        Nudge.channel == Channel.CHAT, _last_word(refused_at, Nudge.channel).is_(None)
    )
    return exists().where(
        Reminder.nudge_id == Nudge.id,
        or_(_asked_channel() == Nudge.channel, in_its_place),
        (_last_word(refused_at, _asked_channel()) >= Reminder.asked_at).is_not(True),
    )


def _asked_channel() -> ColumnElement[Channel]:
    """Where the shopper wants the reminder: in the chat where they did not say."""
    return func.coalesce(Reminder.channel, literal(Channel.CHAT, Reminder.channel.type))


def _last_word[T](
    column: ColumnElement[T] | InstrumentedAttribute[T],
    channel: ColumnElement[Channel] | InstrumentedAttribute[Channel | None],
) -> ColumnElement[T]:
    """This of the ledger's newest line for the nudge's person and the channel; null without one."""
    newest = (
        select(column)
        .where(Consent.person_id == Nudge.person_id, Consent.channel == channel)
        .order_by(Consent.at.desc(), Consent.id.desc())
        .limit(1)
    )
    return newest.correlate(Nudge, Reminder).scalar_subquery()
