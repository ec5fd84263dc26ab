"""How all items suit one shopper, from four small tables instead of a formula for each item.

Taste is a sum over an item's brand, category, colours and place by price (`recommender.taste`), so
what it multiplies a score by is a product of four numbers, one from a table each. Over all items
the place is rounded to one of PLACES; `exact` takes the true one, for the few items that a choice
is made from.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.output_layer import OutputLayer
from recommender.protocol import Scores
from recommender.sequences import Ints
from recommender.taste import Profile, Taste
from recommender.terms import add_all

_LEAST = np.float32(1e-30)
PLACES = 4096
_PLACED = (np.arange(PLACES + 1) / PLACES).astype(np.float32)


class Leanings:
    """A taste, ready to say how all items suit a shopper. Safe to share between threads."""

    def __init__(self, taste: Taste) -> None:
        self.taste = taste
        self._weights = tuple(taste.weights)
        facts, place = taste.facts, taste.facts.place
        rounded = np.where(np.isnan(place), PLACES + 1, np.rint(place * PLACES))
        self.place = rounded.astype(np.uint16)
        # Whoever has no code has the last of a table: no index is negative, which takes a question.
        self.brand, self.category, self.shade = (
            np.where(code >= 0, code, codes).astype(np.uint32)
            for code, codes in (
                (facts.brand, facts.brand.max(initial=-1) + 1),
                (facts.category, facts.category.max(initial=-1) + 1),
                (facts.shade, len(facts.shade_from) - 1),
            )
        )

    def of(self, profile: Profile) -> "Leaning":
        """The leaning of a shopper with that profile."""
        brand, category, price, again, colour = self._weights
        return Leaning(
            self,
            _table(profile.by_brand, brand),
            _table(profile.by_category, category),
            _table(profile.by_shade, colour),
            profile.chosen,
            price,
            profile.met,
            again * profile.often,
        )


@dataclass(frozen=True, slots=True)
class Leaning:
    """What one shopper's scores are multiplied by, up to a factor that all items share."""

    leanings: Leanings
    by_brand: Scores
    """Logarithms; the last is of an item that has none."""
    by_category: Scores
    by_shade: Scores
    chosen: np.float32
    sure: np.float32
    met: Ints
    again: Scores

    def multiply(self, scores: Scores, out: Scores) -> None:
        """Write the scores (items,) times how the items suit the shopper; `out` may be `scores`."""
        leanings = self.leanings
        by_place = np.ones(PLACES + 2, np.float32)
        away = _PLACED - self.chosen
        np.exp(away * away * -self.sure, out=by_place[:-1])
        _multiply(
            leanings.brand, leanings.category, leanings.shade, leanings.place,
            np.exp(self.by_brand), np.exp(self.by_category), np.exp(self.by_shade), by_place,
            scores, out,
        )  # fmt: skip
        out[self.met] *= np.exp(self.again)

    def exact(self, items: Ints, place: Ints) -> Scores:
        """The true factors of some items; `place` has each one's position in them, else -1."""
        facts, factors = self.leanings.taste.facts, np.empty(len(items), np.float32)
        _exact(
            items, place, facts.brand, facts.category, facts.shade, facts.place,
            self.by_brand, self.by_category, self.by_shade, self.chosen, self.sure,
            self.met, self.again, factors,
        )  # fmt: skip
        return factors


@dataclass(frozen=True, slots=True)
class NetworkOwn:
    """What the network says of a shopper's own moves, to one shopper."""

    output: OutputLayer
    own: Scores
    highest: np.float32

    @classmethod
    def of_all(
        cls, output: OutputLayer, own: Scores, scratch: Scores, *, known: int
    ) -> "NetworkOwn":
        """From the logits of all items in `scratch`, of the `known` first items.

        Newer ones, of which habits know nothing, have none, however wanted the network finds them.
        In `scratch` are the square roots of the likelihoods then.
        """
        highest = scratch[:known].max()
        scratch[known:] = -np.inf
        np.subtract(scratch, highest, out=scratch)
        # The square root, which is what counts, is the exponential of half of it.
        np.multiply(scratch, np.float32(0.5), out=scratch)
        np.exp(scratch, out=scratch)
        return cls(output, own, highest)

    def likelihoods(self, items: Ints) -> Scores:
        """The true ones of some items; of newer ones anything."""
        above = self.output.exact(self.own, items) - self.highest
        likely: Scores = np.exp(np.minimum(above, np.float32(1)))
        return likely


class Habitual:
    """What habit says of the items: everybody's likelihoods times one shopper's leaning.

    And times the square root of what the network says of the shopper's own moves.

    As the network's term, it sums up all items as rounded, and gives single ones as they are.
    """

    def __init__(
        self, everybody: Scores, leaning: Leaning, mass: np.float32, network: "NetworkOwn | None"
    ) -> None:
        self._everybody, self._leaning, self._network = everybody, leaning, network
        self.mass = mass
        self._likely: Scores | None = None

    @property
    def highest(self) -> np.float32:
        """The highest logit of the network's part; 0 without it."""
        return np.float32(0) if self._network is None else self._network.highest

    @classmethod
    def of_all(
        cls, everybody: Scores, leaning: Leaning, scratch: Scores, network: "NetworkOwn | None"
    ) -> "Habitual | None":
        """From all items, whose likelihoods are kept in `scratch`; None where all are 0.

        The square roots of those of the `network`, where it has a part, are there before.
        """
        if network is None:
            leaning.multiply(everybody, scratch)
        else:
            np.multiply(scratch, everybody, out=scratch)
            leaning.multiply(scratch, scratch)
        mass = scratch.sum()
        if not mass > 0:
            return None
        term = cls(everybody, leaning, mass, network)
        term._likely = scratch
        return term

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        assert self._likely is not None  # noqa: S101 only what was summed up is added up
        add_all(total, self._likely, weight / self.mass)

    def at(self, items: Ints, place: Ints) -> Scores:
        """As Term says."""
        true = self._everybody[items] * self._leaning.exact(items, place)
        if self._network is not None:
            true *= np.sqrt(self._network.likelihoods(items))
            if self._likely is not None:
                # As with the network's own term: rounding is felt most by these.
                self.mass = max(self.mass + true.sum() - self._likely[items].sum(), _LEAST)
        share: Scores = true / self.mass
        return share


@compiled
def _table(logs: Scores, weight: np.float32) -> Scores:
    """Weighted logarithms, and a last one for whoever has no code, in step, all of at most 0."""
    table = np.zeros(len(logs) + 1, np.float32)
    table[:-1] = logs * weight
    highest = table.max()
    for code in range(len(table)):
        table[code] -= highest
    return table


@compiled
def _multiply(
    brand: NDArray[np.uint32], category: NDArray[np.uint32], shade: NDArray[np.uint32],
    place: NDArray[np.uint16],
    by_brand: Scores, by_category: Scores, by_shade: Scores, by_place: Scores,
    scores: Scores, out: Scores,
) -> None:  # fmt: skip
    for item in range(len(out)):
        suits = by_brand[brand[item]] * by_category[category[item]]
        suits *= by_shade[shade[item]] * by_place[place[item]]
        out[item] = scores[item] * suits


@compiled
def _exact(
    items: Ints, here: Ints, brand: Ints, category: Ints, shade: Ints, place: Scores,
    by_brand: Scores, by_category: Scores, by_shade: Scores, chosen: np.float32, sure: np.float32,
    met: Ints, again: Scores, factors: Scores,
) -> None:  # fmt: skip
    """Write what `Leaning.exact` says; `here` has each item's position in `items`, else -1."""
    for at in range(len(items)):
        one = items[at]
        # Whoever has no code has the last of a table, as an index of -1 says.
        log = by_brand[brand[one]] + by_category[category[one]] + by_shade[shade[one]]
        if not np.isnan(place[one]):
            away = place[one] - chosen
            log -= sure * away * away
        factors[at] = log
    for at in range(len(met)):
        if here[met[at]] >= 0:
            factors[here[met[at]]] += again[at]
    for at in range(len(items)):
        factors[at] = np.exp(factors[at])
