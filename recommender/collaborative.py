"""Collaborative filtering: what shoppers of alike taste turned to, whatever the order.

Shoppers and items become vectors whose products tell who meets what (implicit-feedback matrix
factorisation by alternating least squares: Hu, Koren & Volinsky 2008), fitted by the library
`implicit`. Only the items' vectors are kept. A shopper's follows from the steps that are known at
the moment by the closed form of the same paper, equation 4, so that a newcomer has one from the
first step on and serving needs neither the library nor the shoppers that it learnt from.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recommender.newcomers import Newcomers
from recommender.output_layer import OutputLayer
from recommender.protocol import Arrays, Scores, Term
from recommender.sequences import ACTION_CODES, ACTIONS, Batch, Ints, Log
from recommender.terms import All

FACTORS = 32
REGULARISATION = 10.0
ROUNDS = 10
CONFIDENCE = {"view": 1.0, "search": 1.0, "add": 3.0, "remove": 0.0, "purchase": 5.0}
"""How sure each step makes that the shopper cares for the item; those of one item add up."""
_OF_ACTION = np.zeros(len(ACTIONS) + 1, np.float32)
_OF_ACTION[[ACTION_CODES[action] for action in CONFIDENCE]] = list(CONFIDENCE.values())


class Collaborative:
    """Suggests the items whose vectors are nearest to the shopper's."""

    name = "collaborative"

    def __init__(self, items: Scores, gram: Scores) -> None:
        """`items` (items, FACTORS), NaN for one that came later; `gram` their Y'Y + regularisation.

        The vectors of the items that training never met are 0.
        """
        self.items = items
        self.gram = gram
        self._known = int((~np.isnan(items[:, 0])).sum())
        met = np.arange(len(items)) < self._known
        self._layer = OutputLayer(np.nan_to_num(items), np.zeros(len(items), np.float32), met)

    @classmethod
    def fit(cls, log: Log, items: int, *, seed: int = 0) -> Self:
        """Factorise who did what with which item. The same seed gives the same vectors."""
        confidence = _OF_ACTION[log.action]
        counted = (log.item >= 0) & (confidence > 0)
        _, shopper = np.unique(log.shopper[counted], return_inverse=True)
        met = csr_matrix(
            (confidence[counted], (shopper, log.item[counted])),
            shape=(int(shopper.max(initial=-1)) + 1, items),
        )
        vectors = np.zeros((items, FACTORS), np.float32)
        seen = np.flatnonzero(np.bincount(log.item[counted], minlength=items))
        if len(seen):
            vectors[seen] = _factorise(met[:, seen], seed)
        gram = vectors.T @ vectors + REGULARISATION * np.eye(FACTORS, dtype=np.float32)
        return cls(vectors, gram)

    def shopper(self, batch: Batch, row: int) -> Scores | None:
        """The vector (FACTORS,) of a window's shopper; None where no step says anything."""
        item, confidence = _confidences(batch, row)
        inside = item < self._known
        item, confidence = item[inside], confidence[inside]
        if len(item) == 0:
            return None
        own = self.items[item]
        weighed = self.gram + own.T @ (own * (confidence - 1)[:, None])
        vector: Scores = np.linalg.solve(weighed, confidence @ own).astype(np.float32)
        return vector

    def score(self, batch: Batch) -> Scores:
        """How near each item is, at least 0; NaN for who did nothing and what came later."""
        scores = np.full((len(batch), len(self.items)), np.nan, np.float32)
        for row, out in enumerate(scores):
            vector = self.shopper(batch, row)
            if vector is not None:
                near = self.items[: self._known] @ vector
                np.maximum(near, 0, out=out[: self._known])
        return scores

    def spread(self, batch: Batch) -> Term | None:
        """As Spread says."""
        vector = self.shopper(batch, 0)
        if vector is None:
            return None
        near = np.maximum(self._layer.logits(vector, np.empty(len(self.items), np.float32)), 0)
        whole = near.sum()
        return _Near(self._layer, vector, near, whole) if whole > 0 else None

    def grown(self, new: Newcomers) -> Self:
        """The same, which knows nothing of the new items."""
        later = np.pad(self.items, ((0, len(new)), (0, 0)), constant_values=np.nan)
        return type(self)(later, self.gram)

    def arrays(self) -> Arrays:
        """The items' vectors and what they add up to."""
        return {"items": self.items, "gram": self.gram}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` came from."""
        return cls(arrays["items"], arrays["gram"])


@dataclass(frozen=True, slots=True)
class _Near:
    """How near all items are by their rounded vectors, which add up to `whole`."""

    layer: OutputLayer
    vector: Scores
    near: Scores
    whole: np.float32

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        All(self.near).add_to(total, weight / self.whole)

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in Term
        """As Term says."""
        near = np.maximum(self.layer.exact(self.vector, items), np.float32(0))
        share: Scores = (near / self.whole).astype(np.float32)
        return share


def _confidences(batch: Batch, row: int) -> tuple[Ints, Scores]:
    """The known items of all steps, the older ones too, and how sure each is."""
    steps = slice(0, int(batch.length[row]))
    items = np.concatenate([batch.older_item[row], batch.item[row, steps]])
    sure = _OF_ACTION[np.concatenate([batch.older_action[row], batch.action[row, steps]])]
    counted = (items >= 0) & (sure > 0)
    item, place = np.unique(items[counted], return_inverse=True)
    return item, np.bincount(place, sure[counted], len(item)).astype(np.float32)


def _factorise(met: csr_matrix, seed: int) -> Scores:
    """The items' vectors; by one thread, as the sums of several differ from run to run."""
    with threadpool_limits(1, "blas"):
        from implicit.cpu.als import AlternatingLeastSquares  # type: ignore[import-untyped]

        model = AlternatingLeastSquares(
            factors=FACTORS,
            regularization=REGULARISATION,
            iterations=ROUNDS,
            num_threads=1,
            random_state=seed,
        )
        model.fit(met, show_progress=False)
    vectors: NDArray[np.float32] = model.item_factors
    return vectors
