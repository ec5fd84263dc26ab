"""What was written to a shopper about their carts, and what is still to come, for themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.addresses import address_digest
from db.models import Channel, ChannelAddress, Nudge, NudgeState, Person, Reminder, Suppression
from db.owners import owned_by

WENT_OUT = (NudgeState.SENDING, NudgeState.SENT, NudgeState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class WrittenTo:
    """A message about a cart that went out, or may have, and why.

    `number` is which message about the cart it was. `asked_at` is set where the shopper had asked
    for it; otherwise `left_at` says when the cart was left.
    """

    nudge_id: str
    cart_id: str
    channel: Channel
    at: datetime
    left_at: datetime
    number: int
    treatment: str | None
    asked_at: datetime | None


def last_written(session: Session, identity: Identity) -> WrittenTo | None:
    """The newest message that went out to this shopper about a cart."""
    return _newest(session, owned_by(identity, Nudge.visitor_id, Nudge.person_id))


def written_with(session: Session, nudge_id: str) -> WrittenTo | None:
    """The message of one nudge, where it went out."""
    return _newest(session, Nudge.id == nudge_id)


def _newest(session: Session, which: ColumnElement[bool]) -> WrittenTo | None:
    at = func.coalesce(Nudge.sent_at, Nudge.claimed_at)
    row = session.execute(
        select(
            Nudge.id,
            Nudge.cart_id,
            Nudge.channel,
            Nudge.created_at,
            at.label("at"),
            Nudge.episode,
            Nudge.treatment,
            Reminder.asked_at,
        )
        .outerjoin(Reminder, Reminder.nudge_id == Nudge.id)
        .where(
            which,
            Nudge.state.in_(WENT_OUT),
            Nudge.channel.is_not(None),
        )
        .order_by(Nudge.created_at.desc(), Nudge.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    number = session.scalar(
        select(func.count()).where(
            Nudge.cart_id == row.cart_id,
            Nudge.created_at <= row.created_at,
            Nudge.state.in_(WENT_OUT),
            Nudge.channel.is_not(None),
        )
    )
    return WrittenTo(
        nudge_id=row.id,
        cart_id=row.cart_id,
        channel=row.channel,
        at=row.at,
        left_at=row.episode,
        number=number or 1,
        treatment=row.treatment,
        asked_at=row.asked_at,
    )


@dataclass(frozen=True, slots=True)
class ToCome:
    """A reminder that a shopper asked for and that is still to come."""

    reminder_id: str
    due_at: datetime
    channel: Channel


def still_to_come() -> ColumnElement[bool]:
    """Of a reminder: it was not taken back, and nothing that came of it went out or was stopped."""
    unsent = exists().where(
        Nudge.id == Reminder.nudge_id,
        Nudge.state.in_((NudgeState.WAITING, NudgeState.CLAIMED)),
    )
    return and_(Reminder.cancelled_at.is_(None), or_(Reminder.taken_at.is_(None), unsent))


def reminder_to_come(session: Session, identity: Identity) -> ToCome | None:
    """The shopper's own reminder, as it is stored: the next, also one that is being tried again."""
    row = session.execute(
        select(Reminder.id, Reminder.due_at, Reminder.channel)
        .where(owned_by(identity, Reminder.visitor_id, Reminder.person_id), still_to_come())
        .order_by(Reminder.due_at)
        .limit(1)
    ).one_or_none()
    return ToCome(row.id, row.due_at, row.channel or Channel.CHAT) if row else None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a shopper can be written to beside their chat, and by which clock they live."""

    channels: frozenset[Channel]
    time_zone: str | None


def reach_of(session: Session, identity: Identity, *, offered: Collection[Channel]) -> Reach:
    """The channels that can reach this shopper, of those that the shop offers; their time zone.

    A channel counts where there is an address of theirs on it that is not suppressed.
    """
    addresses = [
        (row.channel, row.address)
        for row in session.execute(
            select(ChannelAddress.channel, ChannelAddress.address).where(
                owned_by(identity, ChannelAddress.visitor_id, ChannelAddress.person_id),
                ChannelAddress.channel.in_(offered),
            )
        )
    ]
    person = None
    if identity.person_id:
        person = session.execute(
            select(Person.email, Person.time_zone).where(Person.id == identity.person_id)
        ).one_or_none()
    if person is not None and person.email and Channel.EMAIL in offered:
        addresses.append((Channel.EMAIL, person.email))
    digests = {address_digest(*one): one[0] for one in addresses}
    dead = set(
        session.scalars(
            select(Suppression.address_digest).where(Suppression.address_digest.in_(digests))
        )
    )
    channels = {channel for digest, channel in digests.items() if digest not in dead}
    return Reach(frozenset({*channels, Channel.CHAT}), person.time_zone if person else None)
