"""What a shopper turns to by habit, whatever they looked at last.

Most sources answer to the last products. Many moves do not: the shopper leaves what they looked at
and turns to what they care for anyway. This source says what that is: P(item) is in proportion to
exp(w . f), where f are the features of `taste` and the logs of how many moves to the item were
shoppers' own (`own_moves`), all told and lately. Most of what makes an item popular is that others
lead to it, and who comes to it by habit does not come along these.

Beside counts, a network with a memory (`memory`) has learnt what each shopper turns to of their own
accord, from other things: which products are alike, and which steps tell of a shopper. What counts
know best, such as what is in demand lately, it knows little of. So P(item) is in proportion to
exp(w . f) times the square root of the network's probability, half of what each would be alone:
weights that were learnt for it came to .5 on the demo shop.

The weights w come from the validation days by expectation maximisation, as those of the blend: each
case counts by how likely it is that habit, and none of the other sources, led to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommender.blend import BY_TASTE, Weights, fit_weights
from recommender.facts import Facts
from recommender.leaning import Habitual, Leanings, NetworkOwn
from recommender.lstm_step import Lstm
from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores
from recommender.sequences import Batch, Ints, Log
from recommender.taste import FEATURES as TASTE
from recommender.taste import Choice, Profile, Taste, learn_taste, likelihood, with_weights

FEATURES = (*TASTE, "popular", "recent")
HALF_LIFE_DAYS = 14.0
# The share of a mean item's moves that each is given on top, so that no logarithm is infinite.
UNMET = 0.01
# The weights are few: so many cases are enough, and so many items for each case's target.
CASES = 4_000
CANDIDATES = 500
ROUNDS = 3
LEAST = np.float32(-30)


class Habits:
    """Suggests what is popular, leaned to what suits the shopper by all that they ever met."""

    name = BY_TASTE

    def __init__(
        self, taste: Taste, everybody: Scores, weights: Scores, network: Lstm | None = None
    ) -> None:
        """`everybody` (2, items) has the last two of FEATURES, NaN for an item that came later.

        A `network` is one with a memory.
        """
        self.taste = taste
        self.network = network
        self.everybody = everybody
        self.weights = weights
        known = ~np.isnan(everybody[0])
        self._base = (weights[len(TASTE) :] @ everybody[:, known]).astype(np.float32)
        self._leaning = with_weights(taste, weights[: len(TASTE)])
        self._leanings = Leanings(self._leaning)
        highest = self._base.max(initial=np.float32(0))
        self._likely = np.zeros(everybody.shape[1], np.float32)
        self._likely[known] = np.exp(self._base - highest)

    @classmethod
    def fit(
        cls,
        log: Log,
        facts: Facts,
        weights: Scores | None = None,
        *,
        network: Lstm | None = None,
    ) -> Self:
        """Count what everybody turns to; without weights all items are alike."""
        taste = Taste.fit(log, facts)
        everybody = np.stack(
            [
                _against_mean(taste.moves.popularity(log, half_life=half_life))
                for half_life in (None, HALF_LIFE_DAYS)
            ]
        )
        return cls(
            taste,
            everybody,
            np.zeros(len(FEATURES), np.float32) if weights is None else weights,
            network,
        )

    def by(self, network: Lstm | None) -> "Habits":
        """The same with that network."""
        return Habits(self.taste, self.everybody, self.weights, network)

    def score(self, batch: Batch) -> Scores:
        """Probabilities; NaN for a shopper who has met nothing and for items that came later."""
        scores = np.full((len(batch), self.everybody.shape[1]), np.nan, np.float32)
        known = len(self._base)
        own = None if self.network is None else self.network.own_logits(batch)
        for row, out in enumerate(scores):
            if len(batch.known_items(row)):
                self._leaning.lean(batch, row, out)
                likely = out[:known]
                likely += self._base
                if own is not None:
                    likely += own[row, :known] / 2
                np.exp(likely - likely.max(), out=likely)
                likely /= likely.sum()
                out[known:] = np.nan
        return scores

    def term(
        self,
        profile: Profile,
        scratch: Scores,
        network: NetworkOwn | None,
        *,
        mass: np.float32 | None = None,
    ) -> Habitual | None:
        """What `score` says to a shopper with that profile, as a Term; None where it says nothing.

        All items' likelihoods are written to `scratch`, unless `mass` says what they add up to.
        The square roots of the `network`'s are there before, if it has a part.
        """
        leaning = self._leanings.of(profile)
        if mass is not None:
            return Habitual(self._likely, leaning, mass, network)
        return Habitual.of_all(self._likely, leaning, scratch, network)

    def features(self, batch: Batch, row: int) -> Scores:
        """The features of all items for one window, (FEATURES, items)."""
        return np.concatenate([self.taste.features(batch, row), self.everybody])

    def grown(self, new: Newcomers) -> "Habits":
        """The same, which knows nothing of how popular the new items will be."""
        later = np.pad(self.everybody, ((0, 0), (0, len(new))), constant_values=np.nan)
        network = None if self.network is None else self.network.grown(new)
        return Habits(self.taste.grown(new), later, self.weights, network)

    def arrays(self) -> Arrays:
        """All of it, for one npz file."""
        return {
            "everybody": self.everybody,
            "habits": self.weights,
            "by_network": np.array(self.network is not None),
            **self.taste.arrays(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` came from, but for its network, which is a source itself."""
        rest = dict(arrays)
        everybody, weights = rest.pop("everybody"), rest.pop("habits")
        del rest["by_network"]
        return cls(Taste.from_arrays(rest), everybody, weights)


def _against_mean(count: NDArray[np.float64]) -> Scores:
    """Logarithms of how often shoppers came to each item, against the mean of them."""
    whole = np.log(count + UNMET * max(float(count.mean()), 1e-9))
    centred: Scores = (whole - whole.mean()).astype(np.float32)
    return centred


@dataclass(frozen=True)
class Led:
    """Validation cases: the shares (cases, sources) that the other sources gave to the targets,
    the blend's row of weights of each case, and what followed."""

    others: Weights
    rows: Ints
    target: Ints
    batch: Callable[[slice], Batch]


def learnt_habits(habits: Habits, led: Led, *, seed: int = 0) -> Habits:
    """The same counts with the weights that make the moves likeliest which habit led to."""
    draw = np.random.default_rng(seed)
    known = np.flatnonzero(led.target >= 0)
    known = np.sort(draw.choice(known, min(CASES, len(known)), replace=False))
    if len(known) == 0:
        return habits
    popular = np.exp(habits.everybody[0].astype(np.float64))
    chance = popular / popular.sum()
    choices = [
        _choice(habits, led.batch(slice(case, case + 1)), int(led.target[case]), chance, draw)
        for case in known.tolist()
    ]
    weights = learn_taste(choices)
    for _ in range(ROUNDS):
        own = np.array([likelihood(choice, weights) for choice in choices])
        shares = np.column_stack([led.others[known], own])
        mixture = fit_weights(shares, led.rows[known])[led.rows[known]]
        parts = np.nan_to_num(shares) * mixture
        weights = learn_taste(choices, counts=parts[:, -1] / parts.sum(axis=1))
    return Habits(habits.taste, habits.everybody, weights, habits.network)


def _choice(
    habits: Habits,
    batch: Batch,
    target: int,
    chance: NDArray[np.float64],
    draw: np.random.Generator,
) -> Choice:
    """The target among all items, or among some that are drawn by their popularity.

    Each of those stands for as many as it is rarely drawn (logQ correction), the target for itself.
    """
    items = len(chance)
    features = habits.features(batch, 0).T
    offset = np.zeros(items, np.float32)
    if habits.network is not None:
        # An item that it knows nothing of is as unlikely as the least likely ones.
        logits = habits.network.own_logits(batch)[0]
        offset = np.maximum(logits - logits.max(), LEAST) / 2
    if items > CANDIDATES:
        drawn = draw.choice(items, CANDIDATES, p=chance)
        drawn[0] = target
        own = offset[drawn]
        offset = own - np.log(CANDIDATES * chance[drawn]).astype(np.float32)
        offset[drawn == target] = -np.inf
        offset[0] = own[0]
        return Choice(features[drawn], offset, 0)
    offset[batch.session_items(0)] = -np.inf
    return Choice(features, offset, target)
