"""The probability in the log is that of what was really done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from core.clock import SimulatedClock
from db.engine import SessionFactory
from nudges.channels import Outcome, OutcomeKind
from nudges.decision import REMINDER, Choice, Decision
from tests.integration.nudges.coupons import coupons, generous
from tests.integration.nudges.shoppers import Sink, left_carts, nudges, sweeper

pytestmark = pytest.mark.usefixtures("small_shop")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Decides for a coupon that a draw among four has brought."""

    def decide(self, choices: Sequence[Choice], *, now: datetime) -> list[Decision]:  # noqa: ARG002
        chances = {"none": 0.1, REMINDER: 0.2, "free_delivery": 0.3, "percent_10": 0.4}
        why = {"probabilities": chances}
        return [Decision("percent_10", chances["percent_10"], why) for _ in choices]


def test_a_coupon_that_went_out_keeps_the_probability_of_its_draw(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    left_carts(sessions, clock, "zoe", ago=timedelta(hours=1))
    sweeper(sessions, clock, channels=[Sink()], rules=generous(), decider=Drawn()).run()
    (nudge,) = nudges(sessions)
    assert (nudge.treatment, nudge.probability) == ("percent_10", 0.4)


def test_a_reminder_in_place_of_a_coupon_has_the_probability_of_all_that_end_as_it(
    sessions: SessionFactory, clock: SimulatedClock
) -> None:
    """The mail server is away until the coupon has expired."""
    left_carts(sessions, clock, "zoe", ago=timedelta(hours=1))
    sink = Sink(answers=[Outcome(OutcomeKind.TEMPORARY, "away")])
    rules = generous(valid_days=1)
    one = sweeper(sessions, clock, channels=[sink], rules=rules, decider=Drawn())
    one.run()
    assert len(coupons(sessions)) == 1
    clock.advance(2 * DAY)
    one.run()
    (nudge,) = nudges(sessions)
    assert (nudge.treatment, nudge.probability) == (REMINDER, pytest.approx(0.2 + 0.3 + 0.4))
    assert (nudge.decision or {})["instead_of"] == "percent_10"
