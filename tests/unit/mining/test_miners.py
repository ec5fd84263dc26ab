"""What every sequential miner must do, tried on PrefixSpan, SPADE and AprioriAll alike."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.mining.constraints import ConstraintError, Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.run import ExplosionError, Limits
from tests.unit.mining.conftest import MINERS, Miner, brute_force, database, supports

ELEMENTS = st.sets(st.integers(0, 2), min_size=1, max_size=2).map(lambda s: tuple(sorted(s)))
SEQUENCES = st.lists(st.lists(ELEMENTS, max_size=5), min_size=1, max_size=4)


@st.composite
def constraints(draw: st.DrawFn) -> Constraints:
    min_gap = draw(st.integers(1, 2))
    some = draw(st.sets(st.integers(0, 2), max_size=1))
    others = draw(st.sets(st.integers(0, 2), max_size=1)) - some
    return Constraints(
        max_length=draw(st.none() | st.integers(1, 4)),
        min_gap=min_gap,
        max_gap=draw(st.none() | st.integers(min_gap, 3)),
        max_span=draw(st.none() | st.integers(0, 4)),
        min_gap_seconds=draw(st.sampled_from([0.0, 0.0, 1.0, 2.5])),
        max_gap_seconds=draw(st.none() | st.sampled_from([0.0, 2.0, 5.0])),
        max_span_seconds=draw(st.none() | st.sampled_from([0.0, 4.0, 8.0])),
        required=frozenset(some),
        excluded=frozenset(others),
    )


@st.composite
def timed_sequences(
    draw: st.DrawFn,
) -> tuple[list[list[tuple[int, ...]]], list[list[float]]]:
    sequences = draw(SEQUENCES)
    times = []
    for sequence in sequences:
        steps = draw(
            st.lists(
                st.sampled_from([0.0, 1.0, 3.0]),
                min_size=len(sequence),
                max_size=len(sequence),
            )
        )
        times.append([sum(steps[: index + 1]) for index in range(len(steps))])
    return sequences, times


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(timed_sequences(), st.integers(1, 4))
def test_all_miners_find_what_the_definition_finds(
    data: tuple[list[list[tuple[int, ...]]], list[list[float]]], min_support: int
) -> None:
    sequences, times = data
    limits = Constraints(max_length=6)
    expected = brute_force(sequences, times, min_support, limits)
    for name, miner in MINERS.items():
        found = miner(database(sequences, times), min_support, constraints=limits)
        assert supports(found) == expected, name


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(timed_sequences(), st.integers(1, 3), constraints())
def test_all_miners_keep_every_constraint_as_defined(
    data: tuple[list[list[tuple[int, ...]]], list[list[float]]],
    min_support: int,
    limits: Constraints,
) -> None:
    sequences, times = data
    expected = brute_force(sequences, times, min_support, limits)
    for name, miner in MINERS.items():
        found = miner(database(sequences, times), min_support, constraints=limits)
        assert supports(found) == expected, name


@pytest.fixture(scope="module")
def shop() -> SequenceDatabase:
    """Four shoppers: a, b and c are often bought in that order; d and e often together."""
    return SequenceDatabase.from_lists(
        [
            ["a", ["d", "e"], "b", "c"],
            ["a", "b", ["d", "e"], "c"],
            ["b", "a", "c", ["e", "d"]],
            ["a", "b"],
        ]
    )


def test_patterns_carry_the_labels_and_the_number_of_sequences(
    miner: Miner, shop: SequenceDatabase
) -> None:
    found = supports(miner(shop, 3))

    assert found == {
        (("a",),): 4,
        (("b",),): 4,
        (("c",),): 3,
        (("d",),): 3,
        (("e",),): 3,
        (("d", "e"),): 3,
        (("a",), ("b",)): 3,
        (("a",), ("c",)): 3,
        (("b",), ("c",)): 3,
        (("a",), ("d",)): 3,
        (("a",), ("e",)): 3,
        (("a",), ("d", "e")): 3,
    }


def test_a_share_is_rounded_up_to_a_count(miner: Miner, shop: SequenceDatabase) -> None:
    assert supports(miner(shop, 0.7)) == supports(miner(shop, 3))


def test_a_sequence_counts_once_however_often_it_repeats(miner: Miner) -> None:
    repeats = SequenceDatabase.from_lists([[1, 1, 1, 1], [1, 2]])

    assert supports(miner(repeats, 1))[((1,),)] == 2
    assert supports(miner(repeats, 1))[((1,), (1,), (1,), (1,))] == 1


def test_an_empty_database_has_no_patterns(miner: Miner) -> None:
    assert len(miner(SequenceDatabase.from_lists([]), 1)) == 0
    assert len(miner(SequenceDatabase.from_lists([[], []]), 1)) == 0


@pytest.mark.parametrize("support", [0, -1, 0.0, 1.5, float("nan"), True])
def test_a_support_that_makes_no_sense_is_refused(
    miner: Miner, shop: SequenceDatabase, support: float
) -> None:
    with pytest.raises(ConstraintError, match="minimum support is"):
        miner(shop, support)


def test_a_limit_in_seconds_needs_times(miner: Miner, shop: SequenceDatabase) -> None:
    with pytest.raises(ConstraintError, match="needs a database with times"):
        miner(shop, 1, constraints=Constraints(max_gap_seconds=60))


def test_too_many_patterns_stop_the_run_with_what_it_has(miner: Miner) -> None:
    everything = SequenceDatabase.from_lists([list(range(24))] * 3)

    with pytest.raises(ExplosionError, match="aise the minimum support") as told:
        miner(everything, 2, limits=Limits(max_patterns=5_000))

    assert not told.value.patterns.complete
    assert len(told.value.patterns) > 0


def test_a_stopped_run_can_keep_what_it_found(miner: Miner) -> None:
    everything = SequenceDatabase.from_lists([list(range(24))] * 3)

    found = miner(everything, 2, limits=Limits(max_patterns=5_000, keep_partial=True))

    assert not found.complete
    assert set(supports(found).values()) == {3}
