"""The rules that the assistant speaks of: mined over people's histories, and more than luck.

Sources count sessions, as many as they can, to rank. What is said to a shopper ("38 of the 120
people …") counts people, by the miners: itemsets of what each person took in one visit (SPADE's
id-lists), and sequences of what each person turned to (PrefixSpan). A rule is spoken of only where
luck would hardly give it: Fisher's exact test at 5 %, with Holm's correction for all pairs tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from recommender.mining.constraints import Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import frequent_itemsets
from recommender.mining.patterns import Patterns
from recommender.mining.prefixspan import prefixspan
from recommender.mining.rules import chance, holm
from recommender.protocol import Arrays
from recommender.rules import MOST_RULES, NO_ITEM, TAKEN_CODES, RuleIndex, Rules, founded, strongest
from recommender.sequences import TARGET_CODES, Ints, Log

LUCK = 0.05
SPOKEN_FOR = timedelta(days=30)
"""Older rules are not spoken: what people take changes with the season."""
MAX_GAP = 3
"""How many products on somebody may turn to another for it to have followed."""
LARGEST = 300
"""Visits of more products (price lists, robots) tie everything to everything: left out."""


@dataclass(frozen=True)
class Spoken:
    """Rules product ⇒ product, counted in people: taken in one visit, and turned to after."""

    together: Rules
    sequences: Rules

    @classmethod
    def mine(cls, log: Log, *, min_people: int) -> "Spoken":
        """The rules with so many people behind each."""
        items = int(log.item.max(initial=0)) + 1
        visits = _histories(log, TAKEN_CODES, items, by_session=True)
        pairs = frequent_itemsets(
            visits, min_people, constraints=Constraints(max_length=2), within_elements=True
        )
        turns = _histories(log, TARGET_CODES, items, by_session=False)
        limits = Constraints(max_length=2, max_gap=MAX_GAP)
        follows = prefixspan(turns, min_people, constraints=limits)
        return cls(_rules(pairs, both_ways=True), _rules(follows, both_ways=False))

    @classmethod
    def nothing(cls) -> "Spoken":
        """No rules: nothing is said of what goes with what."""
        none = np.zeros(0, np.int32)
        empty = Rules(none.reshape(0, 2), none, none, none, none, none, none, 0)
        return cls(empty, empty)

    def indexes(self, min_people: int) -> tuple[RuleIndex, RuleIndex]:
        """Both kinds of rules with at least so many people, to look up."""
        return (
            RuleIndex(founded(self.together, min_people)),
            RuleIndex(founded(self.sequences, min_people)),
        )

    def parts(self) -> dict[str, Arrays]:
        """The rules as parts for the registry."""
        return {
            "spoken_together": self.together.arrays(),
            "spoken_sequences": self.sequences.arrays(),
        }

    @classmethod
    def from_parts(cls, parts: Mapping[str, Arrays]) -> "Spoken":
        """The rules that `parts` came from."""
        return cls(
            Rules.from_arrays(parts["spoken_together"]),
            Rules.from_arrays(parts["spoken_sequences"]),
        )


def _histories(
    log: Log, codes: tuple[int, ...], items: int, *, by_session: bool
) -> SequenceDatabase:
    """A sequence a person; an element is a session, or each first turn to a product in one."""
    keep = np.flatnonzero(np.isin(log.action, codes) & (log.item >= 0))
    pair = log.session[keep].astype(np.int64) * items + log.item[keep]
    keep = keep[np.sort(np.unique(pair, return_index=True)[1])]
    _, session, sizes = np.unique(log.session[keep], return_inverse=True, return_counts=True)
    keep = keep[sizes[session] <= LARGEST]
    begins = np.flatnonzero(np.diff(log.shopper[keep], prepend=-1))
    offsets = np.append(begins, len(keep)).astype(np.int64)
    elements = log.session[keep] if by_session else np.arange(len(keep), dtype=np.int32)
    elements = elements - np.repeat(elements[begins], np.diff(offsets))
    return SequenceDatabase.from_arrays(
        log.item[keep].astype(np.int32), elements.astype(np.int32), offsets, np.arange(items)
    )


def _rules(patterns: Patterns, *, both_ways: bool) -> Rules:
    """The rules of pairs whose two sides are different and go together by more than luck."""
    items: Ints = patterns.labels[patterns.codes >> 1].astype(np.int32)
    begins, lengths = patterns.offsets[:-1], patterns.lengths()
    people = np.zeros(int(items.max(initial=0)) + 1, np.int64)
    people[items[begins[lengths == 1]]] = patterns.supports[lengths == 1]
    pairs = begins[lengths == 2]
    first, second = items[pairs], items[pairs + 1]
    count = patterns.supports[lengths == 2]
    other = first != second
    first, second, count = first[other], second[other], count[other]
    luck = holm(chance(count, people[first], people[second], patterns.sequences), len(count))
    sure = luck <= LUCK
    first, second, count = first[sure], second[sure], count[sure]
    if both_ways:
        first, second = np.concatenate([first, second]), np.concatenate([second, first])
        count = np.concatenate([count, count])
    return strongest(_in_order(first, second, count, people, patterns.sequences), MOST_RULES)


def _in_order(
    first: Ints, second: Ints, count: NDArray[np.int64], people: NDArray[np.int64], groups: int
) -> Rules:
    order = np.lexsort((second, -count, first))
    first, second = first[order], second[order]
    of, to = people[first].astype(np.int32), people[second].astype(np.int32)
    prefix = np.column_stack([np.full(len(first), NO_ITEM, np.int32), first])
    some = count[order].astype(np.int32)
    return Rules(prefix, second, some, of, to, some, of, groups)
