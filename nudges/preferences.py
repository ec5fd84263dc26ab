"""What a message's reader may set by its preferences link, and what they set."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.identity import Identity
from core.settings import Settings
from db.models import Channel, Pause
from db.owners import owned_by
from db.reads.consents import ConsentLine, consents_in_force
from db.reads.nudges import WrittenTo, reach_of, written_with
from db.writes.consents import record_consent
from db.writes.wishes import end_pauses, pause
from nudges.channels import offered_channels
from nudges.links import Link, mark_used
from nudges.store.outcomes import add_steps

WORDING = "preferences-1"
SOURCE = "preferences"


class PauseChoice(StrEnum):
    """What to do about silence."""

    KEEP = "keep"
    END = "end"
    DAYS_7 = "days_7"
    DAYS_30 = "days_30"
    DAYS_90 = "days_90"
    EVER = "ever"

    @property
    def length(self) -> timedelta | None:
        """How long the silence lasts, None where it is for good or none begins."""
        kind, _, days = self.value.partition("_")
        return timedelta(days=int(days)) if kind == "days" else None


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a shopper's reminders are set, and why they got the link's message.

    `channels` are those that they can be reached on, and whether they agreed; empty for a guest,
    who can only be silent. `paused` says that a silence about all carts is in force, until
    `paused_until`, or for good where that is None. `consent` is their word on that channel.
    """

    written: WrittenTo | None
    consent: ConsentLine | None
    channels: dict[Channel, bool]
    paused: bool
    paused_until: datetime | None


def preferences(session: Session, link: Link, *, settings: Settings, now: datetime) -> Preferences:
    """Read what the link's page shows."""
    owner = Identity(link.visitor_id, link.person_id)
    agreed = consents_in_force(session, link.person_id) if link.person_id else {}
    channels: dict[Channel, bool] = {}
    if link.person_id:
        reachable = reach_of(session, owner, offered=offered_channels(settings)).channels
        channels = {
            one: one in agreed and agreed[one].granted
            for one in Channel
            if one in reachable or one in agreed
        }
    untils = list(
        session.scalars(
            select(Pause.until).where(
                owned_by(owner, Pause.visitor_id, Pause.person_id),
                Pause.cart_id.is_(None),
                Pause.channel.is_(None),
                Pause.ended_at.is_(None),
                or_(Pause.until.is_(None), Pause.until > now),
            )
        )
    )
    return Preferences(
        written=written_with(session, link.nudge_id),
        consent=agreed.get(link.channel),
        channels=channels,
        paused=bool(untils),
        paused_until=None if None in untils else max(filter(None, untils), default=None),
    )


def save_preferences(
    session: Session,
    link: Link,
    *,
    granted: Collection[Channel],
    choice: PauseChoice,
    settings: Settings,
    now: datetime,
) -> None:
    """Add to the ledger what changed, and begin or end a silence.

    Only channels that the page offered are looked at: the others stay as they are.
    """
    owner = Identity(link.visitor_id, link.person_id)
    before = preferences(session, link, settings=settings, now=now)
    for channel, was in before.channels.items():
        if link.person_id and was != (channel in granted):
            record_consent(
                session,
                link.person_id,
                channel,
                granted=channel in granted,
                wording_version=WORDING,
                source=SOURCE,
                now=now,
            )
    if choice is not PauseChoice.KEEP:
        end_pauses(session, owner, now=now)
    if choice not in (PauseChoice.KEEP, PauseChoice.END):
        until = now + choice.length if choice.length else None
        pause(session, owner, until=until, reason="preferences", source=SOURCE, now=now)
    if mark_used(session, link, now=now):
        add_steps(session, [(link.nudge_id, "preferences", {"pause": choice.value})], now=now)
