"""Lays out sequences as ribbons from step to step, as wide as they have people (alluvial plot)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, MARGIN, BAR = 1000.0, 4.0, 12.0
ROW, BETWEEN = 30.0, 10.0
"""Least height of a node, for its label, and the room between two."""
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence to draw: its steps as readers know them."""

    steps: tuple[str, ...]
    people: int


@dataclass(frozen=True, slots=True)
class Node:
    """A step, as a bar with its label beside it."""

    x: float
    y: float
    height: float
    label: str
    people: int
    label_x: float
    anchor: str
    colour: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A stretch of a sequence from one step to the next, as an SVG path."""

    path: str
    colour: int
    title: str
    people: int
    x: float
    y: float
    """The middle, where the number of people stands."""


@dataclass(frozen=True, slots=True)
class FlowPlot:
    """Everything to draw, in a box of WIDTH and `height`."""

    nodes: list[Node]
    ribbons: list[Ribbon]
    columns: list[tuple[float, str, str]]
    """Where each column's heading stands, its anchor and its words."""
    height: float


def lay_out(flows: Sequence[Flow], *, colours: int) -> FlowPlot:
    """Place nodes in a column for each step, in an order that crosses little, and the ribbons.

    Each round orders one column by the mean place of its neighbours (the barycentre heuristic of
    Sugiyama, Tagawa & Toda 1981).
    """
    depth = max(len(flow.steps) for flow in flows)
    through: list[dict[str, list[int]]] = [defaultdict(list) for _ in range(depth)]
    for index, flow in enumerate(flows):
        for column, step in enumerate(flow.steps):
            through[column][step].append(index)
    order = _ordered(flows, through)
    # A person of 1/scale of the busiest column's room; every column then fits the same height.
    rows = max(len(column) for column in order)
    busiest = max(sum(f.people for f in flows if len(f.steps) > c) for c in range(depth))
    scale = max(rows * ROW, 360.0) / busiest
    tops, heights = _tops(flows, through, order, scale)
    total = max(tops[c][order[c][-1]] + heights[c][order[c][-1]] for c in range(depth))
    for column in range(depth):
        last = order[column][-1]
        shift = (total - tops[column][last] - heights[column][last]) / 2
        tops[column] = {step: top + shift for step, top in tops[column].items()}
    xs = [MARGIN + c * (WIDTH - 2 * MARGIN - BAR) / max(1, depth - 1) for c in range(depth)]
    colour_of = {step: i % colours for i, step in enumerate(order[0])}
    nodes = [
        _node(step, column, depth, xs, tops, heights, through, flows, colour_of)
        for column in range(depth)
        for step in order[column]
    ]
    ribbons = _ribbons(flows, order, tops, xs, scale, colour_of, through)
    columns = [
        (x if c == 0 else x + BAR, "start" if c == 0 else "end" if c == depth - 1 else "middle",
         "first" if c == 0 else "then")
        for c, x in enumerate(xs)
    ]  # fmt: skip
    return FlowPlot(nodes, ribbons, columns, total)


def _ordered(flows: Sequence[Flow], through: list[dict[str, list[int]]]) -> list[list[str]]:
    """The steps of each column from top to bottom."""
    order = [
        sorted(column, key=lambda step: -sum(flows[i].people for i in column[step]))
        for column in through
    ]
    for _ in range(ROUNDS):
        for column in [*range(1, len(order)), *reversed(range(len(order) - 1))]:
            near = [c for c in (column - 1, column + 1) if 0 <= c < len(order)]
            place = [{step: i for i, step in enumerate(o)} for o in order]

            def mean(step: str) -> float:
                weights = [
                    (place[c][flows[i].steps[c]], flows[i].people)  # noqa: B023
                    for i in through[column][step]  # noqa: B023
                    for c in near  # noqa: B023
                    if c < len(flows[i].steps)
                ]
                total = sum(weight for _, weight in weights)
                return sum(at * weight for at, weight in weights) / total if total else 0.0

            order[column] = sorted(order[column], key=mean)
    return order


def _tops(
    flows: Sequence[Flow],
    through: list[dict[str, list[int]]],
    order: list[list[str]],
    scale: float,
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Where each node begins, and how high it is."""
    tops: list[dict[str, float]] = []
    heights: list[dict[str, float]] = []
    for column, steps in enumerate(order):
        at = 0.0
        tops.append({})
        heights.append({})
        for step in steps:
            height = scale * sum(flows[i].people for i in through[column][step])
            room = max(height, ROW - BETWEEN)
            tops[-1][step] = at + (room - height) / 2
            heights[-1][step] = height
            at += room + BETWEEN
    return tops, heights


def _node(
    step: str,
    column: int,
    depth: int,
    xs: list[float],
    tops: list[dict[str, float]],
    heights: list[dict[str, float]],
    through: list[dict[str, list[int]]],
    flows: Sequence[Flow],
    colour_of: dict[str, int],
) -> Node:
    last = column == depth - 1
    return Node(
        x=xs[column],
        y=tops[column][step],
        height=heights[column][step],
        label=step,
        people=sum(flows[i].people for i in through[column][step]),
        label_x=xs[column] - 6 if last else xs[column] + BAR + 6,
        anchor="end" if last else "start",
        colour=colour_of.get(step, -1),
    )


def _ribbons(
    flows: Sequence[Flow],
    order: list[list[str]],
    tops: list[dict[str, float]],
    xs: list[float],
    scale: float,
    colour_of: dict[str, int],
    through: list[dict[str, list[int]]],
) -> list[Ribbon]:
    """Every ribbon leaves a node in the order of where it goes, and enters likewise."""
    place = [{step: i for i, step in enumerate(steps)} for steps in order]

    def slots(column: int, toward: int) -> dict[int, float]:
        """For each flow in a column, how far below its node's top it is, seen from `toward`."""
        offsets: dict[int, float] = {}
        for step in order[column]:
            members = [i for i in through[column][step] if len(flows[i].steps) > toward]
            members.sort(key=lambda i: (place[toward][flows[i].steps[toward]], i))
            at = 0.0
            for i in members:
                offsets[i] = at
                at += scale * flows[i].people
        return offsets

    ribbons = []
    for left, right in pairwise(range(len(order))):
        leave, enter = slots(left, right), slots(right, left)
        for i, flow in enumerate(flows):
            if len(flow.steps) <= right:
                continue
            begin = tops[left][flow.steps[left]] + leave[i]
            end = tops[right][flow.steps[right]] + enter[i]
            ribbons.append(
                Ribbon(
                    _path(xs[left] + BAR, begin, xs[right], end, scale * flow.people),
                    colour_of[flow.steps[0]],
                    f"{' → '.join(flow.steps)}: {flow.people:,}",
                    flow.people,
                    (xs[left] + BAR + xs[right]) / 2,
                    (begin + end + scale * flow.people) / 2,
                )
            )
    return ribbons


def _path(x1: float, y1: float, x2: float, y2: float, width: float) -> str:
    middle = (x1 + x2) / 2
    return (
        f"M{x1:.1f},{y1:.1f} C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f} "
        f"V{y2 + width:.1f} C{middle:.1f},{y2 + width:.1f} {middle:.1f},{y1 + width:.1f} "
        f"{x1:.1f},{y1 + width:.1f} Z"
    )
