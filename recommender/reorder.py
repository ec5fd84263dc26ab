"""Puts the first suggestions of a blend in order by what each source says of them.

A mixture adds shares up, so what one source is sure of counts the same wherever another disagrees.
Two models learn from the questions of validation days whom to believe when: a conditional logit
(McFadden 1974), and gradient-boosted trees (Friedman 2001; LightGBM: Ke et al. 2017). Both see each
source's share of an item, its rank with the first sources, whether the session has met it, and how
long the session is. The sum of the two does better than either: trees put the target higher, the
logit loses fewer of them. What comes after the first CANDIDATES stays as it is.
"""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recommender.blend import Blend
from recommender.protocol import Scores
from recommender.sequences import Batch, Bools, Ints, score_chunks
from recommender.weighing import Asked

CANDIDATES = 100
RANKED = 3
"""So many sources, the first, are asked for ranks too."""
LONG = 5
"""Steps from which on a session is a long one, where last items come again less often."""
SIZE = 256
ROUNDS = 80
TREES: dict[str, Any] = {
    # Threads that spin while they wait for each other take minutes where others want the cores.
    "num_threads": 1,
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.06,
    "min_data_in_leaf": 50,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
    "seed": 0,
}
RIDGE = 1e-3

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Order:
    """How candidates are put in order: the logit's weights, the trees, and the scale of each."""

    logit: Floats
    trees: lightgbm.Booster
    scales: tuple[float, float]

    @classmethod
    def fit(cls, features: Scores, came: Bools) -> "Order":
        """From candidates (n, candidates, features) and which one of each row came."""
        flat = features.reshape(-1, features.shape[-1])
        trees = lightgbm.train(TREES, lightgbm.Dataset(flat, came.ravel().astype(np.int32)), ROUNDS)
        spread = np.maximum(flat.std(axis=0), 1e-6)
        logit = _conditional_logit((features / spread).astype(np.float32), came) / spread
        scales = float(np.std(flat @ logit)), float(np.std(_raw(trees, flat)))
        return cls(logit, trees, (scales[0] or 1.0, scales[1] or 1.0))

    def values(self, features: Scores) -> Floats:
        """What candidates (n, candidates, features) are put in order by."""
        flat = features.reshape(-1, features.shape[-1])
        summed = flat @ self.logit / self.scales[0] + _raw(self.trees, flat) / self.scales[1]
        # A logit is free up to a constant in each row.
        found: Floats = summed.reshape(features.shape[:2])
        return found - found.mean(axis=1, keepdims=True)


def _raw(trees: lightgbm.Booster, flat: Scores) -> Floats:
    return np.asarray(trees.predict(flat, raw_score=True), np.float64)


def _conditional_logit(features: Scores, came: Bools) -> Floats:
    """Weights under which the candidate that came is the likeliest of its row, with a ridge."""
    centred = features - features.mean(axis=1, keepdims=True)
    own = centred[came].mean(axis=0, dtype=np.float64)

    def loss(weights: Floats) -> tuple[float, Floats]:
        values = centred @ weights.astype(np.float32)
        values -= values.max(axis=1, keepdims=True)
        chance = np.exp(values)
        chance /= chance.sum(axis=1, keepdims=True)
        likely = np.log(np.maximum(chance[came], 1e-30)).mean(dtype=np.float64)
        expected = np.tensordot(chance, centred, axes=2).astype(np.float64) / len(chance)
        return (
            float(-likely + RIDGE * weights @ weights),
            expected - own + 2 * RIDGE * weights,
        )

    begin = np.zeros(features.shape[-1])
    found: Floats = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x
    return found


class Reordered:
    """A blend whose first suggestions are put in order by what was learnt of its sources."""

    name = "blend"

    def __init__(self, blend: Blend, order: Order | None) -> None:
        """Without an order the blend's own stays."""
        if blend.known is not None or blend.taste is not None:
            raise ValueError("a blend with newcomers or a taste has an order of its own")
        self.blend = blend
        self.order = order

    @classmethod
    def fit(cls, blend: Blend, cases: Asked, *, items: int) -> "Reordered":
        """Learn from cases that none of the blend's sources was fitted on."""
        parts = list(score_chunks(len(cases), items, SIZE))
        found = [_candidates(blend, cases.batch(part))[1:] for part in parts]
        useful, rows = [], []
        for part, (top, features) in zip(parts, found, strict=True):
            came = top == cases.target[part][:, None]
            some = came.any(axis=1)
            useful.append(came[some])
            rows.append(features[some])
        if not sum(len(came) for came in useful):
            return cls(blend, None)
        return cls(blend, Order.fit(np.concatenate(rows), np.concatenate(useful)))

    def over(self, blend: Blend) -> "Reordered":
        """The same order for a blend of the same sources, fitted on more."""
        return Reordered(blend, self.order)

    def score(self, batch: Batch) -> Scores:
        """The blend's scores, those of the first candidates lifted above all others."""
        total, top, features = _candidates(self.blend, batch)
        scores = np.where(total > 0, total, np.float32(np.nan))
        if self.order is not None and len(batch):
            lifted = 2 + np.tanh(self.order.values(features) / 20)
            lifted[np.take_along_axis(total, top, axis=1) <= 0] = np.nan
            np.put_along_axis(scores, top, lifted.astype(np.float32), axis=1)
        return scores


def _candidates(blend: Blend, batch: Batch) -> tuple[Scores, Ints, Scores]:
    """The mixture's scores, its first items, and what is known of each (n, candidates, features).

    The mixture is `Blend.mix`'s, without a matrix of all items for each source's part of it.
    """
    scores = [source.score(batch) for source in blend.sources]
    sums = []
    for one in scores:
        np.nan_to_num(one, copy=False, nan=0.0)
        sums.append(one.sum(axis=1))
    mass = np.stack(sums)
    per = blend.weights_for(batch, mass > 0) / np.maximum(mass, np.float32(1e-30))
    total = np.zeros_like(scores[0])
    for one, weight in zip(scores, per, strict=True):
        total += one * weight[:, None]
    width = min(CANDIDATES, total.shape[1])
    top = np.argpartition(-total, width - 1, axis=1)[:, :width].astype(np.int32)
    given = np.stack([np.take_along_axis(one, top, axis=1) for one in scores])
    given /= np.maximum(mass, np.float32(1e-30))[:, :, None]
    logs = np.log(given + np.float32(1e-6))
    ranks = (-given[:RANKED]).argsort(axis=2, kind="stable").argsort(axis=2)
    last = top == batch.last_items()[:, None]
    length = np.broadcast_to(batch.in_session.sum(axis=1)[:, None], top.shape)
    features = [
        *logs,
        *(1 / (1 + ranks)),
        *np.log1p(ranks),
        np.log(np.take_along_axis(total, top, axis=1) + np.float32(1e-8)),
        *(logs[:2] - logs[:2].max(axis=2, keepdims=True)),
        last,
        _met(batch, top) & ~last,
        last & (length == 1),
        last & (length >= LONG),
        length,
    ]
    return total, top, np.stack(features, axis=-1).astype(np.float32)


def _met(batch: Batch, top: Ints) -> Bools:
    """Which of the items the running session has met."""
    met = np.zeros(top.shape, np.bool_)
    for column in range(batch.item.shape[1]):
        item = np.where(batch.in_session[:, column], batch.item[:, column], -1)
        met |= top == item[:, None]
    return met
