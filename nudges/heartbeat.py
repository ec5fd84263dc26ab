"""That the sweep lives and gets done, since when it writes here, and what its last round did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.insert import insert_or_ignore, table_of
from db.models import Heartbeat

NAME = "nudges"
SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last sign of life, and when a round last ended well."""

    activated_at: datetime
    beat_at: datetime
    done_at: datetime | None
    detail: Mapping[str, Any]

    def is_silent(self, now: datetime) -> bool:
        """Whether the sweep should have been heard of since."""
        return now - self.beat_at > SILENT_AFTER

    def is_failing(self, now: datetime) -> bool:
        """Whether rounds begin and none ends."""
        return not self.is_silent(now) and now - self.well_until > SILENT_AFTER

    @property
    def well_until(self) -> datetime:
        """When a round last ended well; when it first began, where none has."""
        return self.done_at or self.activated_at


def activate(session: Session, *, now: datetime) -> datetime:
    """Note a sign of life; returns when the sweep first ran on this database."""
    row = {"name": NAME, "activated_at": now, "started_at": now, "beat_at": now, "detail": {}}
    session.execute(insert_or_ignore(session, Heartbeat), row)
    _beat(session, {"beat_at": now})
    return session.get_one(Heartbeat, NAME, populate_existing=True).activated_at


def round_done(session: Session, detail: Mapping[str, Any], *, now: datetime) -> None:
    """Note that a round ended well, and what it did."""
    _beat(session, {"beat_at": now, "done_at": now, "detail": dict(detail)})


def pulse(session: Session) -> Pulse | None:
    """The last sign of life; None where the sweep never ran here."""
    row = session.get(Heartbeat, NAME)
    if row is None:
        return None
    return Pulse(row.activated_at, row.beat_at, row.done_at, row.detail)


def _beat(session: Session, values: dict[str, Any]) -> None:
    table = table_of(Heartbeat)
    session.execute(update(table).where(table.c.name == NAME).values(values))
