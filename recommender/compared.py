"""What a training step expects, and the items that are compared for it.

Hard targets tell a network of each session only what came next in it. Soft ones add what other
sessions that were alike went on with, so that it need not see an item follow another many times
before it expects it (distillation: Hinton, Vinyals & Dean 2015).

With too many items for a sum over all, the step's own targets and soft ones are compared as they
are, and the rest is estimated from items drawn by their frequency, each weighed by how rarely it is
drawn (logQ correction: Bengio & Senécal 2008).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.examples import NO_TARGET, Examples, MiniBatch
from recommender.neighbours import SessionNeighbours
from recommender.protocol import Scores
from recommender.sequences import Ints, Log

MOST_SOFT = 20
MASS = 0.3
"""How much of what is expected lies on soft targets, where there are some."""
SHARPNESS = 1.5
"""The power of the neighbours' scores that shares go by."""


@dataclass(frozen=True)
class SoftTargets:
    """For each step of a log, items that may well come next and their shares, (steps, most).

    The shares of a step add up to less than 1, what is left being the target's.
    """

    item: Ints
    share: Scores

    @classmethod
    def of_neighbours(
        cls, near: SessionNeighbours, log: Log, *, most: int = MOST_SOFT, mass: float = MASS
    ) -> "SoftTargets":
        """What the other sessions of the log that `near` was fitted on say after each step.

        Shares add up to `mass`, or to 0 where they say nothing.
        """
        item = np.zeros((len(log), most), np.int32)
        share = np.zeros((len(log), most), np.float32)
        follows = np.flatnonzero(log.session[1:] == log.session[:-1]).astype(np.int64)
        for step, (found, values) in zip(follows, near.of_others(log, follows), strict=True):
            first = np.argsort(-values, kind="stable")[:most]
            item[step, : len(first)] = found[first]
            sharp = (values[first] / values[first[:1]]) ** SHARPNESS
            share[step, : len(first)] = mass * sharp / sharp.sum()
        return cls(item, share)


class Compared(NamedTuple):
    """One step's targets among what they are compared with.

    `target` (n, longest) and `soft` (targets, most) are places in `item`, which are items where it
    is empty: then all are compared. `expected` is the logarithm of how often each of `item` comes
    in one draw, 0 for what is there for sure.
    """

    target: Ints
    soft: Ints
    share: Scores
    item: Ints
    expected: Scores


class Comparing:
    """Finds what the targets of each mini-batch are compared with."""

    def __init__(
        self, found: Examples, items: int, *, drawn: int, soft: SoftTargets | None
    ) -> None:
        """With nothing `drawn` all items are compared.

        Items are drawn by the targets' frequency to the power of 3/4 (Mikolov et al. 2013).
        """
        self._soft, self._drawn = soft, drawn
        often = np.bincount(found.target[found.target >= 0], minlength=items)
        chance = (often + 1.0) ** 0.75
        chance /= chance.sum()
        self._up_to = np.cumsum(chance)
        self._expected = np.log(max(drawn, 1) * chance).astype(np.float32)
        self._place = np.zeros(items, np.int32)

    def of(self, batch: MiniBatch, draw: np.random.Generator) -> Compared:
        """What the batch's targets are compared with."""
        wanted = batch.target != NO_TARGET
        soft, share = self._soft_of(batch.position[wanted])
        if not self._drawn:
            nothing: NDArray[np.float32] = np.zeros(0, np.float32)
            return Compared(batch.target, soft, share, nothing.astype(np.int32), nothing)
        sure = np.unique(np.concatenate([batch.target[wanted], soft[share > 0]]))
        at = draw.random(self._drawn) * self._up_to[-1]
        drawn = np.searchsorted(self._up_to, at).astype(np.int32)
        drawn = drawn[~np.isin(drawn, sure)]
        self._place[sure] = np.arange(len(sure), dtype=np.int32)
        return Compared(
            np.where(wanted, self._place[batch.target], NO_TARGET).astype(np.int32),
            np.where(share > 0, self._place[soft], 0).astype(np.int32),
            share,
            np.concatenate([sure, drawn]),
            np.concatenate([np.zeros(len(sure), np.float32), self._expected[drawn]]),
        )

    def _soft_of(self, steps: Ints) -> tuple[Ints, Scores]:
        if self._soft is None:
            return np.zeros((len(steps), 0), np.int32), np.zeros((len(steps), 0), np.float32)
        return self._soft.item[steps], self._soft.share[steps]
