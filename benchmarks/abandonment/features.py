"""What the baselines are told of a visit with an open cart: what it adds up to so far."""

import numpy as np
from numpy.typing import NDArray

from recommender.abandonment import Carts, OpenCarts, open_lines
from recommender.prepared import Prepared
from recommender.sequences import ACTION_CODES, MICROSECONDS, Log, first_met, starts

type Table = NDArray[np.float64]


def visit_so_far(carts: OpenCarts, kinds: Carts, prepared: Prepared) -> Table:
    """One row a moment; nothing in it comes from a later step."""
    log, at = carts.log, carts.position
    begin, own = starts(log.session)[at], starts(log.shopper)[at]
    adds = np.flatnonzero(log.action == ACTION_CODES["add"])
    first_add = adds[np.searchsorted(adds, begin)]
    columns = [
        at - begin,
        at - first_add,
        *(_since(log.action == code, begin, at) for code in ACTION_CODES.values()),
        _since(first_met(log.session, log.item), begin, at),
        _seconds(log, begin, at),
        _seconds(log, first_add, at),
        _seconds(log, np.maximum(at - 1, begin), at),
        kinds.values(log)[at],
        kinds.kinds(log)[at],
        open_lines(log)[at],
        open_lines(log)[np.maximum(begin - 1, own)] * (begin > own),
        _since(log.action == ACTION_CODES["purchase"], own, at),
        _since(starts(log.session) == np.arange(len(log)), own, at),
        log.at[at] // (3600 * MICROSECONDS) % 24,
        log.at[at] // (86_400 * MICROSECONDS) % 7,
        np.append(prepared.amount, np.nan)[log.item[at]],
        log.action[at],
    ]
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)


def _since(marked: NDArray[np.bool_], begin: NDArray[np.int64], at: NDArray[np.int64]) -> Table:
    """How many steps are marked from `begin` to `at`, both included."""
    total = np.append(0, np.cumsum(marked))
    return np.asarray(total[at + 1] - total[begin], np.float64)


def _seconds(log: Log, begin: NDArray[np.int64], at: NDArray[np.int64]) -> Table:
    return np.asarray((log.at[at] - log.at[begin]) / MICROSECONDS, np.float64)
