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
AWAY_AFTER = timedelta(minutes=2)
"""Without a sign of life for so long, a process that begins to sweep takes up what stood still."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The last sign of life, and when a round last ended well.

    `started_at` is when sweeping began that has not stood still since.
    """

    activated_at: datetime
    started_at: datetime
    beat_at: datetime
    done_at: datetime | None
    detail: Mapping[str, Any]

    def is_silent(self, now: datetime) -> bool:
        """Whether the sweep should have been heard of since."""
        return now - self.beat_at > SILENT_AFTER

    def is_failing(self, now: datetime) -> bool:
        """Whether rounds begin and none ends; while nothing swept none could."""
        since = max(self.well_until, self.started_at)
        return not self.is_silent(now) and now - since > SILENT_AFTER

    @property
    def well_until(self) -> datetime:
        """When a round last ended well; when it first began, where none has."""
        return self.done_at or self.activated_at


def activate(session: Session, *, now: datetime, first: bool) -> datetime:
    """Note a sign of life; returns when the sweep first ran on this database.

    `first` where its process has done no round yet: then it may end a time in which nothing swept.
    A later round never does, so one that fails after minutes is no new beginning each time.
    """
    row = {"name": NAME, "activated_at": now, "started_at": now, "beat_at": now, "detail": {}}
    session.execute(insert_or_ignore(session, Heartbeat), row)
    if first:
        table = table_of(Heartbeat)
        away = (table.c.name == NAME) & (table.c.beat_at < now - AWAY_AFTER)
        session.execute(update(table).where(away).values(started_at=now))
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
    return Pulse(row.activated_at, row.started_at, row.beat_at, row.done_at, row.detail)


def _beat(session: Session, values: dict[str, Any]) -> None:
    table = table_of(Heartbeat)
    session.execute(update(table).where(table.c.name == NAME).values(values))
