"""Lines day by day, as points of an SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

COLOURS = ("#0072b2", "#d55e00")
WIDTH, HEIGHT, LEFT, BOTTOM = 900, 300, 80, 30
TICKS = 5
"""About so many numbers stand at the axis."""


@dataclass(frozen=True, slots=True)
class Series:
    """A number a day; dashed for what is only compared with."""

    name: str
    colour: str
    numbers: Sequence[float]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot as SVG points."""

    name: str
    colour: str
    points: str
    dashed: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A number or a day at an axis."""

    text: str
    at: float
    is_zero: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines, and what stands at the axes."""

    lines: list[Line]
    ys: list[Tick]
    xs: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def draw(
    series: Sequence[Series], *, amount: Callable[[float], str], day: Callable[[int], str]
) -> Plot:
    """The series over as many days as each has; `amount` and `day` word what is at the axes."""
    numbers = [number for one in series for number in one.numbers]
    round_ones = _round_numbers(min(0.0, *numbers), max(1.0, *numbers))
    low, high = round_ones[0], round_ones[-1]
    days = len(series[0].numbers)

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - 10) * at / max(days - 1, 1)

    def y(number: float) -> float:
        return (HEIGHT - BOTTOM) * (high - number) / (high - low) + 10

    def points(one: Series) -> str:
        return " ".join(f"{x(at):.1f},{y(number):.1f}" for at, number in enumerate(one.numbers))

    return Plot(
        lines=[Line(one.name, one.colour, points(one), one.dashed) for one in series],
        ys=[Tick(amount(number), y(number), number == 0) for number in round_ones],
        xs=[Tick(day(at), x(at)) for at in sorted({0, days // 2, days - 1})],
    )


def _round_numbers(low: float, high: float) -> list[float]:
    """Multiples of one, two or five times a power of ten that reach from low to high."""
    rough = (high - low) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough)
    return [number * step for number in range(floor(low / step), ceil(high / step) + 1)]
