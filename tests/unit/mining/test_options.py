"""How supports and distances may be written on the command line."""

import pytest

from cli.mine_options import parse_distance, parse_support
from recommender.mining.constraints import ConstraintError


@pytest.mark.parametrize(
    ("text", "support"),
    [("25", 25), ("1,000", 1000), ("0.01", 0.01), ("1%", 0.01), ("0.5 %", 0.005)],
)
def test_a_support_is_a_count_a_share_or_a_percentage(text: str, support: float) -> None:
    assert parse_support(text) == pytest.approx(support)


@pytest.mark.parametrize("text", ["", "many", "1.2.3", "%", "-3", "100%"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConstraintError, match="minimum support"):
        parse_support(text)


@pytest.mark.parametrize(
    ("texts", "distance"),
    [
        ([], (None, None)),
        (["3"], (3, None)),
        (["7 days"], (None, 604_800.0)),
        (["1 Week"], (None, 604_800.0)),
        (["1.5hours"], (None, 5_400.0)),
        (["3", "30 minutes"], (3, 1_800.0)),
    ],
)
def test_a_distance_is_in_events_or_in_time(
    texts: list[str], distance: tuple[int | None, float | None]
) -> None:
    assert parse_distance(texts, option="--max-gap") == distance


@pytest.mark.parametrize("texts", [["3 moons"], ["days"], ["1.5"], ["-1"], ["3", "4"]])
def test_a_distance_that_makes_no_sense_is_refused(texts: list[str]) -> None:
    with pytest.raises(ConstraintError, match="--max-gap"):
        parse_distance(texts, option="--max-gap")
