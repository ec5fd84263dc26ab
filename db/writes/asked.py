"""What a shopper says about reminders: no more of them, or one at a moment of their own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.identity import Identity
from core.ids import new_id
from db.insert import table_of
from db.models import Channel, ChatOutbox, Nudge, NudgeState, Pause, Reminder
from db.owners import owned_by
from db.reads.consents import consents_in_force
from db.writes.consents import record_consent
from db.writes.visitors import claim_visitor, require_current
from db.writes.wishes import cancel_reminders, cancel_those, pause

WORDING = "chat-1"
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What "stop" ended: consents by channel, and reminders still to come."""

    withdrawn: tuple[Channel, ...]
    reminders: int


def stop_reminders(
    session: Session,
    identity: Identity,
    *,
    channel: Channel | None,
    source: str,
    now: datetime,
) -> Stopped:
    """Write to the shopper no more, on `channel` or on every one.

    A person's consents are withdrawn; a guest, who gave none, is silent for good. Reminders asked
    for are taken back, also one that the sweep holds but has not sent, and what still waits for
    their chat is let go. Doing it again changes nothing.
    """
    mine = _current(session, identity, now=now)
    return end_reminders(
        session, mine, channel=channel, wording_version=WORDING, source=source, now=now
    )


def end_reminders(
    session: Session,
    owner: Identity,
    *,
    channel: Channel | None,
    wording_version: str,
    source: str,
    now: datetime,
) -> Stopped:
    """As `stop_reminders`, for an owner who is known by something other than their own token."""
    withdrawn: list[Channel] = []
    if owner.person_id is None:
        if not _is_silent(session, owner, channel):
            pause(session, owner, until=None, reason=STOP, source=source, now=now, channel=channel)
    else:
        agreed = consents_in_force(session, owner.person_id)
        withdrawn = [
            one
            for one in Channel
            if channel in (None, one) and one in agreed and agreed[one].granted
        ]
        for one in withdrawn:
            record_consent(
                session,
                owner.person_id,
                one,
                granted=False,
                wording_version=wording_version,
                source=source,
                now=now,
            )
    reminders = cancel_reminders(session, owner, now=now, channel=channel)
    reminders += _cancel_taken_up(session, owner, channel, now=now)
    if channel in (None, Channel.CHAT):
        _let_go_of_chat(session, owner, now=now)
    return Stopped(tuple(withdrawn), reminders)


@dataclass(frozen=True, slots=True)
class Asked:
    """The reminder that was stored, and how many earlier ones it took the place of."""

    reminder_id: str
    due_at: datetime
    channel: Channel
    replaced: int


def ask_reminder(
    session: Session,
    identity: Identity,
    *,
    due_at: datetime,
    channel: Channel,
    source: str,
    now: datetime,
) -> Asked:
    """Remind the shopper of their cart at that moment; it takes the place of an earlier wish."""
    mine = _current(session, identity, now=now)
    replaced = cancel_reminders(session, mine, now=now)
    row = Reminder(
        id=new_id(),
        visitor_id=mine.visitor_id,
        person_id=mine.person_id,
        due_at=due_at,
        channel=channel,
        source=source,
        asked_at=now,
    )
    session.add(row)
    session.flush()
    return Asked(row.id, row.due_at, channel, replaced)


def _current(session: Session, identity: Identity, *, now: datetime) -> Identity:
    visitor = claim_visitor(session, identity, now=now)
    require_current(identity, visitor)
    return Identity(visitor.id, visitor.person_id)


def _is_silent(session: Session, owner: Identity, channel: Channel | None) -> bool:
    """Whether a silence for good about all carts is in force there already."""
    silent = select(Pause.id).where(
        owned_by(owner, Pause.visitor_id, Pause.person_id),
        Pause.channel == channel,
        Pause.cart_id.is_(None),
        Pause.ended_at.is_(None),
        Pause.until.is_(None),
    )
    return session.scalar(silent.limit(1)) is not None


def _cancel_taken_up(
    session: Session, owner: Identity, channel: Channel | None, *, now: datetime
) -> int:
    """Take back reminders that became a nudge which has not gone out."""
    unsent = select(Nudge.id).where(
        owned_by(owner, Nudge.visitor_id, Nudge.person_id),
        Nudge.state.in_((NudgeState.WAITING, NudgeState.CLAIMED)),
    )
    return cancel_those(session, owner, Reminder.nudge_id.in_(unsent), now=now, channel=channel)


def _let_go_of_chat(session: Session, owner: Identity, *, now: datetime) -> None:
    outbox = table_of(ChatOutbox)
    session.execute(
        update(outbox)
        .where(
            owned_by(owner, ChatOutbox.visitor_id, ChatOutbox.person_id),
            outbox.c.delivered_at.is_(None),
            outbox.c.expires_at > now,
        )
        .values(expires_at=now)
    )
