"""A sequence database as flat arrays, the one input of every miner."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.mining.constraints import ConstraintError, Constraints

type Items = NDArray[np.int32]
type Offsets = NDArray[np.int64]


class DatabaseError(ValueError):
    """The data is no sequence database; the message names the place and what is wrong."""


@dataclass(frozen=True, slots=True)
class SequenceDatabase:
    """Sequences of elements, an element being one item or several taken at once.

    Attributes:
        items: Item codes of all sequences one after the other; ascending and unique inside an
            element.
        elements: For each entry of `items`, the index of its element within its sequence.
        offsets: Where each sequence begins in `items`, with the end as last entry; sequences + 1.
        labels: The item that each code stands for, in the order of codes.
        times: For each entry of `items`, seconds since any fixed moment; None where unknown.
    """

    items: Items
    elements: NDArray[np.int32]
    offsets: Offsets
    labels: NDArray[np.generic]
    times: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_lists(
        cls,
        sequences: Iterable[Sequence[object]],
        *,
        times: Iterable[Sequence[float]] | None = None,
    ) -> "SequenceDatabase":
        """A database from Python lists.

        A sequence is a list of elements; an element is an item, or a list, tuple or set of items.
        `times` gives each element's seconds, not falling within a sequence.
        """
        flat: list[object] = []
        elements: list[int] = []
        ends = [0]
        seconds: list[float] | None = None if times is None else []
        clocks = iter(times) if times is not None else None
        for number, sequence in enumerate(sequences):
            clock = next(clocks, None) if clocks is not None else None
            if clocks is not None and (clock is None or len(clock) != len(sequence)):
                raise DatabaseError(f"sequence {number}: one time for each element is needed")
            for index, element in enumerate(sequence):
                members = (
                    set(element)
                    if isinstance(element, list | tuple | set | frozenset)
                    else (element,)
                )
                flat.extend(members)
                elements.extend([index] * len(members))
                if seconds is not None and clock is not None:
                    seconds.extend([clock[index]] * len(members))
            ends.append(len(flat))
        labels, codes = _encode(flat)
        return cls.from_arrays(
            codes,
            np.asarray(elements, np.int32),
            np.asarray(ends, np.int64),
            labels,
            times=None if seconds is None else np.asarray(seconds, np.float64),
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> "SequenceDatabase":
        """A database from a frame with columns `sequence`, `item` and `at` or `element`.

        `at` (Datetime or a number of seconds) orders a sequence and gives its times: rows of the
        same moment are one element. Where only `element` (whole numbers) is given it orders them
        and no times are known.
        """
        missing = {"sequence", "item"} - set(frame.columns)
        order = "at" if "at" in frame.columns else "element"
        if missing or order not in frame.columns:
            raise DatabaseError(
                f"columns are {frame.columns}: needed are sequence, item, and at or element"
            )
        needed = frame.select("sequence", "item", order)
        nulls = [name for name in needed.columns if needed[name].null_count()]
        if nulls:
            raise DatabaseError(f"columns with missing values: {nulls}")
        labels = needed["item"].unique().sort()
        codes = pl.DataFrame({"item": labels, "code": np.arange(len(labels), dtype=np.int32)})
        rows = (
            needed.unique()
            .join(codes, on="item")
            .sort("sequence", order, "code")
            .with_columns(element=(pl.col(order).rank("dense").over("sequence") - 1).cast(pl.Int32))
        )
        lengths = rows["sequence"].rle().struct.field("len").to_numpy()
        times = None
        if order == "at":
            moments = rows["at"]
            if moments.dtype.is_temporal():
                times = moments.dt.epoch("us").to_numpy() / 1e6
            else:
                times = moments.cast(pl.Float64).to_numpy()
        return cls.from_arrays(
            rows["code"].to_numpy().astype(np.int32),
            rows["element"].to_numpy().astype(np.int32),
            np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
            labels.to_numpy(),
            times=times,
        )

    @classmethod
    def from_arrays(
        cls,
        items: Items,
        elements: Items,
        offsets: Offsets,
        labels: NDArray[np.generic],
        *,
        times: NDArray[np.float64] | None = None,
    ) -> "SequenceDatabase":
        """A database from arrays in any order inside an element; duplicates there are dropped."""
        if times is not None:
            later = np.diff(times) < 0
            later[(offsets[1:-1] - 1)[(offsets[1:-1] > 0) & (offsets[1:-1] < len(items))]] = False
            if later.any():
                raise DatabaseError(
                    f"times fall inside a sequence, at entry {int(np.argmax(later)) + 1}"
                )
        sequences = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))
        place = (sequences << 32) | elements
        ordered = bool(
            np.all((np.diff(place) > 0) | ((np.diff(place) == 0) & (np.diff(items) > 0)))
        )
        if not ordered:
            order = np.lexsort((items, place))
            items, place, sequences = items[order], place[order], sequences[order]
            keep = np.ones(len(items), bool)
            keep[1:] = (np.diff(place) != 0) | (np.diff(items) != 0)
            items, elements = items[keep], (place[keep] & 0xFFFFFFFF).astype(np.int32)
            counts = np.bincount(sequences[keep], minlength=len(offsets) - 1)
            offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
            times = None if times is None else times[order][keep]
        if len(items) >= 2**31:
            raise DatabaseError(f"{len(items):,} entries: at most 2,147,483,647 can be mined")
        return cls(items, elements, offsets, labels, times)

    def item_supports(self) -> NDArray[np.int64]:
        """For each code, the number of sequences that contain it."""
        return _item_supports(self.items, self.offsets, len(self.labels))

    def holds_itemsets(self) -> bool:
        """Whether any element has more than one item."""
        same = np.diff(self.elements) == 0
        inner = self.offsets[1:-1]
        same[inner[(inner > 0) & (inner < len(self.items))] - 1] = False
        return bool(same.any())

    def times_for(self, constraints: Constraints) -> NDArray[np.float64]:
        """The times, or zeros where no limit in seconds binds.

        Raises ConstraintError where one binds and the database has no times.
        """
        if not constraints.bind_times:
            return np.zeros(len(self.items))
        if self.times is None:
            raise ConstraintError("a limit in seconds needs a database with times")
        return self.times

    def without_rare_items(
        self, min_support: int, *, excluded: frozenset[object] = frozenset()
    ) -> "SequenceDatabase":
        """The same database with only items of that support, recoded; places stay as they were."""
        keep = self.item_supports() >= min_support
        if excluded:
            keep &= ~np.isin(self.labels, np.asarray(list(excluded), self.labels.dtype))
        return self.with_items(keep)

    def with_items(self, keep: NDArray[np.bool_]) -> "SequenceDatabase":
        """The same database with only these items, recoded; places stay as they were."""
        if keep.all():
            return self
        recode = np.cumsum(keep, dtype=np.int32) - 1
        stays = keep[self.items]
        kept_before = np.concatenate(([0], np.cumsum(stays)))
        return SequenceDatabase(
            recode[self.items[stays]].astype(np.int32),
            self.elements[stays],
            kept_before[self.offsets].astype(np.int64),
            self.labels[keep],
            None if self.times is None else self.times[stays],
        )


def _encode(values: list[object]) -> tuple[NDArray[np.generic], NDArray[np.int32]]:
    """Labels in ascending order and each value's code; mixed types keep their first-seen order."""
    if not values:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    array = np.asarray(values)
    if (
        array.ndim == 1
        and array.dtype.kind in "iuU"
        and all(type(value) is type(values[0]) for value in values)
    ):
        labels, codes = np.unique(array, return_inverse=True)
        return labels, codes.astype(np.int32)
    order: dict[object, int] = {}
    codes_list = [order.setdefault(value, len(order)) for value in values]
    labels = np.empty(len(order), object)
    labels[:] = list(order)
    return labels, np.asarray(codes_list, np.int32)


@compiled
def _item_supports(
    items: NDArray[np.int32], offsets: NDArray[np.int64], item_count: int
) -> NDArray[np.int64]:
    supports = np.zeros(item_count, np.int64)
    last = np.full(item_count, -1, np.int64)
    for sequence in range(len(offsets) - 1):
        for place in range(offsets[sequence], offsets[sequence + 1]):
            item = items[place]
            if last[item] != sequence:
                last[item] = sequence
                supports[item] += 1
    return supports
