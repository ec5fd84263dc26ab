"""Rules: counted by hand, and against brute force."""

from datetime import timedelta
from itertools import combinations, pairwise, product
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.rules import (
    NO_ITEM,
    RuleIndex,
    Rules,
    association_rules,
    founded,
    pair_counts,
    sequential_rules,
    strongest,
)

TENT, MAT, STOVE = 0, 1, 2


def steps(groups: list[tuple[int, list[int]]]) -> pl.DataFrame:
    """A frame of (person, items) groups, one minute between items."""
    table = [
        (group, person, item, minute * 60_000_000)
        for group, (person, items) in enumerate(groups)
        for minute, item in enumerate(dict.fromkeys(items))
    ]
    schema = {"group": pl.Int32, "person": pl.Int32, "item": pl.Int32, "at": pl.Int64}
    return pl.DataFrame(table, schema=schema, orient="row")


def found(rules: Rules) -> dict[tuple[int, int, int], tuple[int, ...]]:
    return {
        (*rules.prefix[at].tolist(), int(rules.item[at])): tuple(
            int(column[at])
            for column in (
                rules.count,
                rules.prefix_count,
                rules.item_count,
                rules.people,
                rules.prefix_people,
            )
        )
        for at in range(len(rules))
    }


# Four baskets of three people: person 7 took tent and mat twice.
BASKETS = [(7, [TENT, MAT]), (7, [TENT, MAT, STOVE]), (8, [TENT, MAT]), (9, [TENT])]


def test_support_confidence_and_lift_are_as_counted_by_hand() -> None:
    rules = association_rules(steps(BASKETS))
    at = rules.item.tolist().index(TENT)
    assert rules.prefix[at].tolist() == [NO_ITEM, MAT]
    assert rules.support[at] == 3 / 4
    assert rules.confidence[at] == 1.0
    assert rules.lift[at] == pytest.approx(1.0)
    assert rules.lift_of(at) == pytest.approx(1.0)


def test_a_founded_rule_says_more_than_popularity_and_has_people_enough() -> None:
    rules = association_rules(steps(BASKETS))
    # Everybody took a tent, so it goes with nothing; only one person took the stove.
    assert set(found(founded(rules, 1))) == {(NO_ITEM, MAT, STOVE), (NO_ITEM, STOVE, MAT)}
    assert len(founded(rules, 2)) == 0


def test_a_person_counts_once_however_often_they_took_both() -> None:
    rules = association_rules(steps(BASKETS))
    assert found(rules)[(NO_ITEM, TENT, MAT)] == (3, 4, 3, 2, 3)


def test_rules_below_the_least_count_or_confidence_are_left_out() -> None:
    assert set(found(association_rules(steps(BASKETS), min_count=2))) == {
        (NO_ITEM, TENT, MAT),
        (NO_ITEM, MAT, TENT),
    }
    assert set(found(association_rules(steps(BASKETS), min_confidence=0.9))) == {
        (NO_ITEM, MAT, TENT),
        (NO_ITEM, STOVE, TENT),
        (NO_ITEM, STOVE, MAT),
    }


def test_a_giant_basket_is_left_out_of_all_counts() -> None:
    rules = association_rules(steps([*BASKETS, (5, list(range(10)))]), largest=9)
    assert found(rules) == found(association_rules(steps(BASKETS)))


def test_no_baskets_give_no_rules() -> None:
    assert len(association_rules(steps([]))) == 0
    assert len(sequential_rules(steps([]))) == 0


def test_sequential_rules_follow_the_order() -> None:
    rules = found(sequential_rules(steps([(1, [TENT, MAT, STOVE]), (2, [TENT, STOVE])])))
    assert rules[(NO_ITEM, TENT, STOVE)] == (2, 2, 2, 2, 2)
    assert rules[(TENT, MAT, STOVE)] == (1, 1, 2, 1, 1)
    assert (NO_ITEM, STOVE, TENT) not in rules


def test_a_gap_that_is_too_wide_holds_no_rule() -> None:
    rules = found(sequential_rules(steps([(1, [TENT, MAT, STOVE])]), max_gap=1))
    assert (NO_ITEM, TENT, STOVE) not in rules
    assert (TENT, MAT, STOVE) in rules


def test_a_pause_that_is_too_long_holds_no_rule() -> None:
    one_minute_apart = steps([(1, [TENT, MAT])])
    assert len(sequential_rules(one_minute_apart, max_pause=timedelta(seconds=59))) == 0
    assert len(sequential_rules(one_minute_apart, max_pause=timedelta(seconds=60))) == 1


@pytest.mark.parametrize("wrong", [{"max_prefix": 3}, {"max_prefix": 0}, {"max_gap": 0}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="max_prefix"):
        sequential_rules(steps(BASKETS), **wrong)


groups = st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 4), max_size=6)), max_size=8)


@given(groups, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_association_rules_equal_brute_force(groups: list[Any], min_count: int) -> None:
    expected = {}
    baskets = [(person, set(items)) for person, items in groups]
    for left, right in product(range(5), repeat=2):
        both = [person for person, items in baskets if {left, right} <= items]
        ofs = [person for person, items in baskets if left in items]
        if left != right and len(both) >= min_count:
            rights = sum(right in items for _, items in baskets)
            expected[(NO_ITEM, left, right)] = (
                len(both), len(ofs), rights, len(set(both)), len(set(ofs)),
            )  # fmt: skip
    assert found(association_rules(steps(groups), min_count=min_count)) == expected


@given(groups, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_sequential_rules_equal_brute_force(groups: list[Any], max_gap: int) -> None:
    sequences = [(person, list(dict.fromkeys(items))) for person, items in groups]

    def holders(pattern: tuple[int, ...]) -> list[int]:
        return [person for person, items in sequences if _holds(items, pattern, max_gap)]

    expected = {}
    for length in (2, 3):
        for pattern in product(range(5), repeat=length):
            who, ofs, rights = holders(pattern), holders(pattern[:-1]), holders(pattern[-1:])
            if who and len(set(pattern)) == length:
                key = (NO_ITEM, *pattern) if length == 2 else pattern
                expected[key] = (
                    len(who), len(ofs), len(rights), len(set(who)), len(set(ofs)),
                )  # fmt: skip
    assert found(sequential_rules(steps(groups), max_gap=max_gap)) == expected


def _holds(items: list[int], pattern: tuple[int, ...], max_gap: int) -> bool:
    return any(
        tuple(items[at] for at in places) == pattern
        and all(after - before <= max_gap for before, after in pairwise(places))
        for places in combinations(range(len(items)), len(pattern))
    )


@given(groups)
@settings(max_examples=30, deadline=None)
def test_pair_counts_are_symmetric(groups: list[Any]) -> None:
    counts = {row[:2]: row[2:] for row in pair_counts(steps(groups)).iter_rows()}
    assert all(counts[(right, left)] == count for (left, right), count in counts.items())


def test_the_index_finds_exactly_the_rules_of_a_prefix() -> None:
    rules = sequential_rules(steps([(1, [TENT, MAT, STOVE]), (2, [MAT, STOVE, TENT])]))
    index = RuleIndex(rules)
    for at in range(len(rules)):
        first, last = rules.prefix[at].tolist()
        inside = index.of(last, first=first)
        assert inside.start <= at < inside.stop
        assert (rules.prefix[inside] == [first, last]).all()
    assert index.of(99) == index.of(-1) == slice(0, 0)


def test_the_strongest_rules_of_each_prefix_are_those_with_the_highest_counts() -> None:
    rules = strongest(association_rules(steps(BASKETS)), 1)
    assert set(found(rules)) == {(NO_ITEM, TENT, MAT), (NO_ITEM, MAT, TENT), (NO_ITEM, STOVE, TENT)}


def test_keeping_the_strongest_of_no_rules_is_no_error() -> None:
    assert len(strongest(association_rules(steps([])), 3)) == 0
