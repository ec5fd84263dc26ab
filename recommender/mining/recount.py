"""Counts given patterns in a database, by the joins of id-lists that SPADE mines with.

Patterns that begin alike share the work where they stand next to each other.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from recommender.mining.bounded import Bounds
from recommender.mining.compiled import compiled, grow
from recommender.mining.constraints import Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.id_lists import (
    distinct_owners,
    join,
    vertical,
)
from recommender.mining.run import CALLS_A_THREAD

LEAST_ROWS = 256
"""So many patterns are worth a call of their own."""


def recount(
    database: SequenceDatabase,
    rows: NDArray[np.int32],
    *,
    constraints: Constraints = Constraints(),
    threads: int | None = None,
) -> NDArray[np.int64]:
    """For each pattern, how many sequences hold it within the gaps and spans allowed.

    `rows` has a pattern a row, [patterns, items], in codes as in Patterns.
    """
    owners, positions, seconds, lists, list_begins = vertical(
        database.items,
        database.elements,
        database.times_for(constraints),
        database.offsets,
        len(database.labels),
    )

    def count(part: NDArray[np.int32]) -> NDArray[np.int64]:
        return _recount(
            part,
            lists,
            list_begins,
            owners,
            positions,
            seconds,
            constraints.bind_positions,
            constraints.limits(),
        )

    threads = threads or len(os.sched_getaffinity(0))
    parts = np.array_split(rows, max(1, min(len(rows) // LEAST_ROWS, CALLS_A_THREAD * threads)))
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        return np.concatenate(list(pool.map(count, parts)))
    finally:
        pool.shutdown(cancel_futures=True)


@compiled
def _recount(
    rows: NDArray[np.int32],
    lists: NDArray[np.int32],
    list_begins: NDArray[np.int64],
    owners: NDArray[np.int32],
    positions: NDArray[np.int32],
    seconds: NDArray[np.float64],
    bounded: bool,
    bounds: Bounds,
) -> NDArray[np.int64]:
    length = rows.shape[1]
    # The prefix of `depth` items has its id-list at ids[ends[depth - 1] : ends[depth]].
    ends = np.zeros(length + 1, np.int64)
    supports = np.zeros(length + 1, np.int64)
    ids = np.empty(1024, np.int32)
    origins = np.empty(1024, np.int32)
    counts = np.empty(len(rows), np.int64)
    for row in range(len(rows)):
        depth = 0
        while row > 0 and depth < length and rows[row, depth] == rows[row - 1, depth]:
            depth += 1
        while depth < length:
            code = rows[row, depth]
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
            else:
                size, support = join(
                    code,
                    ids,
                    origins,
                    ends[depth - 1],
                    free,
                    partner,
                    free,
                    owners,
                    positions,
                    seconds,
                    bounded,
                    bounds,
                )
            depth += 1
            ends[depth] = free + size
            supports[depth] = support
        counts[row] = supports[length]
    return counts
