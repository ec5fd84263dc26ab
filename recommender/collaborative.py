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

from recommender.mining.compiled import compiled
from recommender.newcomers import Newcomers
from recommender.output_layer import OutputLayer
from recommender.protocol import Arrays, Scores
from recommender.sequences import ACTION_CODES, ACTIONS, Batch, Ints, Log
from recommender.terms import add_all

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
        steps = slice(0, int(batch.length[row]))
        vector = np.zeros(FACTORS, np.float32)
        knows = _place(
            np.concatenate([batch.older_item[row], batch.item[row, steps]]),
            np.concatenate([batch.older_action[row], batch.action[row, steps]]),
            _OF_ACTION, self.items, self._known, self.gram, vector,
        )  # fmt: skip
        return vector if knows else None

    def score(self, batch: Batch) -> Scores:
        """How near each item is, at least 0; NaN for who did nothing and what came later."""
        scores = np.full((len(batch), len(self.items)), np.nan, np.float32)
        for row, out in enumerate(scores):
            vector = self.shopper(batch, row)
            if vector is not None:
                near = self.items[: self._known] @ vector
                np.maximum(near, 0, out=out[: self._known])
        return scores

    def term(
        self, batch: Batch, scratch: Scores, *, mass: np.float32 | None = None
    ) -> "Near | None":
        """What `score` says for a batch of one window, as a Term; None where it knows nothing.

        How near all items are is written to `scratch`, unless `mass` says what it adds up to.
        """
        vector = self.shopper(batch, 0)
        if vector is None:
            return None
        if mass is None:
            self._layer.logits(vector, scratch)
            np.maximum(scratch, 0, out=scratch)
            mass = scratch.sum()
        return Near(self._layer, vector, scratch, mass) if mass > 0 else None

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
class Near:
    """How near all items are by their rounded vectors, which add up to `mass`."""

    layer: OutputLayer
    vector: Scores
    near: Scores
    mass: np.float32

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        add_all(total, self.near, weight / self.mass)

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in Term
        """As Term says."""
        near = np.maximum(self.layer.exact(self.vector, items), np.float32(0))
        share: Scores = (near / self.mass).astype(np.float32)
        return share


@compiled
def _place(
    item: Ints, action: Ints, of_action: Scores, items: Scores, known: int, gram: Scores,
    vector: Scores,
) -> bool:  # fmt: skip
    """Write the vector of who did these steps; whether any of them says anything."""
    factors = len(vector)
    weighed = gram.copy()
    wanted = np.zeros(factors, np.float32)
    knows = False
    for step in range(len(item)):
        one, sure = item[step], of_action[action[step]]
        if one < 0 or one >= known or sure <= 0:
            continue
        knows = True
        is_met = False
        for before in range(step):
            if item[before] == one and of_action[action[before]] > 0:
                is_met = True
                break
        # An item's confidence is what its steps add up to, and counts above 1 alone.
        more = sure if is_met else sure - np.float32(1)
        own = items[one]
        if more == 0:
            for row in range(factors):
                wanted[row] += sure * own[row]
            continue
        for row in range(factors):
            wanted[row] += sure * own[row]
            scaled = more * own[row]
            for column in range(factors):
                weighed[row, column] += scaled * own[column]
    if knows:
        vector[:] = np.linalg.solve(weighed, wanted)
    return knows


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
