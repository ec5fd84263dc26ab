"""What shoppers wish of reminders: silence, its end, and reminders that they take back."""

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import Channel, Pause, Reminder
from db.owners import owned_by
from db.reads.nudges import still_to_come


def pause(
    session: Session,
    owner: Identity,
    *,
    until: datetime | None,
    reason: str,
    source: str,
    now: datetime,
    channel: Channel | None = None,
    cart_id: str | None = None,
) -> None:
    """Write nothing to the owner until then, for good where `until` is None.

    Only on `channel` and only about `cart_id` where these are given. The owner's visitor must be
    stored.
    """
    session.add(
        Pause(
            visitor_id=owner.visitor_id,
            person_id=owner.person_id,
            cart_id=cart_id,
            channel=channel,
            until=until,
            reason=reason,
            source=source,
            at=now,
        )
    )
    session.flush()


def end_pauses(session: Session, owner: Identity, *, now: datetime) -> int:
    """Take back every silence about all carts that is in force; how many there were."""
    ended = session.execute(
        update(Pause)
        .where(
            owned_by(owner, Pause.visitor_id, Pause.person_id),
            Pause.cart_id.is_(None),
            Pause.ended_at.is_(None),
            or_(Pause.until.is_(None), Pause.until > now),
        )
        .values(ended_at=now)
        .returning(Pause.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def cancel_reminders(
    session: Session, owner: Identity, *, now: datetime, channel: Channel | None = None
) -> int:
    """Take back the reminders that are still to come, those on `channel` alone where given.

    Also one that the sweep took up and has not sent. Returns how many there were.
    """
    wanted = [owned_by(owner, Reminder.visitor_id, Reminder.person_id), still_to_come()]
    if channel is not None:
        wanted.append(Reminder.channel == channel)
    cancelled = session.execute(
        update(Reminder)
        .where(*wanted)
        .values(cancelled_at=now)
        .returning(Reminder.id)
        .execution_options(synchronize_session=False)
    )
    return len(cancelled.all())
