"""Places rules by how many people are behind them, how sure they are, and how telling."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recommender.mining.rules import Rule

WIDTH, HEIGHT = 1000.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 60.0, 20.0, 14.0, 50.0
RADIUS = 5.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A rule; `shade` from 0 (lift 1) to 1 (the largest), `number` is its row in the table."""

    x: float
    y: float
    radius: float
    shade: float
    number: int | None
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class ScatterPlot:
    """Everything to draw, in a box of WIDTH and HEIGHT."""

    dots: list[Dot]
    across: list[Tick]
    up: list[Tick]
    most_lift: float


def place_rules(rules: Sequence[tuple[Rule, str]], *, numbered: int) -> ScatterPlot:
    """`rules` with their words, in the order of the table, of which the first are numbered.

    People run on a logarithmic scale, since a few rules have many.
    """
    counts = [rule.count for rule, _ in rules]
    low, high = math.log(min(counts) * 0.9), math.log(max(counts) * 1.1)
    most = max(rule.confidence for rule, _ in rules)
    top = min(1.0, math.ceil(most * 10 + 0.2) / 10)
    most_lift = max(rule.lift for rule, _ in rules)

    def x(count: float) -> float:
        return LEFT + (math.log(count) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(confidence: float) -> float:
        return HEIGHT - BOTTOM - confidence / top * (HEIGHT - TOP - BOTTOM)

    dots = [
        Dot(
            x=x(rule.count),
            y=y(rule.confidence),
            radius=RADIUS + (4 if number < numbered else 0),
            shade=math.log(max(1.0, rule.lift)) / math.log(max(most_lift, 1.01)),
            number=number + 1 if number < numbered else None,
            title=f"{words}: {rule.count:,} of {rule.antecedent_count:,} "
            f"({rule.confidence:.0%}), lift {rule.lift:.1f}",
        )
        for number, (rule, words) in enumerate(rules)
    ]
    return ScatterPlot(
        # The numbered ones lie on top.
        dots=dots[::-1],
        across=[Tick(x(c), f"{c:,}") for c in _round_counts(min(counts) * 0.9, max(counts) * 1.1)],
        up=[Tick(y(share / 10), f"{share * 10}%") for share in range(round(top * 10) + 1)],
        most_lift=most_lift,
    )


def _round_counts(low: float, high: float) -> list[int]:
    """Up to about eight round numbers from `low` to `high`: 1, 2, 5, or finer in a narrow range."""
    span = high / low
    steps = (1, 2, 5) if span > 8 else (1, 1.5, 2, 3, 4, 5, 6, 8) if span > 2 else ()
    if not steps:
        size = 10 ** math.floor(math.log10(max(1.0, high - low)))
        size = max(1, int(size if high - low > 3 * size else size / 2))
        return [c for c in range(0, int(high) + 1, size) if c >= low]
    decades = range(int(math.log10(max(1.0, low))), int(math.log10(high)) + 1)
    found = {round(10**decade * step) for decade in decades for step in steps}
    return sorted(c for c in found if low <= c <= high)
