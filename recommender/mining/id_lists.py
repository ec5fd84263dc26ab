"""Id-lists, the places where a pattern can end, and the joins that make longer ones of them.

M. Zaki, SPADE: An Efficient Algorithm for Mining Frequent Sequences, Machine Learning 2001,
section 4. An id is the number of an element, counted through the whole database.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import Bounds
from recommender.mining.compiled import compiled, grow


@compiled
def vertical(
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    times: NDArray[np.float64],
    offsets: NDArray[np.int64],
    item_count: int,
) -> tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.float64],
    NDArray[np.int32],
    NDArray[np.int64],
]:
    """Number all elements through; each one's sequence, place and time, and each item's id-list."""
    owners = np.empty(len(items), np.int32)
    positions = np.empty(len(items), np.int32)
    seconds = np.empty(len(items), np.float64)
    ids = np.empty(len(items), np.int32)
    begins = np.zeros(item_count + 1, np.int64)
    count = 0
    for sequence in range(len(offsets) - 1):
        for at in range(offsets[sequence], offsets[sequence + 1]):
            if at == offsets[sequence] or elements[at] != elements[at - 1]:
                owners[count], positions[count] = sequence, elements[at]
                seconds[count] = times[at]
                count += 1
            ids[at] = count - 1
            begins[items[at] + 1] += 1
    begins = np.cumsum(begins)
    cursor = begins[:-1].copy()
    lists = np.empty(len(items), np.int32)
    for at in range(len(items)):
        lists[cursor[items[at]]] = ids[at]
        cursor[items[at]] += 1
    return owners[:count].copy(), positions[:count].copy(), seconds[:count].copy(), lists, begins


@compiled
def distinct_owners(ids: NDArray[np.int32], owners: NDArray[np.int32]) -> int:
    count, last = 0, -1
    for element in ids:
        if owners[element] != last:
            last = owners[element]
            count += 1
    return count


@compiled
def join_later(
    ids: NDArray[np.int32],
    begin: int,
    end: int,
    partner: NDArray[np.int32],
    free: int,
    owners: NDArray[np.int32],
) -> tuple[int, int]:
    """Temporal join: the partner's elements after the pattern's earliest end, from `free` on."""
    at, size, support, last = begin, 0, 0, -1
    for element in partner:
        owner = owners[element]
        while at < end and owners[ids[at]] < owner:
            at += 1
        if at == end:
            break
        first = ids[at]
        if owners[first] == owner and first < element:
            ids[free + size] = element
            size += 1
            if owner != last:
                last = owner
                support += 1
    return size, support


@compiled
def join_equal(
    ids: NDArray[np.int32],
    origins: NDArray[np.int32],
    begin: int,
    end: int,
    partner: NDArray[np.int32],
    free: int,
    owners: NDArray[np.int32],
) -> tuple[int, int]:
    """Equality join: the elements that both have, from `free` on."""
    at, size, support, last = begin, 0, 0, -1
    for element in partner:
        while at < end and ids[at] < element:
            at += 1
        if at == end:
            break
        if ids[at] == element:
            ids[free + size] = element
            origins[free + size] = origins[at]
            size += 1
            if owners[element] != last:
                last = owners[element]
                support += 1
    return size, support


@compiled
def join_bounded(
    ids: NDArray[np.int32],
    origins: NDArray[np.int32],
    begin: int,
    end: int,
    partner: NDArray[np.int32],
    free: int,
    owners: NDArray[np.int32],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    bounds: Bounds,
) -> tuple[int, int]:
    """Temporal join within the limits, keeping the latest beginning of each new end.

    The ends in reach slide along with the partner, as in `bounded._followers`.
    """
    min_gap, max_gap, max_span, min_seconds, max_seconds, max_span_seconds = bounds
    window = np.empty(16, np.int32)
    front, back, entering, size, support, last, window_owner = 0, 0, begin, 0, 0, -1, -1
    for element in partner:
        owner = owners[element]
        while entering < end and owners[ids[entering]] < owner:
            entering += 1
        if owner != window_owner:
            front, back, window_owner = 0, 0, owner
        while (
            entering < end
            and owners[ids[entering]] == owner
            and positions[element] - positions[ids[entering]] >= min_gap
            and seconds[element] - seconds[ids[entering]] >= min_seconds
        ):
            while back > front and origins[window[back - 1]] <= origins[entering]:
                back -= 1
            if back == len(window):
                window = grow(window, back + 1)
            window[back] = entering
            back += 1
            entering += 1
        while front < back and (
            positions[element] - positions[ids[window[front]]] > max_gap
            or seconds[element] - seconds[ids[window[front]]] > max_seconds
        ):
            front += 1
        if front == back:
            if entering == end and owners[ids[end - 1]] < owner:
                break
            continue
        origin = origins[window[front]]
        if (
            positions[element] - positions[origin] <= max_span
            and seconds[element] - seconds[origin] <= max_span_seconds
        ):
            ids[free + size] = element
            origins[free + size] = origin
            size += 1
            if owner != last:
                last = owner
                support += 1
    return size, support


@compiled
def join(
    code: int,
    ids: NDArray[np.int32],
    origins: NDArray[np.int32],
    begin: int,
    end: int,
    partner: NDArray[np.int32],
    at: int,
    owners: NDArray[np.int32],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    bounded: bool,
    bounds: Bounds,
) -> tuple[int, int]:
    """Write the id-list of ids[begin:end] with `code` behind it to ids[at:]; its size and support.

    An odd code begins an element, an even one joins the last; `partner` is the code's id-list.
    """
    if code & 1 == 0:
        return join_equal(ids, origins, begin, end, partner, at, owners)
    if bounded:
        return join_bounded(
            ids, origins, begin, end, partner, at, owners, positions, seconds, bounds
        )
    return join_later(ids, begin, end, partner, at, owners)
