"""What works on left carts together, on the fresh database, with a channel that keeps its mails."""

import pytest

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from nudges.compose import Nudging
from nudges.decision import AlwaysRemind
from tests.integration.nudges.shoppers import Sink, policy


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def nudging(sessions: SessionFactory, clock: SimulatedClock, sink: Sink) -> Nudging:
    return Nudging(
        settings=Settings(),
        policy=policy(),
        sessions=sessions,
        channels=(sink,),
        decider=AlwaysRemind(),
        clock=clock,
    )
