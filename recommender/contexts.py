"""Where a shopper stands, as far as it matters to whom the blend listens.

Somebody who has just put something into the cart is about to turn to what belongs to it; somebody
who compares two of a kind may go on comparing; whoever has come to another kind of product is as
likely to go anywhere. The longer the visit, the more the sources that read it know.
"""

import numpy as np

from recommender.mining.compiled import compiled
from recommender.sequences import ACTION_CODES, Batch, Ints

LENGTHS = (0, 1, 2, 3, 5, 8)
"""Lowest number of products in the session for each row of weights."""
TOOK, COMPARES, ELSEWHERE = range(3)
CONTEXTS = len(LENGTHS) * 3
_TAKEN = (ACTION_CODES["add"], ACTION_CODES["purchase"])


def context_rows(batch: Batch, category: Ints | None) -> Ints:
    """The row of weights that applies to each window; `category` is each item's code, -1 for none.

    Rows go by how many products the session has turned to, and for each number by what was done
    last: took, compares (the last two products are of one category), elsewhere.
    """
    did = np.array([_did(batch, row, category) for row in range(len(batch))], np.int32)
    return 3 * length_rows(batch) + did


def length_rows(batch: Batch) -> Ints:
    """The place in LENGTHS of each window, by how many products its session has turned to."""
    met = np.array([len(batch.session_items(row)) for row in range(len(batch))], np.int32)
    return (np.searchsorted(LENGTHS, met, side="right") - 1).astype(np.int32)


def _did(batch: Batch, row: int, category: Ints | None) -> int:
    steps = int(batch.length[row])
    if steps == 0:
        return ELSEWHERE
    if batch.action[row, steps - 1] in _TAKEN:
        return TOOK
    if category is None:
        return ELSEWHERE
    return COMPARES if _compares(batch.item[row], steps, category) else ELSEWHERE


@compiled
def _compares(item: Ints, steps: int, category: Ints) -> bool:
    """Whether the last product and the one before it are of one category."""
    last = item[steps - 1]
    for step in range(steps - 2, -1, -1):
        if item[step] != last:
            other = item[step]
            return bool(last >= 0 and other >= 0 and 0 <= category[last] == category[other])
    return False
