"""What a catalogue says of its products, as arrays."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommender.sequences import Ints


@dataclass(frozen=True)
class Facts:
    """What the catalogue says of each item: codes of brand and category, -1 where it says nothing.

    `place` is the item's place in its category by price, from 0 to 1, NaN where it has no price.
    """

    brand: Ints
    category: Ints
    place: NDArray[np.float32]

    @classmethod
    def of(cls, brand: Ints, category: Ints, amount: NDArray[np.float64]) -> Self:
        """From codes and prices, NaN for none; an item alone in its category is in the middle."""
        place = np.full(len(amount), np.nan, np.float32)
        priced = ~np.isnan(amount)
        for code in np.unique(category[priced]):
            inside = np.flatnonzero(priced & (category == code))
            ranks = amount[inside].argsort(kind="stable").argsort(kind="stable")
            place[inside] = ranks / (len(inside) - 1) if len(inside) > 1 else 0.5
        return cls(brand, category, place)
