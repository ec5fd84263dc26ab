"""What may never be suggested: one function that every suggestion passes."""

from collections.abc import Collection, Container, Iterable, Sequence

import numpy as np

from recommender.protocol import History, Step, Surface
from recommender.sequences import SESSION_GAP, Bools, Ints, Vocabulary

REPEATED = frozenset({Surface.CART})
"""Where a product is shown again that the running visit has turned to: what was looked at and left
aside may be what goes with the cart, and elsewhere would only be what they come from."""


def never_suggested(
    history: History,
    *,
    surface: Surface,
    unwanted: Collection[str] = (),
    again: Container[str] = (),
    about: str | None = None,
) -> set[str]:
    """The products that may not be suggested to a shopper on that surface.

    What lies in the cart, what they own and people do not buy `again` and again, what is
    `unwanted`, what the page is `about`, and, but for the surfaces REPEATED, what they have turned
    to in the running visit.
    """
    owned = (product for product in history.owned if product not in again)
    never = {*history.cart, *owned, *unwanted}
    if surface not in REPEATED:
        never |= _met_in_visit(history.steps)
    return never if about is None else {*never, about}


def _met_in_visit(steps: Sequence[Step]) -> set[str]:
    """The products of the steps since the last pause of SESSION_GAP; the steps oldest first."""
    met: set[str] = set()
    after = None
    for step in reversed(steps):
        if after is not None and after - step.at > SESSION_GAP:
            break
        met.add(step.product_id)
        after = step.at
    return met


def allowed(
    vocabulary: Vocabulary,
    *,
    never: Collection[str] = (),
    available: Collection[str] | None = None,
) -> Bools:
    """Which items are `available` and not among those `never` to suggest.

    None for `available` means that everything is. Ids that the vocabulary does not have are no
    error.
    """
    if available is None:
        mask = np.ones(len(vocabulary), np.bool_)
    else:
        mask = np.zeros(len(vocabulary), np.bool_)
        mask[known(vocabulary, available)] = True
    mask[known(vocabulary, never)] = False
    return mask


def known(vocabulary: Vocabulary, products: Iterable[str]) -> Ints:
    """The items that the vocabulary has of these."""
    index = vocabulary.index
    return np.array([index[product] for product in products if product in index], np.int32)
