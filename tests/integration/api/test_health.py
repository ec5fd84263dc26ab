"""`GET /health` tells whether the scheduler of reminders lives."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from core.clock import SimulatedClock
from db.engine import SessionFactory
from nudges.decision import AlwaysRemind, Choice, Decision
from nudges.heartbeat import SILENT_AFTER
from tests.integration.nudges.shoppers import Sink, left_carts, sweeper


class Fails(AlwaysRemind):
    """Stands for anything that ends a round, such as a row that cannot be read."""

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:  # noqa: ARG002
        raise LookupError


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


@pytest.mark.usefixtures("small_shop")
def test_a_scheduler_none_of_whose_sweeps_ends_is_missed_until_one_does(
    client: TestClient, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    sweeper(sessions, clock).run()
    left_carts(sessions, clock, "ann", ago=timedelta(hours=1))
    for _ in range(6):
        clock.advance(timedelta(minutes=1))
        with pytest.raises(LookupError):
            sweeper(sessions, clock, channels=[Sink()], decider=Fails()).run()
    assert nudges(client) == (
        "degraded",
        "Sweeps fail: none has ended well since 2026-03-02 10:00 UTC.",
    )
    sweeper(sessions, clock).run()
    assert nudges(client)[0] == "ok"
