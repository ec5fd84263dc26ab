"""The blend for one shopper: what `Blend.mix` gives with its filters, without scoring by everybody.

`Blend.mix` scores every item by every source, which is what evaluation needs. For one shopper most
of that is zeros, or the same for everybody. Here each source gives what it is: the network its
logits, counting sources the few items that their lists name (`Sparse.found`), popularity one vector
for everybody (`Shared.of_everybody`), made once. They are summed over all
items from the network's rounded weights, and the best of them once more from the true ones, so that
rounding decides nothing: tests/unit/recommender/test_live.py holds this equal to `Blend.mix`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import local
from typing import Protocol

import numpy as np

from recommender.bundle import Bundle
from recommender.lstm_step import Lstm, State
from recommender.members import Members
from recommender.mining.compiled import compiled
from recommender.output_layer import OutputLayer
from recommender.protocol import Scores, Shared, Source, Sparse, Surface
from recommender.rules import AssociationRules
from recommender.sequences import Batch, Bools, Ints

# How much what is taken together counts on each surface, and what is left of the score of a
# product of the same category: next to a tent belongs a mat, not another tent.
TOGETHER = {Surface.PRODUCT: 0.7, Surface.CART: 0.5}
SAME_CATEGORY = {Surface.PRODUCT: 0.05, Surface.CART: 0.3}
# So many more than asked for are scored again from the true weights.
SPARE = 32


class _Term(Protocol):
    """What one source says of the items, as shares that add up to 1."""

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """Add the shares times `weight`; the network's as rounded."""
        ...

    def at(self, items: Ints, place: Ints) -> Scores:
        """The true shares of `items`; `place` (n,) has each one's position in them, else -1."""
        ...


@dataclass(frozen=True, slots=True)
class _Few:
    items: Ints
    share: Scores

    def add_to(self, total: Scores, weight: np.float32) -> None:
        _add_few(total, self.items, self.share, weight)

    def at(self, items: Ints, place: Ints) -> Scores:
        picked = np.zeros(len(items), np.float32)
        _pick(self.items, self.share, place, picked)
        return picked


@dataclass(frozen=True, slots=True)
class _All:
    share: Scores

    def add_to(self, total: Scores, weight: np.float32) -> None:
        _add_all(total, self.share, weight)

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in _Term
        return self.share[items]


class _Softmax:
    """The network's shares: all items' from the rounded weights, some items' from the true ones."""

    def __init__(self, output: OutputLayer, hidden: Scores, scratch: Scores) -> None:
        self._output, self._hidden = output, hidden
        self._likelihood = output.logits(hidden, scratch)
        self._highest = scratch.max(initial=np.float32(-1e30))
        np.subtract(scratch, self._highest, out=scratch)
        np.exp(scratch, out=scratch)
        self._mass = max(scratch.sum(), np.float32(1e-30))

    def add_to(self, total: Scores, weight: np.float32) -> None:
        _add_all(total, self._likelihood, weight / self._mass)

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in _Term
        true: Scores = np.exp(self._output.exact(self._hidden, items) - self._highest)
        # Most of what rounding did to the whole it did to the likeliest items, which are these.
        mass = self._mass + true.sum() - self._likelihood[items].sum()
        return true / max(mass, np.float32(1e-30))


class _Scratch(local):
    """Arrays over all items that each thread uses again and again."""

    def __init__(self, items: int) -> None:
        self.total = np.zeros(items, np.float32)
        self.logits = np.zeros(items, np.float32)
        self.place = np.full(items, -1, np.int32)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Items, best first, with each source's part of their scores (sources, items)."""

    items: Ints
    parts: Scores

    @property
    def total(self) -> Scores:
        """The scores."""
        total: Scores = self.parts.sum(axis=0)
        return total


class Ranker:
    """A version's blend, ready to rank for one shopper at a time. Safe to share by threads."""

    def __init__(self, bundle: Bundle, complements: AssociationRules) -> None:
        self._blend = bundle.blend
        self._category = bundle.category
        self._complements = complements
        self._known = len(bundle.vocabulary) if bundle.blend.known is None else bundle.blend.known
        self.names = [source.name for source in self._blend.sources]
        self._rules_at = self.names.index(AssociationRules.name)
        self._members = Members(bundle.category)
        self._shared = {
            source.name: _all(source.of_everybody())
            for source in self._blend.sources
            if isinstance(source, Shared)
        }
        self._scratch = _Scratch(len(bundle.vocabulary))
        self._output = next(
            (OutputLayer(one.weights.item[1:], one.weights.item_bias, one.weights.seen)
             for one in self._blend.sources if isinstance(one, Lstm)), None,
        )  # fmt: skip

    def best(
        self,
        batch: Batch,
        state: State | None,
        *,
        k: int,
        available: Bools,
        taboo: Sequence[int],
        about: Sequence[int] = (),
        surface: Surface = Surface.HOME,
    ) -> Ranked:
        """The k best of the `available` items without the `taboo` ones, ties by index.

        `batch` has the shopper's window, `state` the network's after it (None for an empty one).
        On a surface that is `about` items, the scores lean to what is taken together with them and
        away from more of their kind. Fewer than k where no more have any score.
        """
        scratch = self._scratch
        terms = [self._term(source, batch, state, scratch) for source in self._blend.sources]
        knows = np.array([[term is not None] for term in terms])
        weights = self._blend.weights_for(batch, knows)[:, 0]
        together = self._together(about, surface)
        lean = np.float32(TOGETHER[surface] if together is not None else 0)
        alike = self._alike(about) if surface in TOGETHER else None

        total = scratch.total
        total.fill(0)
        for term, weight in zip(terms, weights, strict=True):
            if term is not None:
                term.add_to(total, weight)
        lift = self._blend.newcomers_lift(weights[:, None])
        total[self._known :] *= lift
        suits = self._suits(batch, total)
        total *= suits * (1 - lean)
        if together is not None:
            together.add_to(total, lean)
        if alike is not None:
            total[alike] *= np.float32(SAME_CATEGORY[surface])
        total[list(taboo)] = 0
        items = _largest(total, available, min(2 * k + SPARE, len(total)))

        place = scratch.place
        place[items] = np.arange(len(items), dtype=np.int32)
        parts = np.zeros((len(terms), len(items)), np.float32)
        for part, term, weight in zip(parts, terms, weights, strict=True):
            if term is not None:
                part += weight * (1 - lean) * term.at(items, place)
        parts[:, items >= self._known] *= lift
        parts *= suits if suits.ndim == 0 else suits[items]
        if together is not None:
            parts[self._rules_at] += lean * together.at(items, place)
        if alike is not None:
            near = np.isin(self._category[items], self._category[list(about)])
            parts[:, near & (self._category[items] >= 0)] *= np.float32(SAME_CATEGORY[surface])
        place[items] = -1
        order = np.lexsort((items, -parts.sum(axis=0)))[:k]
        return Ranked(items[order], parts[:, order])

    def carried(self, about: Sequence[int], items: Ints) -> Bools:
        """For which items (columns) which of the products (rows) speaks most of taking it along.

        Not for an item of its own category, which it holds down.
        """
        carried = np.zeros((len(about), len(items)), np.bool_)
        whole = self._spoken(about, items)
        for row, product in enumerate(about):
            rest = self._spoken([one for one in about if one != product], items)
            carried[row] = (whole > rest) & (self._category[items] != self._category[product])
        return carried

    def _spoken(self, about: Sequence[int], items: Ints) -> Scores:
        """The items' shares of what is taken together with the products."""
        share = np.zeros(len(self._category), np.float32)
        together = self._together(about, Surface.CART)
        if together is not None:
            together.add_to(share, np.float32(1))
        return share[items]

    def _term(
        self, source: Source, batch: Batch, state: State | None, scratch: _Scratch
    ) -> _Term | None:
        """What the source says of this window; None where it knows nothing."""
        if isinstance(source, Lstm):
            if state is None or self._output is None:
                return None
            return _Softmax(self._output, state[0], scratch.logits)
        if isinstance(source, Sparse):
            return _few(*source.found(batch))
        if source.name in self._shared:
            return self._shared[source.name]
        return _all(source.score(batch)[0])

    def _suits(self, batch: Batch, total: Scores) -> Scores:
        """What taste makes of each item's score, so that they add up to as much as before."""
        taste = self._blend.taste
        if taste is None:
            return np.ones((), np.float32)
        factors: Scores = taste.factors(batch)[0]
        leant = np.float32(total @ factors)
        return factors / leant if leant > 0 else factors

    def _alike(self, about: Sequence[int]) -> Ints | None:
        """All items of the categories of these; None where they have none."""
        codes = {int(self._category[item]) for item in about} - {-1}
        return self._members.of(codes) if codes else None

    def _together(self, about: Sequence[int], surface: Surface) -> _Few | None:
        if not about or surface not in TOGETHER:
            return None
        return _few(*self._complements.fired(about))


def _few(items: Ints, scores: Scores) -> _Few | None:
    whole = scores.sum()
    return _Few(items, scores / whole) if whole > 0 else None


def _all(scores: Scores) -> _All | None:
    share = np.empty_like(scores)
    return _All(share) if _shares(scores, share) > 0 else None


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
def _add_all(total: Scores, share: Scores, weight: np.float32) -> None:
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


@compiled
def _largest(total: Scores, available: Bools, count: int) -> Ints:
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
