"""The LSTM's output layer with one byte a weight: what one request reads of it is what it costs.

A product of one state with all item embeddings is bound by the memory it reads. Each item's row is
kept as 8-bit integers with one scale (symmetric, per row: Jacob et al. 2018), a quarter of the
bytes; the state becomes 14-bit integers, so that nearly all of what rounding loses is lost by the
items. `exact` gives the true logits of the few items that a choice is made from.

In a shop so large that even this is too much, `nearest` finds the likeliest items through an index,
and `rest` estimates what all others add up to from some of them, drawn once.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.lanes import in_pairs, interleaved, products, products_of_both
from recommender.mining.compiled import compiled
from recommender.nearest import NearestItems
from recommender.protocol import Scores
from recommender.sequences import Bools, Ints

STEPS = 127
STATE_STEPS = 8191
"""127 * 8191 * units fits in 32 bits for up to 2,000 units."""
PARTS = 16
DRAWN = 2_048
"""Items that stand for all that the index did not find."""


class OutputLayer:
    """Logits of all items for one state; items that training never met have none (-inf)."""

    def __init__(
        self, items: Scores, bias: Scores, seen: Bools, index: NearestItems | None = None
    ) -> None:
        """From the embeddings (n, d), the items' biases (n,) and which of them training met.

        With an `index` of the first items, the `nearest` ones are found without all logits.
        """
        self._items = np.ascontiguousarray(items, np.float32)
        self._bias = np.where(seen, bias, -np.inf).astype(np.float32)
        scale = np.abs(self._items).max(axis=1, initial=0) / np.float32(STEPS)
        self._scale = np.maximum(scale, np.float32(1e-30)).astype(np.float32)
        self._blocks = interleaved(np.round(self._items / self._scale[:, None]).astype(np.int8))
        self.index = index
        if index is not None:
            known = np.flatnonzero(seen)
            draw = np.random.default_rng(0)
            drawn = draw.choice(known, min(DRAWN, len(known)), replace=False)
            self._drawn = np.sort(drawn).astype(np.int32)
            self._sample = np.ascontiguousarray(self._items[self._drawn])
            self._seen = len(known)

    def logits(self, state: Scores, out: Scores) -> np.float32:
        """Write the logits from the rounded weights to `out` (n,), and return the highest."""
        pairs, unit = self._rounded(state)
        products(self._blocks, pairs, unit, self._scale, self._bias, out)
        return _highest(out)

    def logits_of_both(
        self, first: Scores, first_out: Scores, second: Scores, second_out: Scores
    ) -> np.float32:
        """The same for two states at once; the highest is the first's."""
        products_of_both(
            self._blocks, *self._rounded(first), first_out, *self._rounded(second), second_out,
            self._scale, self._bias,
        )  # fmt: skip
        return _highest(first_out)

    def _rounded(self, state: Scores) -> tuple[NDArray[np.int16], np.float32]:
        """The state as whole numbers, in pairs, and the unit that they are counted in."""
        unit = max(float(np.abs(state).max(initial=0)), 1e-30) / STATE_STEPS
        rounded = np.rint(state / np.float32(unit)).astype(np.int16)
        return in_pairs(rounded, self._blocks), np.float32(unit)

    def nearest(self, state: Scores) -> Ints:
        """The likeliest items by far, found through the index, and all known that came later."""
        assert self.index is not None  # noqa: S101 who asks has looked
        later = np.arange(self.index.items, len(self._items), dtype=np.int32)
        known = later[np.isfinite(self._bias[later])]
        return np.concatenate([self.index.find(state), known])

    def rest(self, state: Scores, highest: np.float32, found: Ints) -> np.float32:
        """What `exp(logit - highest)` of all but the found items adds up to, as estimated."""
        others = ~np.isin(self._drawn, found)
        missing = self._seen - len(found)
        if missing <= 0 or not others.any():
            return np.float32(0)
        logits = self._sample @ state + self._bias[self._drawn]
        return np.float32(np.exp(logits[others] - highest).mean() * missing)

    def exact(self, state: Scores, items: Ints) -> Scores:
        """The true logits of some items."""
        logits = np.empty(len(items), np.float32)
        _products_of(items, self._items, state, self._bias, logits)
        return logits


def _highest(logits: Scores) -> np.float32:
    highest: np.float32 = logits.max(initial=np.float32(-1e30))
    return highest


@compiled
def _products_of(items: Ints, rows: Scores, state: Scores, bias: Scores, out: Scores) -> None:
    # Each sum has so many parts that none waits for the one before.
    parts = np.empty(PARTS, np.float32)
    for at in range(len(items)):
        row = rows[items[at]]
        parts[:] = 0
        whole = len(row) - len(row) % PARTS
        for begin in range(0, whole, PARTS):
            for part in range(PARTS):
                parts[part] += row[begin + part] * state[begin + part]
        total = bias[items[at]]
        for part in range(PARTS):
            total += parts[part]
        for unit in range(whole, len(row)):
            total += row[unit] * state[unit]
        out[at] = total
