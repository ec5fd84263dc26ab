"""Where each item stands in a database, and where it stood before."""

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled


@compiled
def places_by_item(
    items: NDArray[np.int32], offsets: NDArray[np.int64], item_count: int, first_only: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """For each item, where it stands (in each sequence first, or everywhere).

    The last array has for each entry the place before it of the same item in its sequence, or -1.
    """
    sizes = np.zeros(item_count + 1, np.int64)
    last = np.full(item_count, -1, np.int32)
    previous = np.empty(len(items), np.int32)
    for sequence in range(len(offsets) - 1):
        begin = offsets[sequence]
        for place in range(begin, offsets[sequence + 1]):
            item = items[place]
            previous[place] = last[item] if last[item] >= begin else -1
            last[item] = place
            if not first_only or previous[place] < 0:
                sizes[item + 1] += 1
    begins = np.cumsum(sizes)
    cursor = begins[:-1].copy()
    places = np.empty(begins[-1], np.int32)
    for place in range(len(items)):
        if not first_only or previous[place] < 0:
            item = items[place]
            places[cursor[item]] = place
            cursor[item] += 1
    return places, begins, previous
