"""The miners side by side, and the slow but obvious definition that they must agree with."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from recommender.mining.apriori_all import apriori_all
from recommender.mining.constraints import Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.patterns import Patterns
from recommender.mining.prefixspan import prefixspan
from recommender.mining.spade import spade

type Miner = Callable[..., Patterns]
type Elements = tuple[tuple[object, ...], ...]

MINERS: dict[str, Miner] = {"prefixspan": prefixspan, "spade": spade, "apriori_all": apriori_all}


@pytest.fixture(params=MINERS.values(), ids=MINERS.keys())
def miner(request: pytest.FixtureRequest) -> Miner:
    chosen: Miner = request.param
    return chosen


def supports(patterns: Patterns) -> dict[Elements, int]:
    """Patterns as a dictionary; a pattern that comes twice is an error."""
    found = {pattern.elements: pattern.support for pattern in patterns}
    assert len(found) == len(patterns)
    return found


def contains(
    sequence: list[tuple[int, ...]], times: list[float], pattern: Elements, limits: Constraints
) -> bool:
    """Whether the sequence contains the pattern within the limits, by trying every place."""

    def within(places: list[int]) -> bool:
        for a, b in pairwise(places):
            if b - a < limits.min_gap or (limits.max_gap is not None and b - a > limits.max_gap):
                return False
            waited = times[b] - times[a]
            if waited < limits.min_gap_seconds:
                return False
            if limits.max_gap_seconds is not None and waited > limits.max_gap_seconds:
                return False
        first, last = places[0], places[-1]
        if limits.max_span is not None and last - first > limits.max_span:
            return False
        return (
            limits.max_span_seconds is None or times[last] - times[first] <= limits.max_span_seconds
        )

    def place(index: int, places: list[int]) -> bool:
        if index == len(pattern):
            return within(places)
        begin = places[-1] + 1 if places else 0
        return any(
            set(pattern[index]) <= set(sequence[at]) and place(index + 1, [*places, at])
            for at in range(begin, len(sequence))
        )

    return place(0, [])


def brute_force(
    sequences: list[list[tuple[int, ...]]],
    times: list[list[float]],
    min_support: int,
    limits: Constraints,
) -> dict[Elements, int]:
    """Every pattern by definition: grown an item at a time, counted by trying every place."""
    items = sorted({item for s in sequences for element in s for item in element})
    items = [item for item in items if item not in limits.excluded]
    found: dict[Elements, int] = {}
    longest = limits.max_length or 99

    def count(pattern: Elements) -> int:
        return sum(
            contains(sequence, clock, pattern, limits)
            for sequence, clock in zip(sequences, times, strict=True)
        )

    def grow(pattern: Elements) -> None:
        if sum(map(len, pattern)) >= longest:
            return
        larger = [(*pattern, (item,)) for item in items]
        if pattern:
            larger += [
                (*pattern[:-1], (*pattern[-1], item)) for item in items if item > pattern[-1][-1]
            ]
        for candidate in larger:
            support = count(candidate)
            if support >= min_support:
                found[candidate] = support
                grow(candidate)

    grow(())
    return {
        pattern: support
        for pattern, support in found.items()
        if limits.required <= {item for element in pattern for item in element}
    }


def database(sequences: list[list[tuple[int, ...]]], times: list[list[float]]) -> SequenceDatabase:
    return SequenceDatabase.from_lists(sequences, times=times)
