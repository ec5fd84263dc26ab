"""Ending reminders by a message's link."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import Pause
from db.owners import owned_by
from db.reads.consents import consents_in_force
from db.writes.consents import record_consent
from db.writes.wishes import cancel_reminders, pause
from nudges.links import Link, mark_used
from nudges.store.outcomes import add_steps

WORDING = "unsubscribe-1"
SOURCE = "unsubscribe"


def unsubscribe(session: Session, link: Link, *, now: datetime) -> None:
    """No more reminders on the channel that the link's message came on.

    A person withdraws their consent there; a guest, who never gave one, is silent there for good.
    Reminders that they had asked for there are taken back. Doing it again changes nothing.
    """
    owner = Identity(link.visitor_id, link.person_id)
    if link.person_id is not None:
        agreed = consents_in_force(session, link.person_id).get(link.channel)
        if agreed is None or agreed.granted:
            record_consent(
                session,
                link.person_id,
                link.channel,
                granted=False,
                wording_version=WORDING,
                source=SOURCE,
                now=now,
            )
    elif not _is_silent(session, owner, link, now=now):
        pause(
            session, owner, until=None, reason="stop", source=SOURCE, now=now, channel=link.channel
        )
    cancel_reminders(session, owner, now=now, channel=link.channel)
    if mark_used(session, link, now=now):
        add_steps(session, [(link.nudge_id, "unsubscribed", {})], now=now)


def _is_silent(session: Session, owner: Identity, link: Link, *, now: datetime) -> bool:
    silent = select(Pause.id).where(
        owned_by(owner, Pause.visitor_id, Pause.person_id),
        Pause.channel == link.channel,
        Pause.cart_id.is_(None),
        Pause.ended_at.is_(None),
        or_(Pause.until.is_(None), Pause.until > now),
    )
    return session.scalar(silent.limit(1)) is not None
