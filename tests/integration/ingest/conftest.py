"""Importing a log as the command does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import SimulatedClock
from db.engine import SessionFactory
from ingest.events import Outcome, import_log
from ingest.logs import choose_log_format
from ingest.source import Source


@pytest.fixture
def import_file(sessions: SessionFactory, clock: SimulatedClock) -> Callable[..., Outcome]:
    """Import a log as the command does."""

    def run(path: Path, *, report: Callable[..., None] = lambda *_: None, **choice: Any) -> Outcome:
        source = Source(path)
        chosen, shape = choose_log_format(
            source, name=choice.get("name"), mapping=choice.get("mapping")
        )
        currency = chosen.currency or "EUR"
        return import_log(
            sessions, source, chosen, shape, currency=currency, clock=clock, report=report
        )

    return run
