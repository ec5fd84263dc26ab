"""Closed, maximal and top-k patterns, held against their definitions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.mining.constraints import ConstraintError, Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.patterns import Patterns
from recommender.mining.prefixspan import prefixspan
from recommender.mining.select import closed, maximal, top_k
from tests.unit.mining.conftest import (
    MINERS,
    Elements,
    Miner,
    brute_force,
    database,
    supports,
)
from tests.unit.mining.test_miners import constraints, timed_sequences

SEQUENCES = st.lists(
    st.lists(st.sets(st.integers(0, 3), min_size=1, max_size=2), max_size=5),
    min_size=1,
    max_size=5,
)
GAPS = st.sampled_from([Constraints(), Constraints(max_gap=1), Constraints(max_gap=2)])


def within(small: Elements, large: Elements) -> bool:
    """Whether `small` is a proper part of `large`: each element inside a later one, in order."""
    at = 0
    for element in large:
        if at < len(small) and set(small[at]) <= set(element):
            at += 1
    return at == len(small) and small != large


@settings(max_examples=300, deadline=None)
@given(SEQUENCES, st.integers(1, 3), GAPS)
def test_closed_patterns_are_those_that_no_larger_one_equals_in_support(
    sequences: list[list[set[int]]], min_support: int, limits: Constraints
) -> None:
    every = prefixspan(SequenceDatabase.from_lists(sequences), min_support, constraints=limits)
    found = supports(every)

    assert supports(closed(every, constraints=limits)) == {
        pattern: support
        for pattern, support in found.items()
        if not any(within(pattern, other) and found[other] == support for other in found)
    }


@settings(max_examples=300, deadline=None)
@given(SEQUENCES, st.integers(1, 3), GAPS)
def test_maximal_patterns_are_those_in_no_larger_one(
    sequences: list[list[set[int]]], min_support: int, limits: Constraints
) -> None:
    every = prefixspan(SequenceDatabase.from_lists(sequences), min_support, constraints=limits)
    found = supports(every)

    assert supports(maximal(every, constraints=limits)) == {
        pattern: support
        for pattern, support in found.items()
        if not any(within(pattern, other) for other in found)
    }


@settings(max_examples=100, deadline=None)
@given(SEQUENCES, st.integers(1, 12))
def test_no_pattern_left_out_is_stronger_than_one_of_the_top_k(
    sequences: list[list[set[int]]], k: int
) -> None:
    database = SequenceDatabase.from_lists(sequences)
    every = sorted(supports(prefixspan(database, 1)).values(), reverse=True)

    strongest = top_k(prefixspan, database, k)

    assert strongest.supports.tolist() == every[:k]


@settings(max_examples=100, deadline=None)
@given(timed_sequences(), st.integers(1, 12), constraints())
def test_the_top_k_keep_the_constraints(
    data: tuple[list[list[tuple[int, ...]]], list[list[float]]], k: int, limits: Constraints
) -> None:
    sequences, times = data
    every = sorted(brute_force(sequences, times, 1, limits).values(), reverse=True)

    for name, miner in MINERS.items():
        strongest = top_k(miner, database(sequences, times), k, constraints=limits)
        assert strongest.supports.tolist() == every[:k], name


def test_patterns_of_any_length_can_be_closed_and_maximal_under_gaps() -> None:
    often = list(range(30))
    next_to_next = Constraints(max_gap=1)
    every = prefixspan(
        SequenceDatabase.from_lists([often, often, often[:25], [3, 20, 4]]),
        2,
        constraints=next_to_next,
    )

    def runs(*ends: tuple[int, int]) -> set[Elements]:
        return {tuple((item,) for item in range(begin, end)) for begin, end in ends}

    assert set(supports(maximal(every, constraints=next_to_next))) == runs((0, 30))
    assert set(supports(closed(every, constraints=next_to_next))) == runs(
        (0, 30), (0, 25), (3, 4), (4, 5), (20, 21)
    )


def test_every_miner_can_give_its_strongest(miner: Miner) -> None:
    database = SequenceDatabase.from_lists([[1, 2, 3], [1, 2], [1, 3]])

    def pairs(patterns: Patterns) -> Patterns:
        return patterns.select(patterns.lengths() >= 2)

    assert supports(top_k(miner, database, 2, among=pairs)) == {
        ((1,), (2,)): 2,
        ((1,), (3,)): 2,
    }


def test_the_top_none_makes_no_sense() -> None:
    with pytest.raises(ConstraintError, match="k is 0"):
        top_k(prefixspan, SequenceDatabase.from_lists([[1]]), 0)
