"""`GET /health` tells whether the scheduler of reminders lives."""

from datetime import timedelta

from fastapi.testclient import TestClient

from core.clock import SimulatedClock
from db.engine import SessionFactory
from nudges.heartbeat import SILENT_AFTER
from tests.integration.nudges.shoppers import sweeper


def nudges(client: TestClient) -> tuple[str, str]:
    answer = client.get("/health")
    assert answer.status_code == 200
    part = answer.json()["parts"]["nudges"]
    return part["state"], part["detail"]


def test_a_scheduler_that_never_ran_is_missed(client: TestClient) -> None:
    assert nudges(client) == ("degraded", "The scheduler has never run: `python -m nudges`.")


def test_a_scheduler_is_well_as_long_as_it_was_heard_of_lately(
    client: TestClient, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    sweeper(sessions, clock).run()
    assert nudges(client) == ("ok", "last sweep 2026-03-02 10:00:00 UTC")
    clock.advance(SILENT_AFTER)
    assert nudges(client)[0] == "ok"


def test_a_scheduler_that_fell_silent_is_missed_until_it_sweeps_again(
    client: TestClient, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    sweeper(sessions, clock).run()
    clock.advance(SILENT_AFTER + timedelta(seconds=1))
    assert nudges(client) == ("degraded", "No sweep since 2026-03-02 10:00 UTC.")
    sweeper(sessions, clock).run()
    assert nudges(client)[0] == "ok"
