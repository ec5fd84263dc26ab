"""What a source says of the items for one shopper, added up without a row of scores a source."""

from dataclasses import dataclass

import numpy as np

from recommender.mining.compiled import compiled
from recommender.output_layer import OutputLayer
from recommender.protocol import Scores
from recommender.sequences import Ints


@dataclass(frozen=True, slots=True)
class Few:
    """Some items with their shares; the shares of one that comes more than once add up."""

    items: Ints
    share: Scores

    @classmethod
    def of(cls, items: Ints, scores: Scores) -> "Few | None":
        """From scores; None where all are 0."""
        whole = scores.sum()
        return cls(items, scores / whole) if whole > 0 else None

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        _add_few(total, self.items, self.share, weight)

    def at(self, items: Ints, place: Ints) -> Scores:
        """As Term says."""
        picked = np.zeros(len(items), np.float32)
        _pick(self.items, self.share, place, picked)
        return picked


@dataclass(frozen=True, slots=True)
class All:
    """A share for every item."""

    share: Scores

    @classmethod
    def of(cls, scores: Scores) -> "All | None":
        """From scores, NaN where nothing is known; None where that is everywhere."""
        share = np.empty_like(scores)
        return cls(share) if _shares(scores, share) > 0 else None

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        add_all(total, self.share, weight)

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in Term
        """As Term says."""
        return self.share[items]


@dataclass(frozen=True, slots=True)
class Around:
    """Scores that are the same for everybody but for some items; all of them add up to `whole`."""

    everybody: Scores
    items: Ints
    more: Scores
    """What the score of each of the items is above everybody's."""
    whole: np.float32

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        add_all(total, self.everybody, weight / self.whole)
        _add_few(total, self.items, self.more, weight / self.whole)

    def at(self, items: Ints, place: Ints) -> Scores:
        """As Term says."""
        picked = self.everybody[items]
        _pick(self.items, self.more, place, picked)
        return picked / self.whole


class Softmax:
    """The network's shares: all items' from the rounded weights, some items' from the true ones.

    They are `exp(logit - highest) / mass`; both are kept, so that single items of this state can
    be scored later without the others.
    """

    def __init__(
        self, output: OutputLayer, hidden: Scores, scratch: Scores, highest: np.float32
    ) -> None:
        """`scratch` has the logits of all items already, of which `highest` is the highest."""
        self._output, self._hidden = output, hidden
        self._likelihood = scratch
        self.highest = highest
        np.subtract(scratch, highest, out=scratch)
        np.exp(scratch, out=scratch)
        self.mass = max(scratch.sum(), np.float32(1e-30))

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        add_all(total, self._likelihood, weight / self.mass)

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in Term
        """As Term says; from then on `mass` knows the true likelihood of these items."""
        true = likelihoods(self._output, self._hidden, self.highest, items)
        # Most of what rounding did to the whole it did to the likeliest items, which are these.
        mass = self.mass + true.sum() - self._likelihood[items].sum()
        self.mass = max(mass, np.float32(1e-30))
        return true / self.mass


class Likeliest:
    """The network's shares where only its likeliest items are looked at; all others have none.

    `highest` and `mass` are as Softmax has them, but for what the others add up to: an estimate.
    """

    def __init__(self, output: OutputLayer, hidden: Scores) -> None:
        self._output, self._hidden = output, hidden
        self._items = output.nearest(hidden)
        logits = output.exact(hidden, self._items)
        self.highest = logits.max(initial=np.float32(-1e30))
        self._likelihood = np.exp(logits - self.highest)
        rest = output.rest(hidden, self.highest, self._items)
        self.mass = max(self._likelihood.sum() + rest, np.float32(1e-30))

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        _add_few(total, self._items, self._likelihood, weight / self.mass)

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in Term
        """As Term says; the shares of items that were not looked at are true too."""
        true = likelihoods(self._output, self._hidden, self.highest, items)
        share: Scores = true / self.mass
        return share


@dataclass(frozen=True, slots=True)
class Remembered:
    """The network's shares of single items, where it is known what all of them add up to."""

    output: OutputLayer
    hidden: Scores
    highest: np.float32
    mass: np.float32

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in Term
        """As Term says."""
        share: Scores = likelihoods(self.output, self.hidden, self.highest, items) / self.mass
        return share


def likelihoods(output: OutputLayer, hidden: Scores, highest: np.float32, items: Ints) -> Scores:
    """`exp(logit - highest)` of some items, from the true weights."""
    true: Scores = np.exp(output.exact(hidden, items) - highest)
    return true


@compiled
def _shares(scores: Scores, share: Scores) -> float:
    """As `blend.shares` for one row, with 0 for NaN; returns the scores' sum."""
    total = 0.0
    for item in range(len(scores)):
        share[item] = np.float32(0) if np.isnan(scores[item]) else scores[item]
        total += share[item]
    if total > 0:
        for item in range(len(scores)):
            share[item] /= total
    return total


@compiled
def add_all(total: Scores, share: Scores, weight: np.float32) -> None:
    """Add the shares times `weight`, without an array between."""
    for item in range(len(total)):
        total[item] += weight * share[item]


@compiled
def _add_few(total: Scores, items: Ints, share: Scores, weight: np.float32) -> None:
    for at in range(len(items)):
        total[items[at]] += weight * share[at]


@compiled
def _pick(items: Ints, share: Scores, place: Ints, picked: Scores) -> None:
    for at in range(len(items)):
        where = place[items[at]]
        if where >= 0:
            picked[where] += share[at]
