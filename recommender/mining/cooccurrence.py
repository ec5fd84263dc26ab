"""Which items are frequent after or beside which: pairs that are too rare are never joined.

P. Fournier-Viger et al., Fast Vertical Mining of Sequential Patterns Using Co-occurrence
Information, PAKDD 2014, section 3. Only frequent pairs are kept, so the memory is that of the
patterns of two items.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled, grow
from recommender.mining.database import SequenceDatabase
from recommender.mining.patterns import Patterns
from recommender.mining.places import places_by_item
from recommender.mining.run import Limits, Subtree, Tally, run_subtrees


def frequent_pairs(
    database: SequenceDatabase, min_support: int, *, follow: bool, max_length: int, limits: Limits
) -> Patterns:
    """Frequent items and pairs as patterns, in the order of first items; gaps bind nothing here.

    Without `follow` only items of one element are pairs; with a `max_length` of 1 there are none.
    Raises ExplosionError and StoppedError as the miners do.
    """
    item_count = len(database.labels)
    ends = np.repeat(database.offsets[1:], np.diff(database.offsets)).astype(np.int32)
    places, places_of, previous = places_by_item(
        database.items, database.offsets, item_count, False
    )

    def kernel(first: int, last: int, stop: NDArray[np.int64], found: Tally) -> Subtree:
        return _count_pairs(
            first,
            last,
            places,
            places_of,
            database.items,
            database.elements,
            previous,
            ends,
            min_support,
            follow,
            max_length,
            stop,
            found,
        )

    return run_subtrees(
        kernel,
        work=np.diff(places_of),
        labels=database.labels,
        sequences=len(database),
        min_support=min_support,
        limits=replace(limits, on_progress=None),
    )


def by_first_item(pairs: Patterns) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The codes that can come next to each item, ascending, and where each item's begin."""
    begins = pairs.offsets[:-1][pairs.lengths() == 2]
    firsts = pairs.codes[begins] >> 1
    sizes = np.bincount(firsts, minlength=len(pairs.labels))
    return pairs.codes[begins + 1], np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


@compiled
def is_pair(codes: NDArray[np.int32], begin: int, end: int, code: int) -> bool:
    """Whether the code is among these, which ascend."""
    while begin < end:
        middle = (begin + end) >> 1
        if codes[middle] < code:
            begin = middle + 1
        elif codes[middle] > code:
            end = middle
        else:
            return True
    return False


@compiled
def _count_pairs(
    first_root: int,
    last_root: int,
    places: NDArray[np.int32],
    places_of: NDArray[np.int64],
    items: NDArray[np.int32],
    elements: NDArray[np.int32],
    previous: NDArray[np.int32],
    ends: NDArray[np.int32],
    min_support: int,
    follow: bool,
    max_length: int,
    stop: NDArray[np.int64],
    found: NDArray[np.float64],
) -> Subtree:
    item_count = len(places_of) - 1
    counts = np.zeros(2 * item_count, np.int32)
    touched = np.empty(2 * item_count, np.int32)
    stamps = np.zeros(item_count, np.int64)
    token = 0
    out_codes = np.empty(1024, np.int32)
    out_lengths = np.empty(512, np.int32)
    out_supports = np.empty(512, np.int64)
    out_count, out_items = 0, 0
    for root in range(first_root, last_root):
        if stop[0] != 0:
            break
        support, touched_count = 0, 0
        for index in range(places_of[root], places_of[root + 1]):
            place = places[index]
            is_first = previous[place] < 0
            if is_first:
                support += 1
                token += 1
            if max_length == 1:
                continue
            at = place + 1
            while at < ends[place] and elements[at] == elements[place]:
                if stamps[items[at]] != token:
                    stamps[items[at]] = token
                    code = 2 * items[at]
                    if counts[code] == 0:
                        touched[touched_count] = code
                        touched_count += 1
                    counts[code] += 1
                at += 1
            if not follow or not is_first:
                continue
            for later in range(at, ends[place]):
                if previous[later] < at:
                    code = 2 * items[later] + 1
                    if counts[code] == 0:
                        touched[touched_count] = code
                        touched_count += 1
                    counts[code] += 1
        if out_count + touched_count + 1 > len(out_lengths):
            out_lengths = grow(out_lengths, out_count + touched_count + 1)
            out_supports = grow(out_supports, out_count + touched_count + 1)
            out_codes = grow(out_codes, 2 * (out_count + touched_count + 1))
        out_codes[out_items] = 2 * root + 1
        out_lengths[out_count], out_supports[out_count] = 1, support
        out_count += 1
        out_items += 1
        touched[:touched_count].sort()
        for index in range(touched_count):
            code = touched[index]
            if counts[code] >= min_support:
                out_codes[out_items], out_codes[out_items + 1] = 2 * root + 1, code
                out_lengths[out_count], out_supports[out_count] = 2, counts[code]
                out_count += 1
                out_items += 2
            counts[code] = 0
        found[0], found[1] = out_count, out_items
    return (
        out_codes[:out_items].copy(),
        out_lengths[:out_count].copy(),
        out_supports[:out_count].copy(),
    )
