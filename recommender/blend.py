"""Mixes the recommenders into one ranking and says what each gave.

Each source's scores become shares that add up to 1 over the items; the blend is their weighted
sum, a mixture whose weights are fitted by expectation maximisation (Dempster, Laird & Rubin 1977)
to the likelihood of the targets of validation days. Weights depend on how many products the
session has turned to. A source that knows nothing of a shopper passes its weight to the others, so
the mixture is its own fallback chain: down to popularity, which always knows something. So do the
sources that count pass on what they weigh where an item is newer than what they counted: it is
scored by content and by the network alone. Last comes the shopper's taste, which leans the whole
towards what suits them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.content import Content
from recommender.lstm_step import Lstm
from recommender.newcomers import Newcomers
from recommender.protocol import Scores, Source
from recommender.sequences import Batch, Bools, Ints
from recommender.taste import Taste

type Weights = NDArray[np.float64]

# Lowest number of products in the session for each row of weights.
LENGTHS = (0, 1, 2, 3, 5, 8)
PRIOR_CASES = 50.0
BY_CONTENT = (Lstm, Content)
"""Sources that know a product before anybody met it."""


def length_rows(batch: Batch) -> Ints:
    """The row of weights that applies to each window."""
    counts = np.array([len(batch.session_items(row)) for row in range(len(batch))], np.int32)
    return (np.searchsorted(LENGTHS, counts, side="right") - 1).astype(np.int32)


def shares(scores: Scores) -> Scores:
    """Scores as shares of their row (last axis); NaN stays where nothing is known, else it is 0."""
    known = np.where(np.isnan(scores), np.float32(0), scores)
    total = known.sum(axis=-1, keepdims=True)
    return np.where(total > 0, known / np.where(total > 0, total, 1), np.nan).astype(np.float32)


@dataclass(frozen=True)
class Mixed:
    """A blend's scores (n, items) with each source's part of them (sources, n, items)."""

    total: Scores
    parts: Scores


class Blend:
    """Suggests by the weighted sum of its sources' shares, times how an item suits the shopper."""

    name = "blend"

    def __init__(
        self,
        sources: Sequence[Source],
        weights: Weights,
        taste: Taste | None = None,
        *,
        known: int | None = None,
    ) -> None:
        """`known` is how many items training knew; those after them are newcomers."""
        if weights.shape != (len(LENGTHS), len(sources)):
            raise ValueError(
                f"weights must have shape {(len(LENGTHS), len(sources))}, not {weights.shape}"
            )
        self.sources = tuple(sources)
        self.weights = weights
        self.taste = None if taste is None or taste.is_silent else taste
        self.known = known
        self._by_content = np.array([isinstance(source, BY_CONTENT) for source in sources])

    def mix(self, batch: Batch) -> Mixed:
        """Scores with the part of each source."""
        parts = shares(np.stack([source.score(batch) for source in self.sources]))
        return self.combine(parts, batch)

    def combine(self, parts: Scores, batch: Batch) -> Mixed:
        """The same from the shares (sources, n, items) that the sources give."""
        knows = ~np.isnan(parts).all(axis=2)  # (sources, n)
        weights = self.weights_for(batch, knows)
        weighted = np.nan_to_num(parts) * weights[:, :, None]
        if self.known is not None:
            weighted[:, :, self.known :] *= self.newcomers_lift(weights)[:, None]
        total = weighted.sum(axis=0)
        if self.taste is None:
            return Mixed(total, weighted)
        factors = self.taste.factors(batch)
        leant = (total * factors).sum(axis=1, keepdims=True)
        weighted *= factors / np.where(leant > 0, leant, 1)
        return Mixed(weighted.sum(axis=0), weighted)

    def weights_for(self, batch: Batch, knows: Bools) -> Scores:
        """What each source (rows) counts for each window; those that know nothing pass it on."""
        weights = self.weights[length_rows(batch)].T * knows
        total = weights.sum(axis=0)
        return (weights / np.where(total > 0, total, 1)).astype(np.float32)

    def newcomers_lift(self, weights: Scores) -> Scores:
        """What a newcomer's scores are multiplied by for each window of `weights_for`."""
        able = weights[self._by_content].sum(axis=0)
        lift: Scores = np.divide(1, able, out=np.ones_like(able), where=able > 0)
        return lift

    def grown(self, new: Newcomers) -> "Blend":
        """The same with newcomers; this one has none yet."""
        known = len(new.facts.category) - len(new)
        sources = [source.grown(new) for source in self.sources]
        taste = None if self.taste is None else self.taste.grown(new)
        return Blend(sources, self.weights, taste, known=known)

    def score(self, batch: Batch) -> Scores:
        """The sums; NaN where no source knows the item."""
        total = self.mix(batch).total
        return np.where(total > 0, total, np.nan).astype(np.float32)


def fit_weights(target_shares: Weights, rows: Ints, *, rounds: int = 200) -> Weights:
    """Weights (lengths, sources) that make the targets likeliest.

    `target_shares` (cases, sources) is the share each source gave to the case's target, `rows` the
    row of weights of each case. Rows with few cases lean on the weights of all cases together,
    which count like PRIOR_CASES cases. Without any case all sources weigh the same.
    """
    sources = target_shares.shape[1]
    known = np.nan_to_num(target_shares)
    overall = _expect_maximise(known, np.full(sources, 1.0), rounds)
    return np.stack(
        [
            _expect_maximise(known[rows == row], PRIOR_CASES * overall, rounds)
            for row in range(len(LENGTHS))
        ]
    )


def _expect_maximise(known: Weights, prior: Weights, rounds: int) -> Weights:
    known = known[known.sum(axis=1) > 0]
    weights: Weights = prior / prior.sum()
    for _ in range(rounds):
        part = known * weights
        part /= np.maximum(part.sum(axis=1, keepdims=True), 1e-300)
        updated = part.sum(axis=0) + prior
        updated /= updated.sum()
        if np.abs(updated - weights).max() < 1e-7:
            break
        weights = updated
    return weights
