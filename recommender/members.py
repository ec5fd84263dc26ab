"""Which items belong to each category."""

from collections.abc import Iterable

import numpy as np

from recommender.sequences import Ints


class Members:
    """The items of each category, found without looking through all of them."""

    def __init__(self, category: Ints) -> None:
        """From the code of each item's category, -1 where it has none."""
        self.categories = int(category.max(initial=-1)) + 1
        self._order = np.argsort(category, kind="stable").astype(np.int32)
        self._begin = np.searchsorted(category[self._order], np.arange(self.categories + 1))

    def of(self, categories: Iterable[int]) -> Ints:
        """All items of these distinct categories, by category, then by index."""
        return np.concatenate(
            [np.zeros(0, np.int32)]
            + [self._order[self._begin[code] : self._begin[code + 1]] for code in categories]
        )
