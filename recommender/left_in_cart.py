"""Suggests what earlier visits left in the cart, to who comes back for it.

Somebody who comes back and turns to nothing but what they left in the cart is going through it, and
goes on down its lines. Of anybody else it says nothing. What now lies in the cart is never shown as
a suggestion; but with a source that knows of it, the other sources need not.
"""

from typing import Self

import numpy as np

from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores
from recommender.sequences import ACTION_CODES, Batch, Ints

PUT = ACTION_CODES["add"]
GONE = (ACTION_CODES["remove"], ACTION_CODES["purchase"])
_CHANGES_CART = np.isin(np.arange(len(ACTION_CODES) + 1), (PUT, *GONE))
FURTHER_ON = 0.25
"""What each further line counts, against the one before it."""


class LeftInCart:
    """Knows the rest of the cart of who goes through it, the next line first."""

    name = "left_in_cart"

    def __init__(self, items: int) -> None:
        self.items = items

    def score(self, batch: Batch) -> Scores:
        """1 for the next line, less for those further on; NaN for all else."""
        scores = np.full((len(batch), self.items), np.nan, np.float32)
        for row in range(len(batch)):
            items, values = _found(batch, row)
            scores[row, items] = values
        return scores

    def found(self, batch: Batch) -> tuple[Ints, Scores]:
        """As Sparse says."""
        return _found(batch, 0)

    def grown(self, new: Newcomers) -> "LeftInCart":
        """The same; a new product may lie in a cart as any other."""
        return LeftInCart(self.items + len(new))

    def arrays(self) -> Arrays:
        """How many items there are: nothing is learnt."""
        return {"items": np.array(self.items)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The source that `arrays` came from."""
        return cls(int(arrays["items"]))


def _found(batch: Batch, row: int) -> tuple[Ints, Scores]:
    """What is left of the cart that the running session began with, and its scores."""
    rest: list[int] = []
    here = batch.session_items(row) if _has_put(batch, row) else []
    if here:
        left = _left(batch, row)
        if len(left) > len(here) and set(here) <= set(left):
            turn = left.index(here[0]) + 1
            rest = [item for item in (*left[turn:], *left[:turn]) if item not in here]
    return (
        np.array(rest, np.int32),
        np.float32(FURTHER_ON) ** np.arange(len(rest), dtype=np.float32),
    )


def _has_put(batch: Batch, row: int) -> bool:
    """Whether anything may be left: for most shoppers nothing is, which is quickly seen."""
    steps = slice(0, int(batch.length[row]))
    before = batch.action[row, steps][~batch.in_session[row, steps]]
    return bool((before == PUT).any() or (batch.older_action[row] == PUT).any())


def _left(batch: Batch, row: int) -> list[int]:
    """What lay in the cart before the running session, by the time it was put there."""
    steps = slice(0, int(batch.length[row]))
    before = ~batch.in_session[row, steps]
    items = np.concatenate([batch.older_item[row], batch.item[row, steps][before]])
    actions = np.concatenate([batch.older_action[row], batch.action[row, steps][before]])
    put = _CHANGES_CART[actions] & (items >= 0)
    cart: dict[int, None] = {}
    for item, action in zip(items[put].tolist(), actions[put].tolist(), strict=True):
        if action == PUT:
            cart.setdefault(item)
        else:
            cart.pop(item, None)
    return list(cart)
