"""Counts given patterns in a database, by the joins of id-lists that SPADE mines with.

Patterns that begin alike share the work where they stand next to each other.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import Bounds
from recommender.mining.compiled import compiled, grow
from recommender.mining.constraints import Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.id_lists import (
    distinct_owners,
    join_bounded,
    join_equal,
    join_later,
    vertical,
)


def recount(
    database: SequenceDatabase,
    codes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    *,
    constraints: Constraints = Constraints(),
) -> NDArray[np.int64]:
    """For each pattern, how many sequences hold it within the gaps and spans allowed.

    `codes` and `offsets` are as in Patterns, with the item codes of the database.
    """
    owners, positions, seconds, lists, list_begins = vertical(
        database.items,
        database.elements,
        database.times_for(constraints),
        database.offsets,
        len(database.labels),
    )
    return _recount(
        codes,
        offsets,
        lists,
        list_begins,
        owners,
        positions,
        seconds,
        constraints.bind_positions,
        constraints.limits(),
    )


@compiled
def _recount(
    codes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    lists: NDArray[np.int32],
    list_begins: NDArray[np.int64],
    owners: NDArray[np.int32],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    bounded: bool,
    bounds: Bounds,
) -> NDArray[np.int64]:
    longest = 0
    for pattern in range(len(offsets) - 1):
        longest = max(longest, offsets[pattern + 1] - offsets[pattern])
    # The prefix of `depth` items has its id-list at ids[ends[depth - 1] : ends[depth]].
    ends = np.zeros(longest + 1, np.int64)
    supports = np.zeros(longest + 1, np.int64)
    ids = np.empty(1024, np.int32)
    origins = np.empty(1024, np.int32)
    counts = np.empty(len(offsets) - 1, np.int64)
    before = 0
    for pattern in range(len(offsets) - 1):
        begin = offsets[pattern]
        length = offsets[pattern + 1] - begin
        depth = 0
        while depth < min(length, begin - before) and codes[before + depth] == codes[begin + depth]:
            depth += 1
        while depth < length:
            code = codes[begin + depth]
            if depth > 0 and supports[depth] == 0:
                # Nothing can follow what is nowhere.
                ends[depth + 1], supports[depth + 1] = ends[depth], 0
                depth += 1
                continue
            partner = lists[list_begins[code >> 1] : list_begins[(code >> 1) + 1]]
            free = ends[depth]
            if free + len(partner) > len(ids):
                ids = grow(ids, free + len(partner))
                origins = grow(origins, free + len(partner))
            if depth == 0:
                size, support = len(partner), distinct_owners(partner, owners)
                ids[:size], origins[:size] = partner, partner
            elif code & 1 == 0:
                size, support = join_equal(
                    ids, origins, ends[depth - 1], free, partner, free, owners
                )
            elif bounded:
                size, support = join_bounded(
                    ids,
                    origins,
                    ends[depth - 1],
                    free,
                    partner,
                    free,
                    owners,
                    positions,
                    seconds,
                    bounds,
                )
            else:
                size, support = join_later(ids, ends[depth - 1], free, partner, free, owners)
            depth += 1
            ends[depth] = free + size
            supports[depth] = support
        counts[pattern] = supports[length]
        before = begin
    return counts
