"""What was brought is told with its interval, or plainly not at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.settings import Settings
from nudges.brought import what_it_brought
from nudges.lift import Lift
from nudges.measure import Arm, Comparison, Funnel, Measurement
from nudges.operators import OperatorWords

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KNOWN = Comparison(
    experiment="hold_out",
    arm=Arm("written_to", 900, 90, 900_000, 300_000),
    against=Arm("held_out", 100, 10, 50_000, 16_000),
    revenue=Lift(500, 100, 900),
    margin=Lift(150, 50, 250),
    missing=None,
)
MEASURED = Measurement(NOW - timedelta(days=30), NOW, Funnel(), {}, {}, KNOWN, [])


def told(found: Measurement) -> str:
    words = OperatorWords.of(Settings())
    return "\n".join(
        line
        for brought in what_it_brought(found, words, currency="EUR")
        for line in (brought.heading, *brought.sentences)
    )


def test_a_lift_is_told_with_its_interval() -> None:
    text = told(MEASURED)
    assert "Margin a person: €1.50 (95 %: €0.50 to €2.50)." in text
    assert "Revenue a person: €5.00 (95 %: €1.00 to €9.00)." in text
    assert "all 900 people together: €1,350.00 (95 %: €450.00 to €2,250.00)." in text


def test_too_little_is_told_with_what_is_missing_and_no_number() -> None:
    few = replace(KNOWN, revenue=None, margin=None, missing="20 of the 100 people that it takes")
    text = told(replace(MEASURED, hold_out=few))
    assert text.endswith("Not enough data yet: 20 of the 100 people that it takes.")
    assert "€" not in text


def test_without_a_hold_out_nothing_is_claimed() -> None:
    assert "Not enough data yet" in told(replace(MEASURED, hold_out=None))


def test_each_experiment_is_told_against_its_first_arm() -> None:
    curious = replace(
        KNOWN,
        experiment="wording",
        arm=replace(KNOWN.arm, name="plain"),
        against=replace(KNOWN.against, name="curious"),
    )
    text = told(replace(MEASURED, experiments=[curious]))
    assert "Experiment wording: plain against curious\nMargin a person: €1.50" in text
