"""Ending reminders by a message's link."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.identity import Identity
from db.writes.asked import end_reminders
from nudges.links import Link, mark_used
from nudges.store.outcomes import add_steps

WORDING = "unsubscribe-1"
SOURCE = "unsubscribe"


def unsubscribe(session: Session, link: Link, *, now: datetime) -> None:
    """No more reminders on the channel that the link's message came on.

    A person withdraws their consent there; a guest, who never gave one, is silent there for good.
    Reminders that they had asked for there are taken back. Doing it again changes nothing.
    """
    end_reminders(
        session,
        Identity(link.visitor_id, link.person_id),
        channel=link.channel,
        wording_version=WORDING,
        source=SOURCE,
        now=now,
    )
    if mark_used(session, link, now=now):
        add_steps(session, [(link.nudge_id, "unsubscribed", {})], now=now)
