"""What a ranking of one shopper's window holds: sums over all items, and the best of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import local

import numpy as np

from recommender.collaborative import Near
from recommender.leaning import Habitual, Leaning
from recommender.mining.compiled import compiled
from recommender.protocol import Scores, Term
from recommender.sequences import Bools, Ints
from recommender.terms import Few, Likeliest, Softmax


class Scratch(local):
    """Arrays over all items that each thread uses again and again."""

    def __init__(self, items: int) -> None:
        self.total = np.zeros(items, np.float32)
        self.leant = np.zeros(items, np.float32)
        self.logits = np.zeros(items, np.float32)
        self.habitual = np.zeros(items, np.float32)
        self.near = np.zeros(items, np.float32)
        self.place = np.full(items, -1, np.int32)


@dataclass(frozen=True, slots=True)
class Norms:
    """What all items of a window add up to: with it single items are scored without the rest."""

    highest: np.float32
    """The network's highest logit, and the sum of its likelihoods beside that one."""
    mass: np.float32
    leant: np.float32
    """The sum of all that taste leans, times how it suits the shopper; 0 without taste."""
    habitual: np.float32
    """The sum of all likelihoods by habit; 0 where habit says nothing."""
    own: np.float32
    """The network's highest logit of the shopper's own moves."""
    near: np.float32
    """The sum of how near all items are by taste alike; 0 where that is unknown."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Items, best first, with each source's part of their scores (sources, items)."""

    items: Ints
    parts: Scores
    norms: Norms

    @property
    def total(self) -> Scores:
        """The scores."""
        total: Scores = self.parts.sum(axis=0)
        return total


@dataclass(slots=True)
class Summed:
    """How all items of a window were scored, so that some of them can be scored truly."""

    terms: Sequence[Term | None]
    weights: Scores
    lift: Scores
    leaning: Leaning | None
    leant: np.float32
    """Made truer by `Ranker._parts`, like the terms' sums."""
    together: Few | None
    lean: np.float32
    held_down: tuple[Ints, float] | None
    """The categories whose items are, and what is left of their scores."""


def norms_of(terms: Sequence[Term | None], leant: np.float32) -> Norms:
    """The norms of a window with these terms; `leant` as Norms has it."""
    softmax = next((term for term in terms if isinstance(term, (Softmax, Likeliest))), None)
    habitual = next((term for term in terms if isinstance(term, Habitual)), None)
    near = next((term for term in terms if isinstance(term, Near)), None)
    nothing = np.float32(0)
    return Norms(
        softmax.highest if softmax else nothing, softmax.mass if softmax else nothing, leant,
        habitual.mass if habitual else nothing, habitual.highest if habitual else nothing,
        near.mass if near else nothing,
    )  # fmt: skip


@compiled
def largest(total: Scores, available: Bools, count: int) -> Ints:
    """The `count` available items with the largest totals above 0, in no order."""
    heap = np.empty(count, np.int32)
    size = 0
    least = np.float32(0)
    for item in range(len(total)):
        if total[item] <= least or not available[item]:
            continue
        if size < count:
            at = size
            size += 1
            while at > 0 and total[heap[(at - 1) // 2]] > total[item]:
                heap[at] = heap[(at - 1) // 2]
                at = (at - 1) // 2
        else:
            at = 0
            while 2 * at + 1 < size:
                child = 2 * at + 1
                if child + 1 < size and total[heap[child + 1]] < total[heap[child]]:
                    child += 1
                if total[heap[child]] >= total[item]:
                    break
                heap[at] = heap[child]
                at = child
        heap[at] = item
        if size == count:
            least = total[heap[0]]
    return heap[:size].copy()
