"""`python -m nudges` sweeps, says that it lives, and stops when told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SimulatedClock
from db.engine import SessionFactory, read_session
from nudges.heartbeat import Pulse, activate, pulse

ROOT = Path(__file__).parents[3]
type Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(database_url: str) -> Start:
    def run(**variables: str) -> subprocess.Popen[str]:
        environment = os.environ | {"DATABASE_URL": database_url} | variables
        return subprocess.Popen(
            [sys.executable, "-m", "nudges"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def test_it_sweeps_at_once_and_ends_when_told(start: Start, sessions: SessionFactory) -> None:
    process = start()
    try:
        deadline = time.monotonic() + 60
        last: Pulse | None = None
        while (last is None or not last.detail) and time.monotonic() < deadline:
            with read_session(sessions) as session:
                last = pulse(session)
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert last is not None
    assert last.detail["seen"] == 0
    assert process.returncode == 0, errors


def test_a_policy_that_cannot_be_used_is_named_at_start(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[[stages]]\nname = "first"\nafter_minutes = 60\n[caps]\nper_weak = 3\n')
    process = start(CARTWRIGHT_NUDGE_POLICY=str(path))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"{path} cannot be used:\n  caps.per_weak: there is no such key" in errors


def test_a_silent_sweep_is_noticed(sessions: SessionFactory, clock: SimulatedClock) -> None:
    with sessions.begin() as session:
        activate(session, now=clock.now(), first=True)
        last = pulse(session)
    assert last is not None
    assert not last.is_silent(clock.now() + timedelta(minutes=5))
    assert last.is_silent(clock.now() + timedelta(minutes=6))
