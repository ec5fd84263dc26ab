"""What every sequential miner gives back: patterns with their supports, in flat arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

type Element = tuple[object, ...]

SORTED_ITEMS = 16
"""Of patterns as strong and as long, so many first items decide the order."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequential pattern: elements in order, each the items taken together."""

    elements: tuple[Element, ...]
    support: int
    """Number of sequences that contain it."""

    @property
    def length(self) -> int:
        """Number of items over all elements."""
        return sum(len(element) for element in self.elements)


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of one run.

    Attributes:
        codes: Items of all patterns one after the other, each `2 * code + 1` where it begins an
            element and `2 * code` where it joins the one before.
        offsets: Where each pattern begins in `codes`, with the end as last entry.
        supports: For each pattern, the number of sequences that contain it.
        labels: The item that each code stands for.
        sequences: Number of sequences in the database.
        min_support: The absolute minimum support that was asked for.
        complete: False where the run was stopped before it had found all.
    """

    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    supports: NDArray[np.int64]
    labels: NDArray[np.generic]
    sequences: int
    min_support: int
    complete: bool = True

    def __len__(self) -> int:
        return len(self.supports)

    def __iter__(self) -> Iterator[Pattern]:
        labels = self.labels.tolist()
        ends = self.offsets[1:].tolist()
        begin = 0
        for end, support in zip(ends, self.supports.tolist(), strict=True):
            elements: list[list[object]] = []
            for code in self.codes[begin:end].tolist():
                if code & 1:
                    elements.append([])
                elements[-1].append(labels[code >> 1])
            yield Pattern(tuple(map(tuple, elements)), support)
            begin = end

    def lengths(self) -> NDArray[np.int64]:
        """For each pattern, its number of items."""
        return np.diff(self.offsets)

    def steps(self) -> NDArray[np.int64]:
        """For each pattern, its number of elements."""
        ends = np.concatenate(([0], np.cumsum(self.codes & 1, dtype=np.int64)))
        return np.diff(ends[self.offsets])

    def select(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> "Patterns":
        """The patterns that a mask keeps, or those at the given indices in that order."""
        chosen = np.flatnonzero(keep) if keep.dtype == np.bool_ else keep
        lengths = self.lengths()[chosen]
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[chosen] - offsets[:-1], lengths)
        return Patterns(
            self.codes[places],
            offsets,
            self.supports[chosen],
            self.labels,
            self.sequences,
            self.min_support,
            self.complete,
        )

    def first(self, count: int) -> "Patterns":
        """The first so many patterns."""
        return self.select(np.arange(min(count, len(self))))

    def containing(self, required: frozenset[object]) -> "Patterns":
        """The patterns that contain all of these items."""
        keep = np.ones(len(self), bool)
        owner = np.repeat(np.arange(len(self)), self.lengths())
        for label in required:
            has = np.zeros(len(self), bool)
            has[owner[self.labels[self.codes >> 1] == label]] = True
            keep &= has
        return self if keep.all() else self.select(keep)

    def strongest_first(self) -> "Patterns":
        """By support, then length, both descending, then by the first SORTED_ITEMS items."""
        lengths = self.lengths()
        keys: list[NDArray[np.int64]] = [-self.supports, -lengths]
        for place in range(min(SORTED_ITEMS, int(lengths.max(initial=0)))):
            has = lengths > place
            item = np.full(len(self), -1, np.int64)
            item[has] = self.codes[self.offsets[:-1][has] + place]
            keys.append(item)
        return self.select(np.lexsort(keys[::-1]))

    def to_frame(self) -> pl.DataFrame:
        """One row a pattern: `pattern` (list of lists of items), support, share, length."""
        rows = list(self)
        return pl.DataFrame(
            {
                "pattern": [[list(element) for element in row.elements] for row in rows],
                "support": self.supports,
                "share": self.supports / max(1, self.sequences),
                "length": self.lengths(),
            }
        )
