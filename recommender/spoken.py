"""The rules that the assistant speaks of: mined over people's histories, and more than luck.

Sources count sessions, as many as they can, to rank. What is said to a shopper ("38 of the 120
people …") counts people, by the miners: itemsets of what each person took in one visit (SPADE's
id-lists), and sequences of what each person turned to (PrefixSpan). A rule is spoken of only where
luck would hardly give it: Fisher's exact test at 5 %, with Holm's correction for all pairs tried.
What is taken together is tested over visits, as people who shop often have taken nearly everything
in some visit; what follows is tested over people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.mining.constraints import Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import frequent_itemsets
from recommender.mining.patterns import Patterns
from recommender.mining.prefixspan import prefixspan
from recommender.mining.rules import chance, holm
from recommender.protocol import Arrays
from recommender.rules import MOST_RULES, NO_ITEM, TAKEN_CODES, RuleIndex, Rules, founded, strongest
from recommender.sequences import TARGET_CODES, Log

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
        baskets = frequent_itemsets(
            _visits(visits), min_people, constraints=Constraints(max_length=2)
        )
        told = _rules(pairs, tested=baskets, both_ways=True)
        return cls(told, _rules(follows, tested=follows, both_ways=False))

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


def _visits(histories: SequenceDatabase) -> SequenceDatabase:
    """The same with a sequence a visit."""
    new = np.diff(histories.elements, prepend=-1) != 0
    new[histories.offsets[:-1]] = True
    offsets = np.append(np.flatnonzero(new), len(histories.items)).astype(np.int64)
    return SequenceDatabase.from_arrays(
        histories.items, np.zeros_like(histories.elements), offsets, histories.labels
    )


@dataclass(frozen=True)
class _Pairs:
    """The frequent pairs of different items, and in how many sequences each item is."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    count: NDArray[np.int64]
    singly: NDArray[np.int64]

    @classmethod
    def of(cls, patterns: Patterns) -> "_Pairs":
        items = patterns.labels[patterns.codes >> 1].astype(np.int64)
        begins, lengths = patterns.offsets[:-1], patterns.lengths()
        singly = np.zeros(int(items.max(initial=0)) + 1, np.int64)
        singly[items[begins[lengths == 1]]] = patterns.supports[lengths == 1]
        pairs = begins[lengths == 2]
        first, second = items[pairs], items[pairs + 1]
        other = first != second
        count = patterns.supports[lengths == 2]
        return cls(first[other], second[other], count[other], singly)

    def keys(self, width: int) -> NDArray[np.int64]:
        return self.first * width + self.second


def _rules(people: Patterns, *, tested: Patterns, both_ways: bool) -> Rules:
    """The rules of the pairs that go together by more than luck in `tested`, counted in both."""
    told, groups = _Pairs.of(people), _Pairs.of(tested)
    width = len(groups.singly)
    known = np.argsort(groups.keys(width))
    # Whoever has a pair has it in some group, so what enough people have is among the tested.
    at = known[np.searchsorted(groups.keys(width)[known], told.keys(width))]
    luck = holm(
        chance(
            groups.count, groups.singly[groups.first], groups.singly[groups.second],
            tested.sequences,
        ),
        len(groups.count),
    )  # fmt: skip
    sure = luck[at] <= LUCK
    at = at[sure]
    frame = pl.DataFrame(
        {
            "last": told.first[sure],
            "item": told.second[sure],
            "count": groups.count[at],
            "people": told.count[sure],
        }
    )
    if both_ways:
        mirrored = frame.rename({"last": "item", "item": "last"}).select(frame.columns)
        frame = pl.concat([frame, mirrored])
    last, item = frame["last"].to_numpy(), frame["item"].to_numpy()
    counted = frame.with_columns(
        first=pl.lit(NO_ITEM, pl.Int32),
        prefix_count=groups.singly[last],
        item_count=groups.singly[item],
        prefix_people=told.singly[last],
    )
    return strongest(Rules.of(counted, tested.sequences), MOST_RULES)
