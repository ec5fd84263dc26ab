"""What a shopper says about reminders: no more of them, after all, or one at their own moment."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.identity import Identity
from core.ids import new_id
from db.insert import table_of
from db.models import Channel, ChatOutbox, Pause, Reminder
from db.owners import owned_by
from db.reads.consents import ConsentLine, consent_ledger, consents_in_force
from db.reads.nudges import reminder_to_come
from db.writes.consents import record_consent
from db.writes.visitors import claim_visitor, require_current
from db.writes.wishes import cancel_reminders, pause

WORDING = "chat-1"
UNDO_WORDING = "chat-undo-1"
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What "stop" ended: consents by channel, and reminders still to come.

    `silenced` says that a guest's silence began with it.
    """

    withdrawn: tuple[Channel, ...]
    reminders: int
    silenced: bool

    @property
    def anything(self) -> bool:
        """Whether there is something that could be given back."""
        return bool(self.withdrawn or self.reminders or self.silenced)


def stop_reminders(
    session: Session,
    identity: Identity,
    *,
    channel: Channel | None,
    source: str,
    now: datetime,
) -> Stopped:
    """Write to the shopper no more, on `channel` or on every one.

    A person's consents are withdrawn, and a channel that they name is refused where they never
    agreed to it; a guest, who gave none, is silent for good. Reminders asked for are taken back,
    also one that the sweep holds but has not sent, and what still waits for their chat is let go.
    Doing it again changes nothing.
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
    reminders = cancel_reminders(session, owner, now=now, channel=channel)
    withdrawn: list[Channel] = []
    silenced = False
    if owner.person_id is None:
        silenced = bool(reminders) or not _is_silent(session, owner, channel)
        if silenced:
            pause(session, owner, until=None, reason=STOP, source=source, now=now, channel=channel)
    else:
        agreed = consents_in_force(session, owner.person_id)
        withdrawn = [
            one
            for one in Channel
            if channel in (None, one) and one in agreed and agreed[one].granted
        ]
        # A reminder that was asked for elsewhere may come on a channel without a word about it.
        refused = [channel] if channel and channel not in agreed else []
        for one in (*withdrawn, *refused):
            record_consent(
                session,
                owner.person_id,
                one,
                granted=False,
                wording_version=wording_version,
                source=source,
                now=now,
            )
    if channel in (None, Channel.CHAT):
        _let_go_of_chat(session, owner, now=now)
    return Stopped(tuple(withdrawn), reminders, silenced)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was given back: consents by channel, a guest's voice, the reminder that stands again.

    `over` counts reminders whose moment has passed, or whose place a newer one took.
    """

    granted: tuple[Channel, ...]
    heard: bool
    reminders: int
    over: int

    @property
    def anything(self) -> bool:
        """Whether that "stop" had taken anything that is not given back yet."""
        return bool(self.granted or self.heard or self.reminders or self.over)


def undo_stop(
    session: Session, identity: Identity, *, stopped_at: datetime, source: str, now: datetime
) -> Undone:
    """Give back what the shopper's "stop" of that moment took, and nothing else.

    Each consent is a new line of the ledger, given now. A channel that anything was said of since
    stays as it is, and so does one that they had never agreed to. Of reminders only one still to
    come stands again, where no newer one does, as asked for now: so it is a newer word than that
    stop. A message for the chat that was let go stays away. Doing it again changes nothing.
    """
    mine = _current(session, identity, now=now)
    granted = _withdrawn_at(session, mine.person_id, stopped_at) if mine.person_id else []
    for channel in granted:
        record_consent(
            session,
            str(mine.person_id),
            channel,
            granted=True,
            wording_version=UNDO_WORDING,
            source=source,
            now=now,
        )
    heard = _end_silence(session, mine, stopped_at, now=now)
    taken = session.scalars(
        select(Reminder).where(
            owned_by(mine, Reminder.visitor_id, Reminder.person_id),
            Reminder.cancelled_at == stopped_at,
        )
    ).all()
    newer = reminder_to_come(session, mine) is not None
    standing = [one for one in taken if one.taken_at is None and one.due_at > now and not newer]
    for reminder in standing:
        reminder.cancelled_at, reminder.asked_at = None, now
    session.flush()
    return Undone(tuple(granted), heard, len(standing), len(taken) - len(standing))


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
    """Remind the shopper of their cart at that moment; it takes the place of an earlier wish.

    Also of one that was due and could not be sent yet.
    """
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


def _withdrawn_at(session: Session, person_id: str, stopped_at: datetime) -> list[Channel]:
    """The channels agreed to until the "stop" of that moment, of which nothing was said since."""
    words: defaultdict[Channel, list[ConsentLine]] = defaultdict(list)
    for line in consent_ledger(session, person_id):
        words[line.channel].append(line)
    return [
        channel
        for channel, lines in words.items()
        if [line.granted for line in lines[-2:]] == [True, False]
        and (lines[-1].at, lines[-1].wording_version) == (stopped_at, WORDING)
    ]


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


def _end_silence(session: Session, owner: Identity, stopped_at: datetime, *, now: datetime) -> bool:
    ended = session.execute(
        update(Pause)
        .where(
            owned_by(owner, Pause.visitor_id, Pause.person_id),
            Pause.reason == STOP,
            Pause.at == stopped_at,
            Pause.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(Pause.id)
        .execution_options(synchronize_session=False)
    )
    return bool(ended.all())


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
