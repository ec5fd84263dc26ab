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
    def _standing(self) -> tuple[Ints, Ints, Scores]:
        """Where each shelf's products begin, those that stand for it, and what each is of it."""
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
        return (
            np.array(begin, np.int32),
            np.concatenate([np.zeros(0, np.int32), *items]).astype(np.int32),
            np.concatenate([np.zeros(0, np.float32), *shares]).astype(np.float32),
        )

    def suits(self, moves: Ints) -> Suits:
        """What suits a shopper who turned to these items; newer ones tell of brand and price."""
        facts = self.facts
        brands, colours = self._counts
        brand = np.zeros(brands, np.float32)
        shade = np.zeros(len(facts.shade_from) - 1, np.float32)
        likely = np.zeros(len(moves), np.float32)
        place = _infer(
            moves, facts.brand, facts.category, facts.place,
            facts.shade, facts.shade_from, facts.shade_colour, colours,
            *self._standing, self.share, brand, shade, likely,
        )  # fmt: skip
        return Suits(brand, shade, np.float32(place), likely)


@compiled
def _infer(
    moves: Ints, brand: Ints, category: Ints, place: Scores,
    shade: Ints, shade_from: Ints, shade_colour: Ints, colours: int,
    begin: Ints, standing: Ints, stands: Scores, share: Scores,
    by_brand: Scores, by_shade: Scores, likely: Scores,
) -> Any:  # fmt: skip
    """Write what `Suits` has and return the place by price; `by_brand` is all 0 by now."""
    brands, shelves = len(by_brand), len(begin) - 1
    met = np.zeros(shelves)
    met_brand, met_colour, met_place = np.zeros(brands), np.zeros(colours), 0.0
    for one in moves:
        # Without a shelf to have been chosen from, it tells nothing.
        if 0 <= category[one] < shelves and begin[category[one]] < begin[category[one] + 1]:
            met[category[one]] += 1
            if brand[one] >= 0:
                met_brand[brand[one]] += 1
            if not np.isnan(place[one]):
                met_place += place[one]
            if shade[one] >= 0:
                first, last = shade_from[shade[one]], shade_from[shade[one] + 1]
                for at in range(first, last):
                    met_colour[shade_colour[at]] += 1 / (last - first)

    own, by_colour = 0.5, np.zeros(colours)
    chances = np.zeros(len(standing))
    slope_brand, bend_brand, mean_brand = np.zeros(brands), np.zeros(brands), np.zeros(brands)
    slope_colour, bend_colour = np.zeros(colours), np.zeros(colours)
    mean_colour, square_colour = np.zeros(colours), np.zeros(colours)
    for turn in range(ROUNDS + 1):
        for one in range(shelves):
            if met[one] == 0:
                continue
            for at in range(begin[one], begin[one + 1]):
                item = standing[at]
                taste = 0.0
                if brand[item] >= 0:
                    taste += by_brand[brand[item]]
                if not np.isnan(place[item]):
                    taste -= SHARPNESS * (place[item] - own) ** 2
                if shade[item] >= 0:
                    first, last = shade_from[shade[item]], shade_from[shade[item] + 1]
                    for colour in range(first, last):
                        taste += by_colour[shade_colour[colour]] / (last - first)
                chances[at] = stands[at] * np.exp(taste)
        if turn == ROUNDS:
            break
        slope_brand[:] = met_brand - BRAND_PRIOR * by_brand
        bend_brand[:] = BRAND_PRIOR
        slope_colour[:] = met_colour - COLOUR_PRIOR * by_colour
        bend_colour[:] = COLOUR_PRIOR
        slope_place = 2 * SHARPNESS * met_place - PRICE_PRIOR * (own - 0.5)
        bend_place = PRICE_PRIOR
        for one in range(shelves):
            if met[one] == 0:
                continue
            first_at, last_at = begin[one], begin[one + 1]
            whole = chances[first_at:last_at].sum()
            mean_place, square_place = 0.0, 0.0
            for at in range(first_at, last_at):
                item, chance = standing[at], chances[at] / whole
                if brand[item] >= 0:
                    mean_brand[brand[item]] += chance
                if not np.isnan(place[item]):
                    along = 2 * SHARPNESS * place[item]
                    mean_place += chance * along
                    square_place += chance * along * along
                if shade[item] >= 0:
                    first, last = shade_from[shade[item]], shade_from[shade[item] + 1]
                    part = 1 / (last - first)
                    for colour in range(first, last):
                        mean_colour[shade_colour[colour]] += chance * part
                        square_colour[shade_colour[colour]] += chance * part * part
            slope_place -= met[one] * mean_place
            bend_place += met[one] * (square_place - mean_place * mean_place)
            # A shelf has few of the brands: each is found by its products, and cleared at once.
            for at in range(first_at, last_at):
                code = brand[standing[at]]
                if code >= 0 and mean_brand[code] > 0:
                    mean = mean_brand[code]
                    slope_brand[code] -= met[one] * mean
                    bend_brand[code] += met[one] * mean * (1 - mean)
                    mean_brand[code] = 0
            for at in range(colours):
                mean = mean_colour[at]
                if mean > 0:
                    slope_colour[at] -= met[one] * mean
                    bend_colour[at] += met[one] * (square_colour[at] - mean * mean)
                    mean_colour[at], square_colour[at] = 0, 0
        for at in range(brands):
            by_brand[at] += STEP * slope_brand[at] / bend_brand[at]
        for at in range(colours):
            by_colour[at] += STEP * slope_colour[at] / bend_colour[at]
        own += STEP * slope_place / bend_place

    likes = np.exp(by_colour)
    for one in range(len(by_shade)):
        first, last = shade_from[one], shade_from[one + 1]
        summed = 0.0
        for at in range(first, last):
            summed += likes[shade_colour[at]]
        by_shade[one] = np.log(summed / (last - first))
    for at in range(len(moves)):
        item = moves[at]
        if item >= len(share) or not 0 <= category[item] < shelves:
            continue
        taste = 0.0
        if brand[item] >= 0:
            taste += by_brand[brand[item]]
        if not np.isnan(place[item]):
            taste -= SHARPNESS * (place[item] - own) ** 2
        if shade[item] >= 0:
            first, last = shade_from[shade[item]], shade_from[shade[item] + 1]
            for colour in range(first, last):
                taste += by_colour[shade_colour[colour]] / (last - first)
        whole = chances[begin[category[item]] : begin[category[item] + 1]].sum()
        likely[at] = share[item] * np.exp(taste) / whole
    return own
