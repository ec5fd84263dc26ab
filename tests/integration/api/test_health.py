"""`GET /health` tells whether the scheduler of reminders lives."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from core.clock import SimulatedClock
from db.engine import SessionFactory
from nudges.decision import AlwaysRemind, Choice, Decision
from nudges.heartbeat import SILENT_AFTER, activate
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


@pytest.mark.usefixtures("small_shop")
def test_a_scheduler_that_stood_still_has_time_to_end_its_first_round(
    client: TestClient, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    sweeper(sessions, clock).run()
    left_carts(sessions, clock, "ann", ago=timedelta(hours=1))
    clock.advance(timedelta(hours=2))
    back = sweeper(sessions, clock, channels=[Sink()], decider=Fails())
    with pytest.raises(LookupError):
        back.run()
    assert nudges(client) == ("ok", "last sweep 2026-03-02 10:00:00 UTC")
    # Rounds that take minutes and then fail are no new beginning each time.
    for _ in range(2):
        clock.advance(timedelta(minutes=3))
        with pytest.raises(LookupError):
            back.run()
    assert nudges(client)[0] == "degraded"


def test_a_scheduler_that_is_started_again_and_again_and_ends_no_round_is_missed(
    client: TestClient, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    sweeper(sessions, clock).run()
    for _ in range(6):
        clock.advance(timedelta(minutes=1))
        with sessions.begin() as session:
            activate(session, now=clock.now(), first=True)
    assert nudges(client)[0] == "degraded"
