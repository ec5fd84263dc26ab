"""Which brands, prices and colours suit a shopper, inferred from all that they turned to at once.

Whoever turns to a product chose it from its shelf, its category, in proportion to how wanted it is
by everybody and to exp(brand + price + colour): a taste for its brand, minus how far its place by
price is from the shopper's own, and the mean taste for the colours that it comes in. What led them
to the shelf does not matter. The likeliest tastes follow from the moves by a few Newton steps, each
number by itself (curvature of the diagonal alone), pulled to nothing by normal priors: so a brand
that is met much as the shelves sell little else, or as it is dear, is no taste for it.

A long shelf is stood for by some of its products, so that it costs no more with many products.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.facts import Facts
from recommender.mining.compiled import compiled
from recommender.protocol import Scores
from recommender.sequences import Ints

ROUNDS = 5
STEP = 0.7
"""Of a whole Newton step, as numbers that depend on each other are changed together."""
BRAND_PRIOR = 2.0
COLOUR_PRIOR = 1.5
PRICE_PRIOR = 12.0
"""One over the variance of tastes among shoppers."""
SHARPNESS = 5.0
"""How fast an item suits less, the farther it is from the shopper's own place by price, squared."""
STAND_INS = 64
"""So many products stand for a shelf of more."""
UNMET = 0.01
"""The share of a mean item's moves that each is given on top."""


class Suits(NamedTuple):
    """What suits a shopper: tastes for brands and shades, logarithms, and their place by price.

    And how likely each of their moves was among its shelf's products.
    """

    brand: Scores
    shade: Scores
    place: np.float32
    moves: Scores


class _Kinds(NamedTuple):
    """The fields of `Facts` of the same names."""

    brand: Ints
    category: Ints
    place: Scores
    shade: Ints
    shade_from: Ints
    shade_colour: Ints


class _Standing(NamedTuple):
    """Where each shelf's products begin, those that stand for it, and what each is of it."""

    begin: Ints
    items: Ints
    shares: Scores


@dataclass(frozen=True)
class Shelves:
    """How wanted each item is on its shelf, (items,): shares that add up to 1 in each category."""

    facts: Facts
    share: Scores

    @classmethod
    def of(cls, facts: Facts, wanted: NDArray[np.float64]) -> "Shelves":
        """From how often each item is turned to."""
        whole = wanted + UNMET * max(float(wanted.mean()), 1e-9)
        row = np.where(facts.category >= 0, facts.category, facts.category.max(initial=-1) + 1)
        of_shelf = np.bincount(row, whole)
        return cls(facts, (whole / of_shelf[row]).astype(np.float32))

    @cached_property
    def _counts(self) -> tuple[int, int]:
        """How many brands there are, and how many colours."""
        return int(self.facts.brand.max(initial=-1)) + 1, self.facts.colours

    @cached_property
    def _kinds(self) -> _Kinds:
        return _Kinds(*(getattr(self.facts, name) for name in _Kinds._fields))

    @cached_property
    def _standing(self) -> _Standing:
        category = self.facts.category[: len(self.share)]
        begin, items, shares = [0], [], []
        for code in range(int(category.max(initial=-1)) + 1):
            own = np.flatnonzero(category == code)
            share = self.share[own]
            if len(own) > STAND_INS:
                # Evenly through all that is wanted, so that each stands for as much of it.
                upto = np.cumsum(share) / share.sum()
                at = np.searchsorted(upto, (np.arange(STAND_INS) + 0.5) / STAND_INS)
                own = own[np.minimum(at, len(own) - 1)]
                share = np.full(STAND_INS, 1 / STAND_INS, np.float32)
            items.append(own)
            shares.append(share)
            begin.append(begin[-1] + len(own))
        return _Standing(
            np.array(begin, np.int32),
            np.concatenate([np.zeros(0, np.int32), *items]).astype(np.int32),
            np.concatenate([np.zeros(0, np.float32), *shares]).astype(np.float32),
        )

    def suits(self, moves: Ints) -> Suits:
        """What suits a shopper who turned to these items; newer ones tell of brand and price."""
        brands, colours = self._counts
        brand = np.zeros(brands, np.float32)
        shade = np.zeros(len(self.facts.shade_from) - 1, np.float32)
        likely = np.zeros(len(moves), np.float32)
        place = _infer(
            moves, self._kinds, self._standing, self.share, colours, brand, shade, likely
        )
        return Suits(brand, shade, np.float32(place), likely)


@compiled
def _taste(item: int, kinds: _Kinds, by_brand: Scores, by_colour: Any, own: float) -> float:
    """How an item suits: tastes for its brand and colours, less for a price far from their own."""
    taste = 0.0
    if kinds.brand[item] >= 0:
        taste += by_brand[kinds.brand[item]]
    if not np.isnan(kinds.place[item]):
        taste -= SHARPNESS * (kinds.place[item] - own) ** 2
    shade = kinds.shade[item]
    if shade >= 0:
        first, last = kinds.shade_from[shade], kinds.shade_from[shade + 1]
        for at in range(first, last):
            taste += by_colour[kinds.shade_colour[at]] / (last - first)
    return taste


@compiled
def _met(moves: Ints, kinds: _Kinds, begin: Ints, brands: int, colours: int) -> Any:
    """How many moves were to each shelf, brand and colour, and the sum of their places by price."""
    shelves = len(begin) - 1
    shelf, brand, colour, place = np.zeros(shelves), np.zeros(brands), np.zeros(colours), 0.0
    for item in moves:
        category = kinds.category[item]
        # Without a shelf to have been chosen from, it tells nothing.
        if not 0 <= category < shelves or begin[category] == begin[category + 1]:
            continue
        shelf[category] += 1
        if kinds.brand[item] >= 0:
            brand[kinds.brand[item]] += 1
        if not np.isnan(kinds.place[item]):
            place += kinds.place[item]
        shade = kinds.shade[item]
        if shade >= 0:
            first, last = kinds.shade_from[shade], kinds.shade_from[shade + 1]
            for at in range(first, last):
                colour[kinds.shade_colour[at]] += 1 / (last - first)
    return shelf, brand, colour, place


@compiled
def _weigh(
    met: Any, kinds: _Kinds, standing: _Standing, by_brand: Scores, by_colour: Any, own: float,
    chances: Any,
) -> None:  # fmt: skip
    """Write what chance each stand-in of a shelf that was met has there, up to a factor."""
    for shelf in range(len(met)):
        if met[shelf] > 0:
            for at in range(standing.begin[shelf], standing.begin[shelf + 1]):
                suits = np.exp(_taste(standing.items[at], kinds, by_brand, by_colour, own))
                chances[at] = standing.shares[at] * suits


@compiled
def _expect(
    met: Any, kinds: _Kinds, standing: _Standing, chances: Any,
    slope_brand: Any, bend_brand: Any, slope_colour: Any, bend_colour: Any,
) -> tuple[float, float]:  # fmt: skip
    """Take from the slopes what was to be expected of the moves, and add to the bends.

    Returns the same for the place by price: what to take, and what to add.
    """
    brands, colours = len(slope_brand), len(slope_colour)
    mean_brand = np.zeros(brands)
    mean_colour, square_colour = np.zeros(colours), np.zeros(colours)
    expected, bend = 0.0, 0.0
    for shelf in range(len(met)):
        if met[shelf] == 0:
            continue
        begin, end = standing.begin[shelf], standing.begin[shelf + 1]
        whole = chances[begin:end].sum()
        mean_place, square_place = 0.0, 0.0
        for at in range(begin, end):
            item, chance = standing.items[at], chances[at] / whole
            if kinds.brand[item] >= 0:
                mean_brand[kinds.brand[item]] += chance
            if not np.isnan(kinds.place[item]):
                along = 2 * SHARPNESS * kinds.place[item]
                mean_place += chance * along
                square_place += chance * along * along
            shade = kinds.shade[item]
            if shade >= 0:
                first, last = kinds.shade_from[shade], kinds.shade_from[shade + 1]
                part = 1 / (last - first)
                for one in range(first, last):
                    mean_colour[kinds.shade_colour[one]] += chance * part
                    square_colour[kinds.shade_colour[one]] += chance * part * part
        expected += met[shelf] * mean_place
        bend += met[shelf] * (square_place - mean_place * mean_place)
        # A shelf has few of the brands: each is found by its products, and cleared at once.
        for at in range(begin, end):
            code = kinds.brand[standing.items[at]]
            if code >= 0 and mean_brand[code] > 0:
                mean = mean_brand[code]
                slope_brand[code] -= met[shelf] * mean
                bend_brand[code] += met[shelf] * mean * (1 - mean)
                mean_brand[code] = 0
        for at in range(colours):
            mean = mean_colour[at]
            if mean > 0:
                slope_colour[at] -= met[shelf] * mean
                bend_colour[at] += met[shelf] * (square_colour[at] - mean * mean)
                mean_colour[at], square_colour[at] = 0, 0
    return expected, bend


@compiled
def _infer(
    moves: Ints, kinds: _Kinds, standing: _Standing, share: Scores, colours: int,
    by_brand: Scores, by_shade: Scores, likely: Scores,
) -> Any:  # fmt: skip
    """Write what `Suits` has and return the place by price; `by_brand` is all 0 by now."""
    brands = len(by_brand)
    met, met_brand, met_colour, met_place = _met(moves, kinds, standing.begin, brands, colours)
    own, by_colour = 0.5, np.zeros(colours)
    chances = np.zeros(len(standing.items))
    _weigh(met, kinds, standing, by_brand, by_colour, own, chances)
    for _ in range(ROUNDS):
        slope_brand, bend_brand = met_brand - BRAND_PRIOR * by_brand, np.full(brands, BRAND_PRIOR)
        slope_colour = met_colour - COLOUR_PRIOR * by_colour
        bend_colour = np.full(colours, COLOUR_PRIOR)
        expected, bend = _expect(
            met, kinds, standing, chances, slope_brand, bend_brand, slope_colour, bend_colour
        )
        slope_place = 2 * SHARPNESS * met_place - PRICE_PRIOR * (own - 0.5) - expected
        for at in range(brands):
            by_brand[at] += STEP * slope_brand[at] / bend_brand[at]
        by_colour += STEP * slope_colour / bend_colour
        own += STEP * slope_place / (PRICE_PRIOR + bend)
        _weigh(met, kinds, standing, by_brand, by_colour, own, chances)

    likes = np.exp(by_colour)
    for shade in range(len(by_shade)):
        within = kinds.shade_colour[kinds.shade_from[shade] : kinds.shade_from[shade + 1]]
        by_shade[shade] = np.log(likes[within].mean())
    for at in range(len(moves)):
        item = moves[at]
        shelf = kinds.category[item]
        if item < len(share) and 0 <= shelf < len(met):
            whole = chances[standing.begin[shelf] : standing.begin[shelf + 1]].sum()
            suits = np.exp(_taste(item, kinds, by_brand, by_colour, own))
            likely[at] = share[item] * suits / whole
    return own
