"""Importing a log as the command does."""

from collections.abc import Callable
from functools import partial

import pytest

from core.clock import SimulatedClock
from db.engine import SessionFactory
from ingest.events import Outcome
from tests.imports import import_as_command


@pytest.fixture
def import_file(sessions: SessionFactory, clock: SimulatedClock) -> Callable[..., Outcome]:
    """Import a log into the test's database."""
    return partial(import_as_command, sessions, clock=clock)
