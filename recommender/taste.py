"""A shopper's profile: which brands, kinds and prices they turn to, against what others do there.

The sources of the blend see products as names. What a shopper's products have in common (a brand
they keep to, the dear or the cheap end of every shelf) carries over to products they never met, and
to products nobody has met. So the blend's score of an item is multiplied by exp(w . f), where f has
five features of the item for this shopper and w is learnt on validation days: a log-linear model
over the items (conditional logit: McFadden 1974) with the blend as its offset.

The features, from all moves of the shopper to a product new to their visit, the older ones too:

- brand and colour: their tastes for the item's, and price: minus the squared distance between the
  item's place in its category by price (0 the cheapest, 1 the dearest) and their own place; all
  three are inferred together (`suiting`), so that one does not pass for another;
- category: log of its share of their own moves against everybody's, pulled towards 0 as by 4
  moves, where what the product before led to counts little (`own_moves`);
- met: log of 1 + how many steps they had with the very item.

What the shopper turns to by habit (`habits`) knows all of that already, so in the blend it leans
the other sources: those that say what the steps lead to. Beside taste, these are leaned to what the
sessions nearest to this one turned to (`alike`): a network gives alike products alike
probabilities, where neighbours know which one of them it was.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recommender.facts import Facts
from recommender.mining.compiled import compiled
from recommender.newcomers import Newcomers
from recommender.own_moves import OwnMoves, moves_of
from recommender.protocol import Arrays, Scores
from recommender.sequences import Batch, Ints, Log
from recommender.suiting import Shelves

FEATURES = ("brand", "category", "price", "met", "colour")
# Weights are learnt on so many of the blend's best items a case: what is further down stays there.
CANDIDATES = 200
RIDGE = 1e-4
FLOOR = np.float32(1e-3)
"""The share on top of what the nearest sessions turned to, so that no logarithm is infinite."""
NOTHING = np.float32(0)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a shopper keeps to: leanings to brands, categories and shades, as `FEATURES` has them.

    And the place they choose by price, the products that they met, and for each the log of 1 + how
    many steps they had with it.
    """

    by_brand: Scores
    by_category: Scores
    by_shade: Scores
    chosen: np.float32
    met: Ints
    often: Scores


@dataclass(frozen=True)
class Taste:
    """How much an item suits a shopper, beyond what the sources know of it.

    `category_share` (categories,) is everybody's, of own moves; `weights` belong to FEATURES.
    """

    facts: Facts
    category_share: Scores
    shelf_share: Scores
    """As `Shelves` has it."""
    moves: OwnMoves
    weights: Scores
    alike: np.float32 = NOTHING
    """How much the log of what the nearest sessions turned to counts beside the features."""

    @classmethod
    def fit(cls, log: Log, facts: Facts, weights: Scores | None = None) -> Self:
        """Count what everybody turns to; without weights it says nothing of anybody."""
        known = facts.category >= 0
        categories = int(facts.category.max(initial=-1)) + 1
        own_moves = OwnMoves.fit(log, facts.category)
        own = own_moves.popularity(log)
        of_own = np.bincount(facts.category[known], own[known], categories) + 1.0
        return cls(
            facts=facts,
            category_share=(of_own / max(float(of_own.sum()), 1)).astype(np.float32),
            shelf_share=Shelves.of(facts, own).share,
            moves=own_moves,
            weights=np.zeros(len(FEATURES), np.float32) if weights is None else weights,
        )

    @cached_property
    def _shelves(self) -> Shelves:
        return Shelves(self.facts, self.shelf_share)

    @property
    def is_silent(self) -> bool:
        """Whether every item suits everybody alike."""
        return not self.weights.any() and self.alike == 0

    def factors(self, batch: Batch) -> Scores:
        """What to multiply each item's score by, (len(batch), items); 1 for a shopper unmet."""
        factors = np.empty((len(batch), len(self.facts.brand)), np.float32)
        for row, lean in enumerate(factors):
            self.lean(batch, row, lean)
        return np.exp(factors, out=factors)

    def lean(self, batch: Batch, row: int, lean: Scores) -> None:
        """Write the weights times the features of all items, which are not written one by one."""
        profile = self.profile(batch, row)
        if profile is None:
            lean.fill(0)
            return
        facts, (brand, category, price, again, colour) = self.facts, self.weights
        _add_up(
            facts.brand, facts.category, facts.place, facts.shade,
            brand * profile.by_brand, category * profile.by_category, colour * profile.by_shade,
            profile.chosen, price, lean,
        )  # fmt: skip
        lean[profile.met] += again * profile.often

    def features(self, batch: Batch, row: int) -> Scores:
        """The features of all items for one window, (FEATURES, items)."""
        facts = self.facts
        features = np.zeros((len(FEATURES), len(facts.brand)), np.float32)
        profile = self.profile(batch, row)
        if profile is not None:
            _describe(
                facts.brand, facts.category, facts.place, facts.shade,
                profile.by_brand, profile.by_category, profile.by_shade, profile.chosen, features,
            )  # fmt: skip
            features[FEATURES.index("met"), profile.met] = profile.often
        return features

    def profile(self, batch: Batch, row: int) -> Profile | None:
        """What the shopper of one window keeps to; None where there is no known item.

        It does not depend on the weights, so one does for every taste of the same counts.
        """
        steps = batch.known_items(row)
        if len(steps) == 0:
            return None
        before, turned_to = moves_of(steps)
        suits = self._shelves.suits(turned_to)
        by_category = self.moves.leaning(
            before, turned_to, suits.moves, self.facts.category, self.category_share
        )
        met, often = _met(steps)
        return Profile(suits.brand, by_category, suits.shade, suits.place, met, often)

    def grown(self, new: Newcomers) -> Self:
        """The same counts, with what the catalogue says of the new items."""
        return replace(self, facts=new.facts)

    def arrays(self) -> Arrays:
        """All of it, for one npz file."""
        return {
            **self.facts.arrays(),
            "category_share": self.category_share,
            "shelf_share": self.shelf_share,
            **self.moves.arrays(),
            "weights": self.weights,
            "alike": np.array(self.alike),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The taste that `arrays` came from."""
        return cls(
            Facts.from_arrays(arrays),
            arrays["category_share"],
            arrays["shelf_share"],
            OwnMoves.from_arrays(arrays),
            arrays["weights"],
            np.float32(arrays["alike"]),
        )


@dataclass(frozen=True)
class Choice:
    """A validation case: the features of the items to choose from, the blend's log scores of them
    and which of them was chosen."""

    features: Scores
    offset: Scores
    chosen: int


def choice_of(
    taste: Taste, batch: Batch, row: int, scores: Scores, target: int, *, nearest: Scores
) -> Choice | None:
    """The choice among the CANDIDATES best-scored items; None where the target is not one.

    `scores` (items,) are what taste leans; an item of the running session is no candidate. After
    its features comes the `likeness` of what the `nearest` sessions turned to.
    """
    free = np.nan_to_num(scores)
    free[batch.session_items(row)] = 0
    count = min(CANDIDATES, len(free))
    items = np.sort(np.argpartition(-free, count - 1)[:count]).astype(np.int32)
    items = items[free[items] > 0]
    at = int(np.searchsorted(items, target))
    if target < 0 or at == len(items) or items[at] != target:
        return None
    features = np.vstack([taste.features(batch, row)[:, items], likeness(nearest[items])])
    return Choice(features.T, np.log(free[items]), at)


def learn_taste(choices: list[Choice], counts: NDArray[np.float64] | None = None) -> Scores:
    """The weights that make the choices likeliest, with a ridge; zeros where there are none.

    `counts` says how much each choice counts; without it they count alike.
    """
    if not choices:
        return np.zeros(len(FEATURES), np.float32)
    widest = max(len(choice.offset) for choice in choices)
    size = choices[0].features.shape[1]
    features = np.zeros((len(choices), widest, size), np.float32)
    count = np.ones(len(choices)) if counts is None else counts
    count = count / max(count.sum(), 1e-300)
    offset = np.full((len(choices), widest), -np.inf)
    for row, choice in enumerate(choices):
        features[row, : len(choice.offset)] = choice.features
        offset[row, : len(choice.offset)] = choice.offset
    chosen = np.array([choice.chosen for choice in choices])
    rows = np.arange(len(choices))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = features @ weights.astype(np.float32) + offset
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        missed = -float(count @ np.log(np.maximum(shares[rows, chosen], 1e-300)))
        counted = (shares * count[:, None]).astype(np.float32).ravel()
        slope = counted @ features.reshape(-1, size) - count @ features[rows, chosen]
        return missed + RIDGE * float(weights @ weights), slope + 2 * RIDGE * weights

    learnt = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B")
    return np.asarray(learnt.x, np.float32)


def likelihood(choice: Choice, weights: Scores) -> float:
    """How likely the choice was by these weights."""
    logits = choice.features @ weights + choice.offset
    return float(np.exp(logits[choice.chosen] - np.logaddexp.reduce(logits)))


def with_weights(taste: Taste, weights: Scores, alike: np.float32 = NOTHING) -> Taste:
    """The same counts with other weights."""
    return replace(taste, weights=weights, alike=alike)


def likeness(share: Scores) -> Scores:
    """The logarithm that `Taste.alike` weighs, of the nearest sessions' shares; 0 for none."""
    logs: Scores = np.log1p(np.nan_to_num(share) / FLOOR)
    return logs


@compiled
def _met(steps: Ints) -> tuple[Ints, Scores]:
    """The products met, sorted, and for each the log of 1 + how many steps it had."""
    met = np.unique(steps)
    times = np.zeros(len(met), np.int64)
    for step in steps:
        times[np.searchsorted(met, step)] += 1
    return met, np.log1p(times).astype(np.float32)


@compiled
def _add_up(
    brand: Ints, category: Ints, place: Scores, shade: Ints,
    by_brand: Scores, by_category: Scores, by_shade: Scores,
    chosen: np.float32, price: np.float32, lean: Scores,
) -> None:  # fmt: skip
    """The sum of each item's features by `_describe`, weighted already."""
    for item in range(len(brand)):
        total = np.float32(0)
        if brand[item] >= 0:
            total += by_brand[brand[item]]
        if category[item] >= 0:
            total += by_category[category[item]]
        if shade[item] >= 0:
            total += by_shade[shade[item]]
        if not np.isnan(place[item]):
            away = place[item] - chosen
            total -= price * away * away
        lean[item] = total


@compiled
def _describe(
    brand: Ints, category: Ints, place: Scores, shade: Ints,
    by_brand: Scores, by_category: Scores, by_shade: Scores, chosen: np.float32, features: Scores,
) -> None:  # fmt: skip
    """Fill in each item's brand, category, price and colour features."""
    for item in range(len(brand)):
        if brand[item] >= 0:
            features[0, item] = by_brand[brand[item]]
        if category[item] >= 0:
            features[1, item] = by_category[category[item]]
        if not np.isnan(place[item]):
            away = place[item] - chosen
            features[2, item] = -away * away
        if shade[item] >= 0:
            features[4, item] = by_shade[shade[item]]
