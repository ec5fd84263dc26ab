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

from recommender.mining.compiled import compiled
from recommender.protocol import Arrays, Scores
from recommender.sequences import MICROSECONDS, Ints, Log, first_touches

OWN = 0.45
PRIOR = 50.0
CATEGORY_PRIOR = 10.0
SHOPPER_PRIOR = 4.0
ROUNDS = 3
LEAST_LED = 0.2
"""At least this of what follows a product is led by it."""
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
        chances = np.empty(len(item), np.float32)
        _chances(
            before, item, counted, self.pair, self.count, self.left, self.share, self.onward,
            self.category, chances,
        )  # fmt: skip
        return chances

    def leaning(
        self, before: Ints, item: Ints, likely: Scores, category: Ints, share: Scores
    ) -> Scores:
        """How much a shopper leans to each category, (categories,), by all their moves.

        The log of the share of it in their own moves against everybody's `share`, pulled towards 0
        as by SHOPPER_PRIOR moves. Whose own a move was depends on what the shopper leans to, and
        the other way round, so both are found in turn. `likely` is how likely each move is for them
        among its category's items, `category` has the code of every item.
        """
        leaning = np.empty(len(share), np.float32)
        _lean(
            before, item, likely, category, share,
            self.pair, self.count, self.left, self.share, self.onward, self.category, leaning,
        )  # fmt: skip
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


@compiled
def moves_of(steps: Ints) -> tuple[Ints, Ints]:
    """The moves in one shopper's known steps: the item before each (-1 for the first), the item."""
    before, item = np.empty(len(steps), np.int32), np.empty(len(steps), np.int32)
    recalled = np.full(RECALLED, -1, np.int32)
    last, turn, size = np.int32(-1), 0, 0
    for step in steps:
        if step == last:
            continue
        if not (recalled == step).any():
            before[size], item[size] = last, step
            size += 1
        recalled[turn % RECALLED] = step
        turn += 1
        last = step
    return before[:size], item[:size]


@compiled
def _chance(
    before: int, item: int, counted: int,
    pair: NDArray[np.int64], count: Ints, left: Ints, share: Scores, onward: Scores, category: Ints,
) -> float:  # fmt: skip
    """As `chances` for one move; `pair` to `category` are the fields of `OwnMoves`."""
    follows = _follows(before, item, counted, pair, count, left, share, onward, category)
    return UNLED if follows < 0 else float(min(OWN * share[item] / max(follows, 1e-30), 1.0))


@compiled
def _follows(
    before: int, item: int, counted: int,
    pair: NDArray[np.int64], count: Ints, left: Ints, share: Scores, onward: Scores, category: Ints,
) -> float:  # fmt: skip
    """What of all moves from the item before goes to the item; below 0 where that is unknown."""
    items = len(share)
    if before < 0 or before >= items or item >= items:
        return -1.0
    key = np.int64(before) * items + item
    at = np.searchsorted(pair, key)
    times = count[at] if at < len(pair) and pair[at] == key else 0
    likely = onward[category[before], category[item]] * share[item]
    return float(
        (max(times - counted, 0) + PRIOR * likely) / (max(left[before] - counted, 0) + PRIOR)
    )


@compiled
def _chances(
    before: Ints, item: Ints, counted: int,
    pair: NDArray[np.int64], count: Ints, left: Ints, share: Scores, onward: Scores, category: Ints,
    chances: Scores,
) -> None:  # fmt: skip
    for at in range(len(item)):
        chances[at] = _chance(
            before[at], item[at], counted, pair, count, left, share, onward, category
        )


@compiled
def _lean(
    before: Ints, item: Ints, likely: Scores, of: Ints, everybody: Scores,
    pair: NDArray[np.int64], count: Ints, left: Ints, share: Scores, onward: Scores, category: Ints,
    leaning: Scores,
) -> None:  # fmt: skip
    """Write the leaning to each category; `of` has the category of every item."""
    own, led = np.full(len(item), UNLED), np.full(len(item), -1.0)
    for at in range(len(item)):
        follows = _follows(before[at], item[at], 0, pair, count, left, share, onward, category)
        if follows >= 0:
            unled = OWN * share[item[at]]
            led[at] = max(follows - unled, LEAST_LED * follows)
            own[at] = min(unled / max(follows, 1e-30), 1.0)
    counts = np.zeros(len(everybody))
    whole = SHOPPER_PRIOR
    for turn in range(ROUNDS + 1):
        counts[:] = 0
        whole = SHOPPER_PRIOR
        for at in range(len(item)):
            if of[item[at]] >= 0:
                counts[of[item[at]]] += own[at]
                whole += own[at]
        if turn == ROUNDS:
            break
        for at in range(len(item)):
            code = of[item[at]]
            if code >= 0 and led[at] >= 0:
                drawn = (counts[code] + SHOPPER_PRIOR * everybody[code]) / whole
                unled = OWN * drawn * likely[at]
                own[at] = unled / max(unled + led[at], 1e-30)
    unmet = np.log(SHOPPER_PRIOR / whole)
    for code in range(len(everybody)):
        leaning[code] = unmet
        if counts[code] > 0:
            leaning[code] += np.log1p(counts[code] / (SHOPPER_PRIOR * everybody[code]))
