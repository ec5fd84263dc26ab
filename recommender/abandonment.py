"""How likely it is that an open cart will not be bought in this visit: the LSTM's second head.

A cart is open after a step where the shopper has put in something that was neither taken out nor
bought since. What became of it is known once the visit is over: bought, if a purchase follows in
the same visit, else left. The head is a logistic regression on the network's state, with an
intercept for each kind of cart (what it is worth, and whether this visit clears it of things that
it has not looked at), trained with the network (masked binary cross-entropy) and calibrated on
later days by a line through its logits (Platt 1999), which is folded into its weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from recommender.sequences import (
    ACTION_CODES,
    SESSION_GAP,
    Batch,
    Bools,
    Ints,
    Log,
    first_met,
    microseconds,
    starts,
    windows,
)

type Head = NDArray[np.float32]
"""A weight for each unit, then an intercept for each kind of cart; empty where there is none."""
type Probabilities = NDArray[np.float64]

BOUGHT, LEFT, UNKNOWN = 0, 1, -1
BANDS = 16
KINDS = 2 * BANDS
NO_HEAD: Head = np.zeros(0, np.float32)
FEWEST = 50
"""Carts of each ending that a calibration needs."""


def endings(log: Log) -> Ints:
    """What became of the cart that is open after each step: LEFT, BOUGHT or UNKNOWN.

    UNKNOWN where no cart is open, at a purchase itself, and for the visits at the end of the log
    that may still go on: nothing after them says that they are over.
    """
    ending = np.full(len(log), UNKNOWN, np.int32)
    if len(log) == 0:
        return ending
    will_buy = _later_in_session(log, log.action == ACTION_CODES["purchase"])
    asked = open_lines(log) > 0
    asked &= log.action != ACTION_CODES["purchase"]
    last_at = np.maximum.reduceat(log.at, np.unique(starts(log.session)))
    over = last_at + SESSION_GAP.total_seconds() * 1e6 < log.at.max()
    asked &= over[np.unique(log.session, return_inverse=True)[1]]
    ending[asked] = np.where(will_buy[asked], BOUGHT, LEFT)
    return ending


def open_lines(log: Log) -> Ints:
    """How many products lie in the shopper's cart after each step."""
    return _in_cart(log, np.ones(int(log.item.max(initial=0)) + 2)).astype(np.int32)


def _in_cart(log: Log, amount: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the shopper's cart adds up to after each step; `amount` by item, unknown ones last."""
    if len(log) == 0:
        return np.zeros(0)
    changes = np.flatnonzero(np.isin(log.action, [ACTION_CODES[a] for a in _CHANGING]))
    order = changes[np.lexsort((changes, log.item[changes], log.shopper[changes]))]
    inside = log.action[order] == ACTION_CODES["add"]
    same = np.append(False, np.diff(log.item[order]) == 0)
    same &= np.append(False, np.diff(log.shopper[order]) == 0)
    before = np.append(False, inside[:-1]) & same[: len(order)]
    change = np.zeros(len(log))
    change[order] = (inside.astype(np.int64) - before[: len(order)]) * amount[log.item[order]]
    total = np.cumsum(change)
    begin = starts(log.shopper)
    return np.asarray(total - total[begin] + change[begin])


_CHANGING = ("add", "remove", "purchase")


def _later_in_session(log: Log, marked: Bools) -> Bools:
    """Whether a marked step follows in the same session."""
    seen = np.cumsum(marked)
    last = np.append(np.flatnonzero(np.diff(log.session)), len(log) - 1)
    at_end = seen[last][np.unique(log.session, return_inverse=True)[1]]
    return np.asarray(at_end > seen)


@dataclass(frozen=True)
class Carts:
    """What tells kinds of carts apart: each item's price, 0 for none, and bounds of value."""

    amount: NDArray[np.float64]
    bounds: NDArray[np.float64]

    @classmethod
    def fit(cls, log: Log, amount: NDArray[np.float64]) -> "Carts":
        """Bounds between which the log's open carts are about equally many."""
        carts = cls(np.nan_to_num(amount), np.zeros(BANDS - 1))
        values = carts.values(log)[open_lines(log) > 0]
        if len(values) == 0:
            return carts
        return cls(carts.amount, np.quantile(values, np.arange(1, BANDS) / BANDS))

    def values(self, log: Log) -> NDArray[np.float64]:
        """What lies in the shopper's cart after each step is worth, each product counted once."""
        return _in_cart(log, np.append(self.amount, 0.0))

    def kinds(self, log: Log) -> Ints:
        """The kind of the cart after each step."""
        clears = _clearing(log.session, log.item, log.action)
        so_far = np.cumsum(clears)
        begin = starts(log.session)
        cleared = so_far > (so_far - clears)[begin]
        # To the whole minor unit, as what is added and taken away again may leave a trace.
        return self._kinds(np.rint(self.values(log)), cleared)

    def fates(self, log: Log) -> Ints:
        """What `train_lstm` learns leaving from: twice the kind, plus the ending if it is known."""
        ending = endings(log)
        return np.where(ending == UNKNOWN, UNKNOWN, 2 * self.kinds(log) + ending).astype(np.int32)

    def kinds_after(self, carts: Sequence[Sequence[int]], batch: Batch) -> Ints:
        """The kinds of carts with these items, each after the steps of its window, shape (n,)."""
        cleared = np.zeros(len(batch), np.bool_)
        if (batch.action == ACTION_CODES["remove"]).any():
            row, step = np.nonzero(batch.in_session)
            clears = _clearing(row.astype(np.int32), batch.item[row, step], batch.action[row, step])
            cleared[row[clears]] = True
        values = np.array([self.amount[list(cart)].sum() for cart in carts])
        return self._kinds(np.rint(values), cleared)

    def _kinds(self, value: NDArray[np.float64], cleared: Bools) -> Ints:
        band = np.searchsorted(self.bounds, value, side="right")
        return (band + BANDS * cleared).astype(np.int32)

    def grown(self, new: int) -> "Carts":
        """The same with that many items more, whose prices it does not know."""
        return Carts(np.append(self.amount, np.zeros(new)), self.bounds)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, for the registry."""
        return {"amount": self.amount, "bounds": self.bounds}


def _clearing(session: Ints, item: Ints, action: Ints) -> Bools:
    """The steps that take out what the session has had nothing to do with before."""
    return np.asarray(first_met(session, item) & (action == ACTION_CODES["remove"]))


@dataclass(frozen=True)
class OpenCarts:
    """Moments at which a cart lay open, by the position of the last step that may be looked at."""

    log: Log
    position: NDArray[np.int64]
    left: Bools

    def __len__(self) -> int:
        return len(self.position)

    def batch(self, part: slice = slice(None)) -> Batch:
        """What was known at some of the moments."""
        at = self.position[part]
        return windows(self.log, at + 1, session=self.log.session[at], shopper=self.log.shopper[at])


def open_carts(
    log: Log, after: int | None, *, since: datetime, until: datetime | None = None
) -> OpenCarts:
    """Each visit's open cart `after` that many steps from its first add; None: at every step.

    Of the visits that began in [since, until), those that come so far, have not bought by then and
    whose ending is known. Nothing after the step is part of the moment.
    """
    ending = endings(log)
    begin = starts(log.session)
    began = log.at[begin]
    keep = (ending != UNKNOWN) & (began >= microseconds(since))
    if until is not None:
        keep &= began < microseconds(until)
    adds = np.flatnonzero(log.action == ACTION_CODES["add"])
    _, first = np.unique(log.session[adds], return_index=True)
    opened = np.full(len(log) + 1, len(log), np.int64)
    opened[begin[adds[first]]] = adds[first]
    since_add = np.arange(len(log)) - opened[begin]
    bought = np.cumsum(log.action == ACTION_CODES["purchase"])
    keep &= bought == np.append(0, bought)[np.minimum(begin, len(log))]
    keep &= since_add >= 0 if after is None else since_add == after
    position = np.flatnonzero(keep)
    return OpenCarts(log, position, ending[position] == LEFT)


def logits(head: Head, hidden: NDArray[np.float32], kind: Ints) -> Probabilities:
    """The head's logits for states (n, d) with carts of these kinds (n,)."""
    return np.asarray(hidden @ head[:-KINDS] + head[-KINDS:][kind], np.float64)


def probability(head: Head, hidden: NDArray[np.float32], kind: Ints) -> Probabilities:
    """How likely it is that each cart is left."""
    return np.asarray(expit(logits(head, hidden, kind)))


def calibration(said: Probabilities, left: Bools) -> tuple[float, float]:
    """The slope and intercept that make these logits likeliest, given what became of the carts.

    Without FEWEST carts of each ending there is nothing to learn from: 1 and 0.
    """
    if min(left.sum(), (~left).sum()) < FEWEST:
        return 1.0, 0.0

    def surprise(line: NDArray[np.float64]) -> Any:
        value = line[0] * said + line[1]
        return np.mean(np.logaddexp(0, value) - left * value)

    slope, intercept = minimize(surprise, np.array([1.0, 0.0])).x
    return float(slope), float(intercept)


def calibrated(head: Head, line: tuple[float, float]) -> Head:
    """The head whose logits are the line's."""
    slope, intercept = line
    moved = head * np.float32(slope)
    moved[-KINDS:] += np.float32(intercept)
    return moved


class LeavingLoss:
    """The head while it is trained: its variables and its part of the loss."""

    def __init__(self, units: int, start: Head) -> None:
        import tensorflow as tf  # type: ignore[import-untyped]

        weights = start if len(start) else np.zeros(units + KINDS, np.float32)
        self.weights = tf.Variable(weights[:-KINDS], name="leaving")
        self.intercepts = tf.Variable(weights[-KINDS:], name="leaving_intercepts")
        self.variables = [self.weights, self.intercepts]

    def __call__(self, states: Any, fate: Any) -> Any:
        """Mean binary cross-entropy over the steps whose fate is known; 0 where none is."""
        import tensorflow as tf

        known = fate != UNKNOWN
        fate = tf.boolean_mask(fate, known)
        logit = tf.linalg.matvec(tf.boolean_mask(states, known), self.weights)
        logit += tf.gather(self.intercepts, fate // 2)
        wanted = tf.cast(fate % 2, tf.float32)
        each = tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logit)
        return tf.math.divide_no_nan(tf.reduce_sum(each), tf.cast(tf.size(each), tf.float32))

    def export(self) -> Head:
        """The head as an array."""
        both = self.weights.numpy(), self.intercepts.numpy()
        return np.concatenate(both).astype(np.float32)
