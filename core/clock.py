"""Time is passed in: everything that decides takes `now`, an aware UTC datetime."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time; real in production, simulated in replays and tests."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class SimulatedClock:
    """A clock that stands still until it is moved."""

    at: datetime

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move forward; a clock never runs backwards."""
        if by < timedelta(0):
            raise ValueError("a clock cannot be moved backwards")
        self.at += by


def parse_utc(text: str) -> datetime:
    """Read an ISO 8601 time that names its zone, as UTC.

    Raises ValueError where the text is no time or names no zone.
    """
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return value.astimezone(UTC)
