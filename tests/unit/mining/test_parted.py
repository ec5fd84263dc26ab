"""A database mined in parts gives what it gives as a whole, and holds one part at a time."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.mining.constraints import ConstraintError, Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.job import Job, What, mine
from recommender.mining.parted import PartedDatabase, mine_parted
from recommender.mining.prefixspan import prefixspan
from recommender.mining.run import ExplosionError, Limits
from tests.unit.mining.conftest import supports
from tests.unit.mining.test_miners import constraints, timed_sequences

type Data = tuple[list[list[tuple[int, ...]]], list[list[float]]]


def split(data: Data, size: int, folder: Path) -> PartedDatabase:
    """The sequences in parts of so many."""
    sequences, times = data
    parts = (
        SequenceDatabase.from_lists(
            sequences[begin : begin + size], times=times[begin : begin + size]
        )
        for begin in range(0, len(sequences), size)
    )
    return PartedDatabase.write(parts, folder)


@settings(max_examples=500, deadline=None)
@given(timed_sequences(), st.integers(1, 3), st.integers(1, 3), constraints())
def test_parts_together_give_what_the_whole_gives(
    data: Data, size: int, min_support: int, limits: Constraints
) -> None:
    whole = SequenceDatabase.from_lists(data[0], times=data[1])
    with TemporaryDirectory() as folder:
        found = mine_parted(split(data, size, Path(folder)), min_support, constraints=limits)
    assert supports(found) == supports(prefixspan(whole, min_support, constraints=limits))


@pytest.mark.parametrize(
    "job",
    [
        Job(top=15),
        Job(min_support=0.2, constraints=Constraints(max_gap_seconds=2)),
        Job(what=What.ITEMSETS, top=15, within_elements=True),
        Job(what=What.ITEMSETS, min_support=0.3),
    ],
    ids=["top", "gaps", "in one visit", "baskets"],
)
def test_a_job_on_parts_ends_with_the_same_patterns_and_rules_in_the_same_order(
    job: Job, tmp_path: Path
) -> None:
    draw = np.random.default_rng(4)
    sequences = [
        [tuple(set(draw.integers(0, 9, 2).tolist())) for _ in range(draw.integers(1, 8))]
        for _ in range(90)
    ]
    data = (sequences, [[float(at) for at in range(len(s))] for s in sequences])

    found = mine(split(data, 25, tmp_path), job)

    whole = mine(SequenceDatabase.from_lists(*data[:1], times=data[1]), job)
    assert len(found.patterns) >= 15
    assert list(found.patterns) == list(whole.patterns)
    assert found.rules == whole.rules
    assert found.patterns.sequences == 90


def test_only_one_part_is_asked_for_at_a_time(tmp_path: Path) -> None:
    asked = []

    def parts() -> Iterator[SequenceDatabase]:
        for number in range(3):
            asked.append(number)
            yield SequenceDatabase.from_lists([[number, 7]] * 2)
            assert asked[-1] == number

    database = PartedDatabase.write(parts(), tmp_path)

    assert database.sizes == (2, 2, 2)
    assert dict(zip(database.labels.tolist(), database.item_supports().tolist(), strict=True)) == {
        0: 2,
        1: 2,
        2: 2,
        7: 6,
    }


def test_parts_that_explode_give_what_was_counted_in_all(tmp_path: Path) -> None:
    database = PartedDatabase.write(
        (SequenceDatabase.from_lists([list(range(24))] * 2) for _ in "ab"), tmp_path
    )

    with pytest.raises(ExplosionError, match="aise the minimum support") as told:
        mine_parted(database, 3, limits=Limits(max_patterns=5_000))

    found = supports(told.value.patterns)
    assert not told.value.patterns.complete
    assert {len(pattern) for pattern in found} == {1, 2, 3}
    assert len(found) == 24 + 276 + 2024
    assert set(found.values()) == {4}


def test_no_parts_hold_nothing_and_a_wrong_support_is_refused(tmp_path: Path) -> None:
    nothing = PartedDatabase.write([], tmp_path)

    assert len(mine_parted(nothing, 1)) == 0
    with pytest.raises(ConstraintError, match="minimum support is"):
        mine_parted(nothing, 0)
