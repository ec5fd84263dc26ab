"""What the catalogue says of each item, as the network takes it in.

Category, brand and price band are codes, each with an embedding of its own; what a title means is a
vector, of which training keeps the directions that tell these titles apart best. So a product that
nobody has touched has an embedding, and one that few have leans on those like it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.facts import Facts
from recommender.sequences import Ints

BANDS = 5
DIRECTIONS = 32

type Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class ItemContent:
    """Codes of items (3, n) in one numbering of `kinds`, and their titles' vectors (n, t).

    Code 0 stands for what the catalogue does not say.
    """

    codes: Ints
    kinds: int
    text: Matrix

    @classmethod
    def of(cls, facts: Facts, text: Matrix, *, known: int | None = None) -> "ItemContent":
        """From facts and the titles' vectors, zeros for none.

        With `known`, of the items after so many, by the numbering of those before: a brand that
        these lack is unknown.
        """
        sizes = tuple(
            int(codes[:known].max(initial=-1)) + 1 for codes in (facts.category, facts.brand)
        )
        band = np.nan_to_num(np.minimum(facts.place * BANDS, BANDS - 1), nan=-1).astype(np.int32)
        begin, numbered = 1, []
        for codes, size in zip((facts.category, facts.brand, band), (*sizes, BANDS), strict=True):
            own = codes[known or 0 :]
            numbered.append(np.where((own >= 0) & (own < size), begin + own, 0))
            begin += size
        return cls(np.stack(numbered).astype(np.int32), begin, text)

    @cached_property
    def axes(self) -> Matrix:
        """The directions (t, DIRECTIONS) in which the titles' vectors differ most."""
        _, _, rows = np.linalg.svd(self.text, full_matrices=False)
        axes: Matrix = rows[:DIRECTIONS].T.astype(np.float32)
        return axes

    @cached_property
    def reduced(self) -> Matrix:
        """The titles' vectors along these directions, (n, DIRECTIONS)."""
        reduced: Matrix = (self.text @ self.axes).astype(np.float32)
        return reduced

    def embedded(self, kinds: Matrix, text: Matrix) -> Matrix:
        """What a trained network's embeddings of kinds and texts make of the items, (n, d).

        A network that was trained without titles has no rows for them.
        """
        embedded: Matrix = kinds[self.codes].sum(axis=0)
        return embedded + self.text @ text if len(text) else embedded
