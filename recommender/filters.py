"""What may never be suggested: one function that every suggestion passes."""

from collections.abc import Collection, Iterable

import numpy as np

from recommender.sequences import Bools, Vocabulary


def allowed(
    vocabulary: Vocabulary,
    *,
    cart: Collection[str] = (),
    owned: Collection[str] = (),
    exclude: Collection[str] = (),
    available: Collection[str] | None = None,
) -> Bools:
    """Which items may be suggested.

    Not what lies in the cart, is owned, is excluded (not interested, the page's own product), or
    is not available; None for `available` means that everything is. Ids that the vocabulary does
    not have are no error.
    """
    if available is None:
        mask = np.ones(len(vocabulary), np.bool_)
    else:
        mask = np.zeros(len(vocabulary), np.bool_)
        mask[_known(vocabulary, available)] = True
    for unwanted in (cart, owned, exclude):
        mask[_known(vocabulary, unwanted)] = False
    return mask


def _known(vocabulary: Vocabulary, items: Iterable[str]) -> list[int]:
    index = vocabulary.index
    return [index[item] for item in items if item in index]
