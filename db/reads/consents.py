"""What a person agreed to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Channel, Consent


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One line of the ledger."""

    channel: Channel
    granted: bool
    basis: str
    wording_version: str
    source: str
    at: datetime


def consent_ledger(session: Session, person_id: str) -> list[ConsentLine]:
    """All that the person ever agreed to or withdrew, oldest first."""
    rows = session.scalars(
        select(Consent).where(Consent.person_id == person_id).order_by(Consent.at, Consent.id)
    )
    return [
        ConsentLine(row.channel, row.granted, row.basis, row.wording_version, row.source, row.at)
        for row in rows
    ]


def consents_in_force(session: Session, person_id: str) -> dict[Channel, ConsentLine]:
    """The newest line of each channel."""
    return {line.channel: line for line in consent_ledger(session, person_id)}
