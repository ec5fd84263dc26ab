"""Rules as sources of the blend: what is taken together, and what sessions go on to.

What the rules of the running session's products lead to is found in their lists, which serving
asks for at each request; `score` spreads it over all items for evaluation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores
from recommender.rules import (
    MOST_RULES,
    RuleIndex,
    Rules,
    association_rules,
    sequential_rules,
    strongest,
    taken,
    touched,
)
from recommender.sequences import Batch, Ints, Log

type Places = NDArray[np.int64]

PRIOR = 5.0


class AssociationRules:
    """Suggests what is taken together with the products of the running session."""

    name = "rules"

    def __init__(self, rules: Rules, items: int) -> None:
        self.index = RuleIndex(rules)
        self.items = items
        self.strength = (rules.count / (rules.prefix_count + PRIOR)).astype(np.float32)

    @classmethod
    def fit(cls, log: Log, items: int, *, min_count: int = 3) -> "AssociationRules":
        """Mine what sessions put into the cart or bought together; MOST_RULES for each product."""
        rules = association_rules(taken(log), min_count=min_count)
        return cls(strongest(rules, MOST_RULES), items)

    def score(self, batch: Batch) -> Scores:
        """The strongest rule that fires, its confidence shrunk where few baskets stand behind."""
        scores = np.full((len(batch), self.items), np.nan, np.float32)
        for row in range(len(batch)):
            self.add_to(scores[row], batch.session_items(row)[:10])
        return scores

    def add_to(self, row: Scores, items: list[int]) -> None:
        """Raise `row` (in place) to the rules that the items fire."""
        for item in items:
            found = self.index.of(item)
            targets = self.index.rules.item[found]
            row[targets] = np.fmax(row[targets], self.strength[found])

    def found(self, batch: Batch) -> tuple[Ints, Scores]:
        """As Sparse says."""
        return self.fired(batch.session_items(0)[:10])

    def fired(self, items: Sequence[int]) -> tuple[Ints, Scores]:
        """What the items' rules lead to, each once, with its strongest rule."""
        asked = np.array(items, np.int32)
        return _strongest(asked, self.index.single, self.index.rules.item, self.strength)

    def grown(self, new: Newcomers) -> "AssociationRules":
        """The same rules, none of which is about the new items."""
        return AssociationRules(self.index.rules, self.items + len(new))

    def arrays(self) -> Arrays:
        """The rules as arrays."""
        return {**self.index.rules.arrays(), "items": np.array(self.items)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "AssociationRules":
        """The recommender that `arrays` came from."""
        return cls(Rules.from_arrays(arrays), int(arrays["items"]))


class SequentialRules:
    """Suggests what sessions turn to next after the last products, in their order."""

    name = "sequences"
    decay = 0.6

    def __init__(self, rules: Rules, items: int, *, max_gap: int = 3) -> None:
        self.index = RuleIndex(rules)
        self.items = items
        self.max_gap = max_gap
        self.strength = (rules.count / (rules.prefix_count + PRIOR)).astype(np.float32)

    @classmethod
    def fit(
        cls, log: Log, items: int, *, min_count: int = 2, max_gap: int = 3
    ) -> "SequentialRules":
        """Mine the order in which sessions turn to products; MOST_RULES for each prefix."""
        rules = sequential_rules(touched(log), max_gap=max_gap, min_count=min_count)
        return cls(strongest(rules, MOST_RULES), items, max_gap=max_gap)

    def score(self, batch: Batch) -> Scores:
        """Confidences of the rules that fire, added up, less for what lies further back."""
        scores = np.zeros((len(batch), self.items), np.float32)
        for row in range(len(batch)):
            latest = batch.session_items(row)[: self.max_gap]
            for back, item in enumerate(latest):
                weight = self.decay**back
                self._add(scores[row], self.index.of(item), weight)
                for earlier in latest[back + 1 :]:
                    self._add(scores[row], self.index.of(item, first=earlier), weight)
        scores[scores == 0] = np.nan
        return scores

    def found(self, batch: Batch) -> tuple[Ints, Scores]:
        """As Sparse says."""
        latest = np.array(batch.session_items(0)[: self.max_gap], np.int32)
        index = self.index
        return _added(
            latest, index.single, index.key, index.width, index.rules.item, self.strength,
            np.float32(self.decay),
        )  # fmt: skip

    def _add(self, row: Scores, found: slice, weight: float) -> None:
        row[self.index.rules.item[found]] += np.float32(weight) * self.strength[found]

    def grown(self, new: Newcomers) -> "SequentialRules":
        """The same rules, none of which is about the new items."""
        return SequentialRules(self.index.rules, self.items + len(new), max_gap=self.max_gap)

    def arrays(self) -> Arrays:
        """The rules as arrays."""
        return {
            **self.index.rules.arrays(),
            "items": np.array(self.items),
            "max_gap": np.array(self.max_gap),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "SequentialRules":
        """The recommender that `arrays` came from."""
        rules = Rules.from_arrays(arrays)
        return cls(rules, int(arrays["items"]), max_gap=int(arrays["max_gap"]))


@compiled
def _strongest(asked: Ints, single: Places, item: Ints, strength: Scores) -> tuple[Ints, Scores]:
    """What the rules of some items lead to, each item once and sorted, with the strongest."""
    most = 0
    for one in asked:
        if 0 <= one < len(single) - 2:
            most += int(single[one + 2] - single[one + 1])
    led_to, values = np.empty(most, np.int32), np.empty(most, np.float32)
    size = 0
    for one in asked:
        if 0 <= one < len(single) - 2:
            for at in range(single[one + 1], single[one + 2]):
                led_to[size], values[size] = item[at], strength[at]
                size += 1
    order = np.argsort(led_to)
    kept = 0
    targets, best = np.empty(most, np.int32), np.empty(most, np.float32)
    for place in range(most):
        at = order[place]
        if kept and targets[kept - 1] == led_to[at]:
            best[kept - 1] = max(best[kept - 1], values[at])
        else:
            targets[kept], best[kept] = led_to[at], values[at]
            kept += 1
    return targets[:kept], best[:kept]


@compiled
def _added(
    latest: Ints, single: Places, key: Places, width: int, item: Ints, strength: Scores,
    decay: np.float32,
) -> tuple[Ints, Scores]:  # fmt: skip
    """What the rules of the latest items, and of each after one before it, lead to.

    One may come more than once; what lies further back counts less.
    """
    most = len(latest) * (len(latest) + 1) // 2
    begin, end = np.zeros(most, np.int64), np.zeros(most, np.int64)
    weight = np.zeros(most, np.float32)
    count, size, worth = 0, 0, np.float32(1)
    for back in range(len(latest)):
        last = latest[back]
        for earlier in range(back, len(latest)):
            if not 0 <= last < width - 1 or latest[earlier] >= width - 1:
                continue
            if earlier == back:
                begin[count], end[count] = single[last + 1], single[last + 2]
            else:
                wanted = (np.int64(latest[earlier]) + 1) * width + last + 1
                begin[count] = np.searchsorted(key, wanted)
                end[count] = begin[count]
                while end[count] < len(key) and key[end[count]] == wanted:
                    end[count] += 1
            weight[count] = worth
            size += end[count] - begin[count]
            count += 1
        worth *= decay
    led_to, values = np.empty(size, np.int32), np.empty(size, np.float32)
    size = 0
    for one in range(count):
        for at in range(begin[one], end[one]):
            led_to[size], values[size] = item[at], strength[at] * weight[one]
            size += 1
    return led_to, values
