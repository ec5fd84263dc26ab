"""Mixes the recommenders into one ranking and says what each gave.

Each source's scores become shares that add up to 1 over the items; the blend is their weighted
sum, a mixture whose weights are fitted by expectation maximisation (Dempster, Laird & Rubin 1977)
to the likelihood of the targets of validation days. Weights depend on where the shopper stands
(`contexts`). A source that knows nothing of a shopper passes its weight to the others, so
the mixture is its own fallback chain: down to popularity, which always knows something. So do the
sources that count pass on what they weigh where an item is newer than what they counted: it is
scored by content and by the network alone. The shopper's taste leans what the sources say towards
what suits them, and to what the nearest sessions turned to; only habit, which knows their taste
already, is left as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.content import Content
from recommender.contexts import CONTEXTS, context_rows
from recommender.lstm_step import Lstm
from recommender.mining.compiled import compiled
from recommender.neighbours import SessionNeighbours
from recommender.newcomers import Newcomers
from recommender.protocol import Scores, Source
from recommender.sequences import Batch, Bools, Ints
from recommender.taste import Taste, likeness

type Weights = NDArray[np.float64]

PRIOR_CASES = 50.0
BY_CONTENT = (Lstm, Content)
"""Sources that know a product before anybody met it."""
BY_TASTE = "habits"
"""The source that taste does not lean, as it leans by itself."""
NEAREST = SessionNeighbours.name


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
    """Suggests by the weighted sum of its sources' shares, leaned to what suits the shopper."""

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
        if weights.shape != (CONTEXTS, len(sources)):
            raise ValueError(
                f"weights must have shape {(CONTEXTS, len(sources))}, not {weights.shape}"
            )
        self.sources = tuple(sources)
        self.weights = weights
        self.taste = None if taste is None or taste.is_silent else taste
        self.known = known
        self.category = category_of(sources)
        self.led = np.array([source.name != BY_TASTE for source in sources])
        """Which sources taste leans."""
        names = [source.name for source in sources]
        self.by_nearest = names.index(NEAREST) if NEAREST in names else None
        """Which source knows the nearest sessions, to which taste leans too."""
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
        if self.taste is not None:
            weighted[self.led] *= self.taste.factors(batch)
            if self.taste.alike:
                weighted[self.led] *= np.exp(self.taste.alike * likeness(self.nearest(parts)))
            leant = weighted[self.led].sum(axis=(0, 2))
            held = weights[self.led].sum(axis=0)
            weighted[self.led] *= (held / np.where(leant > 0, leant, 1))[:, None]
        return Mixed(weighted.sum(axis=0), weighted)

    def nearest(self, parts: Scores) -> Scores:
        """Of the sources' shares (sources, n, items), those by the nearest sessions."""
        none = np.zeros(parts.shape[1:], np.float32)
        return none if self.by_nearest is None else parts[self.by_nearest]

    def weights_for(self, batch: Batch, knows: Bools) -> Scores:
        """What each source (rows) counts for each window; those that know nothing pass it on."""
        weights = np.empty(knows.shape, np.float32)
        _pass_on(self.weights, context_rows(batch, self.category), knows, weights)
        return weights

    def newcomers_lift(self, weights: Scores) -> Scores:
        """What a newcomer's scores are multiplied by for each window of `weights_for`."""
        lift = np.empty(weights.shape[1], np.float32)
        _lift(weights, self._by_content, lift)
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


@compiled
def _pass_on(weights: Weights, rows: Ints, knows: Bools, out: Scores) -> None:
    """Write the weights (sources, n) of windows with these rows among those who know something."""
    for window in range(len(rows)):
        whole = 0.0
        for source in range(len(knows)):
            if knows[source, window]:
                whole += weights[rows[window], source]
        for source in range(len(knows)):
            own = weights[rows[window], source] if knows[source, window] else 0.0
            out[source, window] = own / whole if whole > 0 else 0.0


@compiled
def _lift(weights: Scores, by_content: Bools, out: Scores) -> None:
    for window in range(weights.shape[1]):
        able = np.float32(0)
        for source in range(len(weights)):
            if by_content[source]:
                able += weights[source, window]
        out[window] = 1 / able if able > 0 else 1.0


def category_of(sources: Sequence[Source]) -> Ints | None:
    """Each item's category, as content knows it; None without content."""
    found = (one.facts.category for one in sources if isinstance(one, Content))
    return next(found, None)


def fit_weights(target_shares: Weights, rows: Ints, *, rounds: int = 200) -> Weights:
    """Weights (contexts, sources) that make the targets likeliest.

    `target_shares` (cases, sources) is the share each source gave to the case's target, NaN where
    it knew nothing of the shopper, `rows` the row of weights of each case. Rows with few cases lean
    on the weights of all cases together, which count like PRIOR_CASES cases. Without any case all
    sources weigh the same.
    """
    sources = target_shares.shape[1]
    overall = _expect_maximise(target_shares, np.full(sources, 1.0), rounds)
    return np.stack(
        [
            _expect_maximise(target_shares[rows == row], PRIOR_CASES * overall, rounds)
            for row in range(CONTEXTS)
        ]
    )


def _expect_maximise(known: Weights, prior: Weights, rounds: int) -> Weights:
    """A source that is silent is no worse for it: its draws, which bring nothing, are repeated.

    That is the mixture truncated to who speaks (Dempster et al. 1977, section 4.2): of each silent
    source, as many draws are expected as it weighs against those that speak.
    """
    known = known[np.nansum(known, axis=1) > 0]
    silent = np.isnan(known)
    heard = np.where(silent, 0, known)
    weights: Weights = prior / prior.sum()
    for _ in range(rounds):
        part = heard * weights
        part /= np.maximum(part.sum(axis=1, keepdims=True), 1e-300)
        part += silent * weights / np.maximum(~silent @ weights, 1e-300)[:, None]
        updated = part.sum(axis=0) + prior
        updated /= updated.sum()
        if np.abs(updated - weights).max() < 1e-7:
            break
        weights = updated
    return weights
