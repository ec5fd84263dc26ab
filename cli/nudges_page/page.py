"""A simulation as one HTML page that needs nothing else: plots as SVG, tables, words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.nudges_page.summary import gates_of, money, rows
from cli.pages import write_html
from nudges.simulate.report import Play
from nudges.simulate.shoppers import Scenario

COLOURS = ("#0072b2", "#d55e00")
WIDTH, HEIGHT, LEFT, BOTTOM = 900, 300, 80, 30
MOST_GATES = 14


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot: SVG points, and where its name is written."""

    name: str
    colour: str
    points: str
    dashed: bool
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A number at an axis."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Margin over writing to nobody, day by day."""

    lines: list[Line]
    ys: list[Tick]
    xs: list[Tick]
    zero: float


def write_page(path: Path, scenario: Scenario, plays: Sequence[Play]) -> None:
    """Write the page; raises OSError where the file cannot be written."""
    gates = gates_of(plays)[:MOST_GATES]
    write_html(
        path,
        Path(__file__).parent / "page.html.jinja",
        scenario=scenario,
        plays=plays,
        rows=rows(plays),
        plot=draw_lines(plays),
        gates=gates,
        most_at_a_gate=max(
            (one.stopped.get(gate, 0) + one.waited.get(gate, 0) for one in plays for gate in gates),
            default=1,
        ),
        most_in_an_hour=max((max(one.by_hour) for one in plays), default=0) or 1,
        colours=COLOURS,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
    )


def draw_lines(plays: Sequence[Play]) -> LinePlot:
    """Each policy's line and, dashed, what the best possible decisions would bring under it."""
    values = [number for one in plays for number in (*one.by_day, *one.best_by_day)]
    low, high = min(0.0, *values), max(1.0, *values)
    days = len(plays[0].by_day)

    def x(day: float) -> float:
        return LEFT + (WIDTH - LEFT - 10) * day / max(days - 1, 1)

    def y(amount: float) -> float:
        return (HEIGHT - BOTTOM) * (high - amount) / (high - low) + 10

    def line(name: str, colour: str, numbers: Sequence[float], *, dashed: bool) -> Line:
        points = " ".join(f"{x(day):.1f},{y(number):.1f}" for day, number in enumerate(numbers))
        return Line(name, colour, points, dashed, x(days - 1), y(numbers[-1]))

    lines = []
    for one, colour in zip(plays, COLOURS, strict=False):
        lines.append(line(f"{one.name}, best possible", colour, one.best_by_day, dashed=True))
        lines.append(line(one.name, colour, one.by_day, dashed=False))
    return LinePlot(
        lines=lines,
        ys=[Tick(money(amount), y(amount)) for amount in (low, (low + high) / 2, high)],
        xs=[Tick(f"day {day + 1}", x(day)) for day in sorted({0, days // 2, days - 1})],
        zero=y(0.0),
    )
