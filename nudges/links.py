"""Opening the links of messages: a token is good for one purpose, until it expires.

A token proves that its bearer got the message, nothing more: it never says who sits at a browser.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.insert import table_of
from db.models import Channel, LinkPurpose, LinkToken, Nudge
from nudges.tokens import digest_of

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


@dataclass(frozen=True, slots=True)
class Link:
    """A valid link: the message it came in, and whose it is."""

    digest: str
    nudge_id: str
    cart_id: str
    visitor_id: str
    person_id: str | None
    channel: Channel


def open_link(session: Session, token: str, purpose: LinkPurpose, *, now: datetime) -> Link | None:
    """The link behind a token; None where it is forged, expired, or made for something else."""
    if not _TOKEN.match(token):
        return None
    row = session.execute(
        select(
            LinkToken.digest,
            LinkToken.nudge_id,
            Nudge.cart_id,
            Nudge.visitor_id,
            Nudge.person_id,
            Nudge.channel,
        )
        .join(Nudge, Nudge.id == LinkToken.nudge_id)
        .where(
            LinkToken.digest == digest_of(token),
            LinkToken.purpose == purpose,
            LinkToken.expires_at > now,
        )
    ).one_or_none()
    if row is None or row.channel is None:
        return None
    return Link(
        digest=row.digest,
        nudge_id=row.nudge_id,
        cart_id=row.cart_id,
        visitor_id=row.visitor_id,
        person_id=row.person_id,
        channel=row.channel,
    )


def mark_used(session: Session, link: Link, *, now: datetime) -> bool:
    """Note the first use of a link; whether this was it."""
    table = table_of(LinkToken)
    first = session.scalar(
        update(table)
        .where(table.c.digest == link.digest, table.c.used_at.is_(None))
        .values(used_at=now)
        .returning(table.c.digest)
    )
    return first is not None
