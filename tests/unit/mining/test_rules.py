"""Rules and their measures, held against counting by hand."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from recommender.mining.constraints import Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import frequent_itemsets
from recommender.mining.prefixspan import prefixspan
from recommender.mining.rules import association_rules, chance, holm, sequential_rules

BASKETS = st.lists(st.sets(st.integers(0, 4), min_size=1, max_size=4), min_size=1, max_size=8)


def baskets_of(baskets: list[set[int]]) -> SequenceDatabase:
    return SequenceDatabase.from_lists([[basket] for basket in baskets])


@settings(max_examples=300, deadline=None)
@given(BASKETS, st.integers(1, 3))
def test_itemsets_are_all_those_in_enough_baskets(
    baskets: list[set[int]], min_support: int
) -> None:
    items = sorted(set(chain.from_iterable(baskets)))
    subsets = chain.from_iterable(combinations(items, size) for size in range(1, len(items) + 1))
    counts = {s: sum(set(s) <= basket for basket in baskets) for s in subsets}

    found = frequent_itemsets(baskets_of(baskets), min_support)

    assert {pattern.elements[0]: pattern.support for pattern in found} == {
        itemset: count for itemset, count in counts.items() if count >= min_support
    }


def test_the_order_in_a_sequence_is_left_aside_for_itemsets() -> None:
    found = frequent_itemsets(SequenceDatabase.from_lists([["a", "b"], ["b", "a"]]), 2)

    assert (("a", "b"),) in {pattern.elements for pattern in found}


@settings(max_examples=100, deadline=None)
@given(st.lists(BASKETS, min_size=1, max_size=5), st.integers(1, 3))
def test_itemsets_inside_elements_count_once_for_each_sequence(
    histories: list[list[set[int]]], min_support: int
) -> None:
    items = range(5)
    subsets = chain.from_iterable(combinations(items, size) for size in range(1, 5))
    counts = {s: sum(any(set(s) <= b for b in baskets) for baskets in histories) for s in subsets}

    found = frequent_itemsets(
        SequenceDatabase.from_lists(histories), min_support, within_elements=True
    )

    assert {pattern.elements[0]: pattern.support for pattern in found} == {
        itemset: count for itemset, count in counts.items() if count >= min_support
    }


@settings(max_examples=200, deadline=None)
@given(BASKETS, st.sampled_from([0.0, 0.4, 0.5, 0.75, 1.0]))
def test_rules_are_all_splits_that_are_confident_enough(
    baskets: list[set[int]], min_confidence: float
) -> None:
    itemsets = frequent_itemsets(baskets_of(baskets), 1)
    expected = {}
    for itemset in (pattern.elements[0] for pattern in itemsets):
        for size in range(1, len(itemset)):
            for left in combinations(itemset, size):
                both = sum(set(itemset) <= basket for basket in baskets)
                given_left = sum(set(left) <= basket for basket in baskets)
                if both / given_left >= min_confidence:
                    right = tuple(item for item in itemset if item not in left)
                    expected[left, right] = (both, given_left)

    rules = association_rules(itemsets, min_confidence=min_confidence)

    assert {
        (rule.antecedent[0], rule.consequent[0]): (rule.count, rule.antecedent_count)
        for rule in rules
    } == expected


@pytest.fixture(scope="module")
def campers() -> SequenceDatabase:
    """Of ten people six took a tent, five of those then a mat; one took a mat first."""
    return SequenceDatabase.from_lists(
        [["tent", "mat"]] * 5 + [["tent"]] + [["mat", "mug"]] + [["mug"]] * 3
    )


def test_a_sequential_rule_says_what_followed_and_how_surely(campers: SequenceDatabase) -> None:
    (rule,) = sequential_rules(prefixspan(campers, 2), min_confidence=0.5)

    assert (rule.antecedent, rule.consequent) == ((("tent",),), (("mat",),))
    assert (rule.count, rule.antecedent_count, rule.consequent_count) == (5, 6, 6)
    assert rule.support == pytest.approx(0.5)
    assert rule.confidence == pytest.approx(5 / 6)
    assert rule.lift == pytest.approx((5 / 6) / 0.6)
    assert rule.leverage == pytest.approx(0.5 - 0.36)
    assert rule.conviction == pytest.approx(0.4 / (1 / 6))


def test_a_rule_that_never_fails_has_infinite_conviction(campers: SequenceDatabase) -> None:
    rules = association_rules(frequent_itemsets(campers, 1), min_confidence=0.1)

    assert {rule.conviction for rule in rules if rule.confidence == 1.0} <= {float("inf")}


@given(st.integers(2, 60), st.data())
def test_the_chance_is_fishers_exact_test(sequences: int, data: st.DataObject) -> None:
    antecedent = data.draw(st.integers(1, sequences))
    consequent = data.draw(st.integers(1, sequences))
    both = data.draw(
        st.integers(max(0, antecedent + consequent - sequences), min(antecedent, consequent))
    )
    table = [
        [both, antecedent - both],
        [consequent - both, sequences - antecedent - consequent + both],
    ]

    (found,) = chance(np.array([both]), np.array([antecedent]), np.array([consequent]), sequences)

    assert found == pytest.approx(fisher_exact(table, alternative="greater").pvalue, abs=1e-9)


def test_holm_multiplies_the_smallest_by_all_that_were_tried() -> None:
    corrected = holm(np.array([0.04, 0.001, 0.03]), 10)

    assert corrected.tolist() == pytest.approx([0.32, 0.01, 0.27])


@pytest.mark.slow
def test_luck_alone_seldom_makes_a_significant_rule() -> None:
    random = np.random.default_rng(5)
    fooled = 0
    for _ in range(200):
        baskets = [set(np.flatnonzero(random.random(8) < 0.3)) or {0} for _ in range(100)]
        rules = association_rules(
            frequent_itemsets(baskets_of(baskets), 5, constraints=Constraints(max_length=2)),
            min_confidence=0.0,
        )
        fooled += any(rule.p_value < 0.05 for rule in rules)

    assert fooled <= 0.05 * 200 + 3 * (0.05 * 0.95 * 200) ** 0.5


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_outside_0_and_1_is_refused(
    campers: SequenceDatabase, confidence: float
) -> None:
    with pytest.raises(ValueError, match="minimum confidence is"):
        association_rules(frequent_itemsets(campers, 1), min_confidence=confidence)
