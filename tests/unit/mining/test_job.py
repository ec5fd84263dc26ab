"""One call for patterns and rules: what it keeps, and how it ends when it must stop early."""

import _thread
import threading

import pytest

from recommender.mining.constraints import ConstraintError, Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.job import Algorithm, Job, Keep, What, mine
from recommender.mining.run import Limits, StoppedError
from tests.unit.mining.conftest import MINERS, supports


@pytest.fixture(scope="module")
def campers() -> SequenceDatabase:
    """Tent, then mat, in four of six histories; tent and pegs in one basket in three."""
    return SequenceDatabase.from_lists(
        [[["pegs", "tent"], "mat"]] * 3 + [["tent", "mat", "mug"], ["mug"], ["mat"]]
    )


def test_the_strongest_come_first(campers: SequenceDatabase) -> None:
    found = mine(campers, Job(min_support=3))

    assert found.patterns.supports.tolist() == sorted(found.patterns.supports, reverse=True)
    assert supports(found.patterns)[(("tent",), ("mat",))] == 4


@pytest.mark.parametrize("algorithm", Algorithm)
def test_every_algorithm_finds_the_same(campers: SequenceDatabase, algorithm: Algorithm) -> None:
    found = mine(campers, Job(min_support=2, algorithm=algorithm))

    assert supports(found.patterns) == supports(mine(campers, Job(min_support=2)).patterns)


def test_steps_are_elements_of_sequences_and_items_of_itemsets(campers: SequenceDatabase) -> None:
    sequences = mine(campers, Job(min_support=3, min_steps=2))
    itemsets = mine(
        campers, Job(what=What.ITEMSETS, min_support=3, min_steps=2, within_elements=True)
    )

    assert set(supports(sequences.patterns)) == {
        (("tent",), ("mat",)),
        (("pegs",), ("mat",)),
        (("pegs", "tent"), ("mat",)),
    }
    assert set(supports(itemsets.patterns)) == {(("pegs", "tent"),)}


def test_baskets_are_whole_sequences_unless_elements_are_asked_for(
    campers: SequenceDatabase,
) -> None:
    found = supports(mine(campers, Job(what=What.ITEMSETS, min_support=4)).patterns)

    assert found[(("mat", "tent"),)] == 4


def test_only_closed_or_maximal_ones_are_kept(campers: SequenceDatabase) -> None:
    closed = supports(mine(campers, Job(min_support=3, keep=Keep.CLOSED)).patterns)
    maximal = supports(mine(campers, Job(min_support=3, keep=Keep.MAXIMAL)).patterns)

    assert closed == {
        (("mat",),): 5,
        (("tent",), ("mat",)): 4,
        (("pegs", "tent"), ("mat",)): 3,
    }
    assert maximal == {(("pegs", "tent"), ("mat",)): 3}


def test_rules_are_drawn_from_all_patterns_whatever_is_kept(campers: SequenceDatabase) -> None:
    rules = {
        keep: mine(campers, Job(min_support=3, keep=keep, min_confidence=0.9)).rules
        for keep in Keep
    }

    assert rules[Keep.MAXIMAL] == rules[Keep.CLOSED] == rules[Keep.ALL] != []


def test_rules_with_a_required_item_know_the_counts_of_sides_without_it(
    campers: SequenceDatabase,
) -> None:
    found = mine(campers, Job(min_support=3, constraints=Constraints(required=frozenset({"mat"}))))

    assert all("mat" in str(pattern.elements) for pattern in found.patterns)
    (rule,) = [r for r in found.rules if r.antecedent == (("tent",),)]
    assert (rule.consequent, rule.count, rule.antecedent_count) == ((("mat",),), 4, 4)


def test_the_top_ones_come_with_rules(campers: SequenceDatabase) -> None:
    found = mine(campers, Job(top=1, min_steps=2))

    assert supports(found.patterns) == {(("tent",), ("mat",)): 4}
    assert [(rule.antecedent, rule.consequent) for rule in found.rules] == [
        ((("tent",),), (("mat",),))
    ]


def test_a_run_that_explodes_gives_what_it_has_and_says_so() -> None:
    everything = SequenceDatabase.from_lists([list(range(14))] * 3)

    found = mine(everything, Job(min_support=2), limits=Limits(max_patterns=1_000))

    assert not found.patterns.complete
    assert len(found.patterns) >= 1_000
    assert "aise the minimum support" in found.notes[0]


@pytest.mark.parametrize("name", ["prefixspan", "spade"])
def test_ctrl_c_stops_a_run_with_what_it_has(name: str) -> None:
    """The interrupt comes from a thread, as the main one is the one that must hear it."""
    everything = SequenceDatabase.from_lists([list(range(40))] * 3)
    begun = threading.Event()

    def tell(share: float, found: int) -> None:
        if found > 1_000 and not begun.is_set():
            begun.set()
            _thread.interrupt_main()

    with pytest.raises(StoppedError, match="stopped after") as told:
        MINERS[name](everything, 2, limits=Limits(on_progress=tell))

    assert not told.value.patterns.complete
    assert set(told.value.patterns.supports.tolist()) == {3}


def test_rules_are_left_out_where_there_would_be_millions_of_splits() -> None:
    long = SequenceDatabase.from_lists([list(range(20))])

    found = mine(long, Job(what=What.ITEMSETS, min_support=1))

    assert found.rules == []
    assert "splits of the patterns" in found.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give a minimum support"),
        ({"min_support": 2, "top": 3}, "either"),
        ({"top": 3, "min_steps": 0}, "min_steps is 0"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        Job(**options)  # type: ignore[arg-type]


def test_a_confidence_that_makes_no_sense_is_refused(campers: SequenceDatabase) -> None:
    with pytest.raises(ConstraintError, match="minimum confidence is 2"):
        mine(campers, Job(min_support=2, min_confidence=2))
