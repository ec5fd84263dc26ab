"""Which moves a shopper made of their own accord, and which the product before led to.

Who looks at a tent and then at a mat says little of themselves: everybody does. Who leaves a tent
for a bicycle says that they care for bicycles. So each move is weighed by the chance that the
shopper's own taste, and not the product before, led to it. By Bayes' rule that is OWN * P(item) /
P(item | product before), at most 1, if own taste leads to OWN of all moves, and to what is popular.
What follows a product is counted, and pulled as by PRIOR moves towards what follows its category.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommender.protocol import Arrays, Scores
from recommender.sequences import MICROSECONDS, Ints, Log, first_touches

OWN = 0.45
PRIOR = 50.0
CATEGORY_PRIOR = 10.0
SHOPPER_PRIOR = 2.0
UNLED = 0.75
"""The chance where no product before is known: at a visit's start, or after what is new."""
RECALLED = 6
"""Back at one of so many products before, a shopper goes on with it: that is no move."""


@dataclass(frozen=True)
class OwnMoves:
    """How often everybody moves from one item to another, and to each item at all.

    `pair` are sorted, `before * items + item`, with their `count`; `left` (items,) counts the moves
    from each item. `share` (items,) is what of all moves goes to an item, `onward` (categories,
    categories) what of those from one category goes to another; `category` (items,) is each item's
    row of it, those without a category sharing the last.
    """

    pair: NDArray[np.int64]
    count: Ints
    left: Ints
    share: Scores
    onward: Scores
    category: Ints

    @classmethod
    def fit(cls, log: Log, category: Ints) -> Self:
        """Count the moves of each session; `category` has each item's code, -1 for none."""
        items, categories = len(category), int(category.max(initial=-1)) + 2
        row = np.where(category >= 0, category, categories - 1).astype(np.int32)
        before, item, _ = moves(log)
        share = np.bincount(item, minlength=items) + 0.5
        share /= share.sum()
        led = before >= 0
        pair, count = np.unique(
            before[led].astype(np.int64) * items + item[led], return_counts=True
        )
        onward = np.zeros((categories, categories))
        np.add.at(onward, (row[before[led]], row[item[led]]), 1)
        of_all = np.bincount(row, share, categories)
        onward = (onward + CATEGORY_PRIOR * of_all) / (
            onward.sum(axis=1, keepdims=True) + CATEGORY_PRIOR
        )
        return cls(
            pair=pair,
            count=count.astype(np.int32),
            left=np.bincount(before[led], minlength=items).astype(np.int32),
            share=share.astype(np.float32),
            onward=(onward / np.maximum(of_all, 1e-30)).astype(np.float32),
            category=row,
        )

    def chances(self, before: Ints, item: Ints, *, counted: int = 0) -> Scores:
        """The chance of each move, (n,), that it was the shopper's own.

        `before` is -1 where nothing was; `counted` is 1 for moves that were counted themselves, so
        that none speaks for itself.
        """
        items = len(self.share)
        chances = np.full(len(item), UNLED, np.float32)
        known = np.flatnonzero((before >= 0) & (before < items) & (item < items))
        before, item = before[known], item[known]
        times = self._times(before.astype(np.int64) * items + item)
        lift = self.onward[self.category[before], self.category[item]]
        led = np.maximum(times - counted, 0) + PRIOR * lift * self.share[item]
        led /= np.maximum(self.left[before] - counted, 0) + PRIOR
        chances[known] = np.minimum(OWN * self.share[item] / np.maximum(led, 1e-30), 1)
        return chances

    def leaning(self, steps: Ints, category: Ints, share: Scores) -> Scores:
        """How much a shopper leans to each category, (categories,), by all known items of `steps`.

        The log of the share of it in their own moves against everybody's `share`, pulled towards 0
        as by SHOPPER_PRIOR moves; `category` has the code of every item.
        """
        before, item = moves_of(steps)
        code, own = category[item], self.chances(before, item)
        own, code = own[code >= 0], code[code >= 0]
        counts = np.bincount(code, own, len(share))
        drawn = (counts + SHOPPER_PRIOR * share) / ((own.sum() + SHOPPER_PRIOR) * share)
        leaning: Scores = np.log(drawn).astype(np.float32)
        return leaning

    def popularity(self, log: Log, *, half_life: float | None = None) -> NDArray[np.float64]:
        """How many moves of the log it counted, by their chances, were shoppers' own to each item.

        With `half_life` each counts half as much after so many days.
        """
        before, item, at = moves(log)
        own = self.chances(before, item, counted=1).astype(np.float64)
        if half_life is not None and len(at):
            own *= 0.5 ** ((at.max() - at) / (half_life * 86_400 * MICROSECONDS))
        return np.bincount(item, own, len(self.share))

    def _times(self, pair: NDArray[np.int64]) -> Ints:
        """How often each of these moves was counted."""
        if len(self.pair) == 0:
            return np.zeros(len(pair), np.int32)
        at = np.minimum(np.searchsorted(self.pair, pair), len(self.pair) - 1)
        return np.where(self.pair[at] == pair, self.count[at], 0).astype(np.int32)

    def arrays(self) -> Arrays:
        """All of it, for one npz file."""
        return {f"moves_{name}": getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The counts that `arrays` came from, which may hold others too."""
        return cls(**{name: arrays[f"moves_{name}"] for name in cls.__dataclass_fields__})


def moves(log: Log) -> tuple[Ints, Ints, NDArray[np.int64]]:
    """Each move of a session to an item new to it: the item before (-1: none), the item, when."""
    at = first_touches(log)
    at = at[log.item[at] >= 0]
    item, session = log.item[at], log.session[at]
    goes_on = np.diff(session, prepend=-1) == 0
    before = np.where(goes_on, np.roll(item, 1), -1).astype(np.int32)
    return before, item, log.at[at]


def moves_of(steps: Ints) -> tuple[Ints, Ints]:
    """The moves in one shopper's known steps: the item before each (-1 for the first), the item."""
    turned = np.flatnonzero(np.diff(steps, prepend=-1) != 0)
    item = steps[turned]
    before = np.concatenate([np.array([-1], np.int32), item[:-1]])[: len(item)]
    back = np.zeros(len(item), np.bool_)
    for ago in range(2, min(RECALLED, len(item) - 1) + 1):
        back[ago:] |= item[ago:] == item[:-ago]
    return before[~back], item[~back]
