"""The consent ledger: nothing is ever changed in it, only added."""

from datetime import datetime

from sqlalchemy.orm import Session

from db.models import Channel, Consent


def record_consent(
    session: Session,
    person_id: str,
    channel: Channel,
    *,
    granted: bool,
    wording_version: str,
    source: str,
    now: datetime,
    basis: str = "consent",
) -> None:
    """Add a line: the person agreed to, or withdrew, messages on a channel."""
    session.add(
        Consent(
            person_id=person_id,
            channel=channel,
            granted=granted,
            basis=basis,
            wording_version=wording_version,
            source=source,
            at=now,
        )
    )
    session.flush()
