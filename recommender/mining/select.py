"""Fewer patterns that say as much: closed, maximal, and the k strongest."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.mining.constraints import ConstraintError, Constraints
from recommender.mining.patterns import Patterns
from recommender.mining.run import Limits


class Database(Protocol):
    """What the k strongest can be found in."""

    def item_supports(self) -> NDArray[np.int64]:
        """For each item, the number of sequences that contain it."""
        ...


class Miner[D](Protocol):
    """What PrefixSpan, SPADE and AprioriAll have in common."""

    def __call__(
        self,
        database: D,
        min_support: float,
        *,
        constraints: Constraints = ...,
        limits: Limits = ...,
    ) -> Patterns:
        """All sequential patterns of a minimum support."""
        ...


def closed(patterns: Patterns, *, constraints: Constraints = Constraints()) -> Patterns:
    """The patterns without a larger one, among those given, of the same support.

    X. Yan, J. Han and R. Afshar, CloSpan: Mining Closed Sequential Patterns in Large Databases,
    SDM 2003, definition 2.
    """
    _, same_support = _covered(patterns, constraints)
    return patterns.select(~same_support)


def maximal(patterns: Patterns, *, constraints: Constraints = Constraints()) -> Patterns:
    """The patterns without any larger one among those given (Agrawal & Srikant 1995, section 2)."""
    larger, _ = _covered(patterns, constraints)
    return patterns.select(~larger)


def top_k[D: Database](
    miner: Miner[D],
    database: D,
    k: int,
    *,
    constraints: Constraints = Constraints(),
    limits: Limits = Limits(),
    among: Callable[[Patterns], Patterns] = lambda patterns: patterns,
) -> Patterns:
    """The k patterns of the largest support, without a threshold to guess.

    The threshold falls by a quarter until k are found. Of equal support the longer come first.
    `among` picks the kind that counts, such as `closed`, or those of two items and more.
    """
    if k < 1:
        raise ConstraintError(f"k is {k}: it must be at least 1")
    threshold = max(1, int(database.item_supports().max(initial=1)))
    while True:
        found = among(miner(database, threshold, constraints=constraints, limits=limits))
        if len(found) >= k or threshold == 1:
            return found.strongest_first().first(k)
        threshold = max(1, threshold * 3 // 4)


def _covered(
    patterns: Patterns, constraints: Constraints
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each pattern, whether a larger one holds it at all, and with the same support.

    Dropping one item leaves a frequent pattern, so looking at those is enough, except where gaps
    are limited: then every way of dropping items is looked at, or, where there are more ways than
    patterns, every pattern.
    """
    return _mark_covered(
        patterns.codes, patterns.offsets, patterns.supports, constraints.limits_gaps
    )


@compiled
def _mark_covered(
    codes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    supports: NDArray[np.int64],
    drop_several: bool,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    count = len(supports)
    larger = np.zeros(count, np.bool_)
    same_support = np.zeros(count, np.bool_)
    slots = 16
    while slots < 2 * count:
        slots *= 2
    table = np.full(slots, -1, np.int64)
    for index in range(count):
        slot = _slot_of(codes[offsets[index] : offsets[index + 1]], slots)
        while table[slot] >= 0:
            slot = (slot + 1) & (slots - 1)
        table[slot] = index
    longest = 0
    for index in range(count):
        longest = max(longest, offsets[index + 1] - offsets[index])
    # Each level of the stack has dropped one item more, left of which nothing is dropped again.
    stack = np.empty((longest + 1, longest + 1), np.int32)
    next_drop = np.zeros(longest + 1, np.int64)
    for index in range(count):
        length = offsets[index + 1] - offsets[index]
        if drop_several and (length > 40 or 1 << length > len(codes)):
            for other in range(count):
                if other != index and _holds(
                    codes[offsets[index] : offsets[index + 1]],
                    codes[offsets[other] : offsets[other + 1]],
                ):
                    larger[other] = True
                    if supports[other] == supports[index]:
                        same_support[other] = True
            continue
        stack[0, :length] = codes[offsets[index] : offsets[index + 1]]
        level = 0
        next_drop[0] = 0
        while level >= 0:
            size = length - level
            drop = next_drop[level]
            if size == 1 or drop == size or (level == 1 and not drop_several):
                level -= 1
                continue
            next_drop[level] += 1
            smaller = stack[level + 1]
            smaller[:drop] = stack[level, :drop]
            smaller[drop : size - 1] = stack[level, drop + 1 : size]
            if drop < size - 1 and stack[level, drop] & 1:
                smaller[drop] |= 1
            match = _find(smaller[: size - 1], codes, offsets, table)
            if match >= 0:
                larger[match] = True
                if supports[match] == supports[index]:
                    same_support[match] = True
            level += 1
            next_drop[level] = drop
    return larger, same_support


@compiled
def _holds(large: NDArray[np.int32], small: NDArray[np.int32]) -> bool:
    """Whether each element of the smaller lies in one of the larger, in order."""
    at, begin = 0, 0
    while begin < len(small) and at < len(large):
        at_end, end = _end_of_element(large, at), _end_of_element(small, begin)
        needed = begin
        for place in range(at, at_end):
            if needed < end and large[place] >> 1 == small[needed] >> 1:
                needed += 1
        if needed == end:
            begin = end
        at = at_end
    return begin == len(small)


@compiled
def _end_of_element(codes: NDArray[np.int32], begin: int) -> int:
    end = begin + 1
    while end < len(codes) and codes[end] & 1 == 0:
        end += 1
    return end


@compiled
def _slot_of(pattern: NDArray[np.int32], slots: int) -> int:
    mixed = np.uint64(1469598103934665603)
    for code in pattern:
        mixed = (mixed ^ np.uint64(code)) * np.uint64(1099511628211)
        mixed ^= mixed >> np.uint64(29)
    return np.int64(mixed & np.uint64(slots - 1))  # type: ignore[return-value]


@compiled
def _find(
    pattern: NDArray[np.int32],
    codes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    table: NDArray[np.int64],
) -> int:
    slot = _slot_of(pattern, len(table))
    while table[slot] >= 0:
        index = table[slot]
        begin = offsets[index]
        if offsets[index + 1] - begin == len(pattern):
            same = True
            for at in range(len(pattern)):
                if codes[begin + at] != pattern[at]:
                    same = False
                    break
            if same:
                return int(index)
        slot = (slot + 1) & (len(table) - 1)
    return -1
