"""A shopper's profile: which brands, kinds and prices they turn to, against what others do there.

The sources of the blend see products as names. What a shopper's products have in common (a brand
they keep to, the dear or the cheap end of every shelf) carries over to products they never met, and
to products nobody has met. So the blend's score of an item is multiplied by exp(w . f), where f has
five features of the item for this shopper and w is learnt on validation days: a log-linear model
over the items (conditional logit: McFadden 1974) with the blend as its offset.

The features, from the distinct products that the shopper met, the older ones too:

- brand: log of (times met + 2) / (times expected + 2), expected from the share that the brand has
  in the categories they met, so that a keen tent buyer is no fan of the shop's one tent maker;
- category: log of its share of their own moves against everybody's, pulled towards 0 as by 2
  moves, where what the product before led to counts little (`own_moves`);
- price: minus the squared distance between the item's place in its category by price (0 the
  cheapest, 1 the dearest) and the place they mostly choose, pulled to the middle as by 4 products;
- met: log of 1 + how many steps they had with the very item;
- arrivals: log of the share of their arrivals in the item's category against everybody's, pulled
  towards 0 as by 3 arrivals. Looking on at more of a kind is no arrival: how many of a kind
  somebody looks at tells of its shelf, and that they come to it tells of them.
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
from recommender.own_moves import OwnMoves
from recommender.protocol import Arrays, Scores
from recommender.sequences import Batch, Ints, Log

FEATURES = ("brand", "category", "price", "met", "arrivals")
BRAND_PRIOR = 2.0
ARRIVAL_PRIOR = 3.0
PRICE_PRIOR = 4.0
# Weights are learnt on so many of the blend's best items a case: what is further down stays there.
CANDIDATES = 200
RIDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Profile:
    """What a shopper keeps to: leanings to brands, categories and arrivals, as `FEATURES` has them.

    And the place they choose by price, how sure that is, the products that they met, and for each
    the log of 1 + how many steps they had with it.
    """

    by_brand: Scores
    by_category: Scores
    by_arrivals: Scores
    chosen: np.float32
    sure: np.float32
    met: Ints
    often: Scores


@dataclass(frozen=True)
class Taste:
    """How much an item suits a shopper, beyond what the sources know of it.

    `category_share` (of own moves) and `arrival_share` (categories,) are everybody's; the brands of
    a category are at `brand_from[category]` to `brand_from[category + 1]` of `brand_code` and
    `brand_share`. `weights` belong to FEATURES.
    """

    facts: Facts
    category_share: Scores
    arrival_share: Scores
    brand_from: Ints
    brand_code: Ints
    brand_share: Scores
    moves: OwnMoves
    weights: Scores

    @classmethod
    def fit(cls, log: Log, facts: Facts, weights: Scores | None = None) -> Self:
        """Count what everybody turns to; without weights it says nothing of anybody."""
        met = np.bincount(log.item[log.item >= 0], minlength=len(facts.brand)) + 1.0
        known = facts.category >= 0
        categories = int(facts.category.max(initial=-1)) + 1
        by_category = np.bincount(facts.category[known], met[known], categories)
        branded = np.flatnonzero(known & (facts.brand >= 0))
        brands = int(facts.brand.max(initial=-1)) + 1
        key = facts.category[branded].astype(np.int64) * max(brands, 1) + facts.brand[branded]
        pairs, inverse = np.unique(key, return_inverse=True)
        of_pair = np.bincount(inverse, met[branded], len(pairs))
        category, code = np.divmod(pairs, max(brands, 1))
        counted = log.item >= 0
        came = _arrivals(facts.category[log.item[counted]], log.shopper[counted])
        arrivals = np.bincount(came, minlength=categories) + 1.0
        own_moves = OwnMoves.fit(log, facts.category)
        own = own_moves.popularity(log)
        of_own = np.bincount(facts.category[known], own[known], categories) + 1.0
        return cls(
            facts=facts,
            category_share=(of_own / max(float(of_own.sum()), 1)).astype(np.float32),
            arrival_share=(arrivals / max(float(arrivals.sum()), 1)).astype(np.float32),
            brand_from=np.searchsorted(category, np.arange(categories + 1)).astype(np.int32),
            brand_code=code.astype(np.int32),
            brand_share=(of_pair / by_category[category]).astype(np.float32),
            moves=own_moves,
            weights=np.zeros(len(FEATURES), np.float32) if weights is None else weights,
        )

    @cached_property
    def _brands(self) -> int:
        return int(self.facts.brand.max(initial=-1)) + 1

    @property
    def is_silent(self) -> bool:
        """Whether every item suits everybody alike."""
        return not self.weights.any()

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
        facts, (brand, category, price, again, arrivals) = self.facts, self.weights
        _add_up(
            facts.brand, facts.category, facts.place,
            brand * profile.by_brand,
            category * profile.by_category + arrivals * profile.by_arrivals,
            profile.chosen, price * profile.sure, lean,
        )  # fmt: skip
        lean[profile.met] += again * profile.often

    def features(self, batch: Batch, row: int) -> Scores:
        """The features of all items for one window, (FEATURES, items)."""
        facts = self.facts
        features = np.zeros((len(FEATURES), len(facts.brand)), np.float32)
        profile = self.profile(batch, row)
        if profile is not None:
            _describe(
                facts.brand, facts.category, facts.place,
                profile.by_brand, profile.by_category, profile.by_arrivals,
                profile.chosen, profile.sure, features,
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
        facts = self.facts
        by_brand = np.zeros(self._brands, np.float32)
        by_category = self.moves.leaning(steps, facts.category, self.category_share)
        by_arrivals = np.empty(len(self.category_share), np.float32)
        met, often, chosen, sure = _keep_to(
            steps, facts.brand, facts.category, facts.place,
            self.arrival_share, self.brand_from, self.brand_code, self.brand_share,
            by_brand, by_arrivals,
        )  # fmt: skip
        return Profile(
            by_brand, by_category, by_arrivals, np.float32(chosen), np.float32(sure), met, often
        )

    def grown(self, new: Newcomers) -> Self:
        """The same counts, with what the catalogue says of the new items."""
        return replace(self, facts=new.facts)

    def arrays(self) -> Arrays:
        """All of it, for one npz file."""
        return {
            "brand": self.facts.brand,
            "category": self.facts.category,
            "place": self.facts.place,
            "category_share": self.category_share,
            "arrival_share": self.arrival_share,
            "brand_from": self.brand_from,
            "brand_code": self.brand_code,
            "brand_share": self.brand_share,
            **self.moves.arrays(),
            "weights": self.weights,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The taste that `arrays` came from."""
        rest = dict(arrays)
        facts = Facts(rest.pop("brand"), rest.pop("category"), rest.pop("place"))
        own_moves = OwnMoves.from_arrays(rest)
        counts = {name: values for name, values in rest.items() if name not in own_moves.arrays()}
        return cls(facts, moves=own_moves, **counts)


@dataclass(frozen=True)
class Choice:
    """A validation case: the features of the items to choose from, the blend's log scores of them
    and which of them was chosen."""

    features: Scores
    offset: Scores
    chosen: int


def choice_of(taste: Taste, batch: Batch, row: int, scores: Scores, target: int) -> Choice | None:
    """The choice among the CANDIDATES best-scored items; None where the target is not one.

    `scores` (items,) are the blend's without taste; an item of the running session is no candidate.
    """
    free = np.nan_to_num(scores)
    free[batch.session_items(row)] = 0
    count = min(CANDIDATES, len(free))
    items = np.sort(np.argpartition(-free, count - 1)[:count]).astype(np.int32)
    items = items[free[items] > 0]
    at = int(np.searchsorted(items, target))
    if target < 0 or at == len(items) or items[at] != target:
        return None
    return Choice(taste.features(batch, row)[:, items].T, np.log(free[items]), at)


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


def with_weights(taste: Taste, weights: Scores) -> Taste:
    """The same counts with other weights."""
    return replace(taste, weights=weights)


def _arrivals(category: Ints, shopper: Ints) -> Ints:
    """The categories that shoppers came to from another one, of the steps in their order."""
    came = (np.diff(category, prepend=-2) != 0) | (np.diff(shopper, prepend=-1) != 0)
    arrived: Ints = category[came & (category >= 0)]
    return arrived


@compiled
def _keep_to(
    steps: Ints, brand: Ints, category: Ints, place: Scores,
    arrival_share: Scores, brand_from: Ints, brand_code: Ints, brand_share: Scores,
    by_brand: Scores, by_arrivals: Scores,
) -> tuple[Ints, Scores, float, float]:  # fmt: skip
    """Fill in what a Profile has by brand and arrivals, all 0 by now; returns the rest of it."""
    met = np.unique(steps)
    times = np.zeros(len(met), np.int64)
    categories = len(arrival_share)
    arrivals = np.zeros(categories)
    came, before = 0, -2
    for step in steps:
        times[np.searchsorted(met, step)] += 1
        own = category[step]
        if own >= 0 and own != before:
            arrivals[own] += 1
            came += 1
        before = own

    counts = np.zeros(categories)
    seen = np.zeros(len(by_brand))
    priced, places = 0, 0.0
    for item in met:
        if category[item] >= 0:
            counts[category[item]] += 1
        if brand[item] >= 0:
            seen[brand[item]] += 1
        if not np.isnan(place[item]):
            places += place[item]
            priced += 1

    # What the shopper has not met is alike for them: one logarithm does for all of it.
    no_arrival = np.log(ARRIVAL_PRIOR / (came + ARRIVAL_PRIOR))
    expected = np.zeros(len(by_brand))
    for one in range(categories):
        by_arrivals[one] = no_arrival
        if counts[one] > 0:
            for at in range(brand_from[one], brand_from[one + 1]):
                expected[brand_code[at]] += counts[one] * brand_share[at]
        if arrivals[one] > 0:
            by_arrivals[one] += np.log1p(arrivals[one] / (ARRIVAL_PRIOR * arrival_share[one]))
    for one in range(len(by_brand)):
        if seen[one] > 0 or expected[one] > 0:
            by_brand[one] = np.log((seen[one] + BRAND_PRIOR) / (expected[one] + BRAND_PRIOR))
    chosen = (places + 0.5 * PRICE_PRIOR) / (priced + PRICE_PRIOR)
    often = np.log1p(times).astype(np.float32)
    return met, often, chosen, priced / (priced + PRICE_PRIOR)


@compiled
def _add_up(
    brand: Ints, category: Ints, place: Scores, by_brand: Scores, by_category: Scores,
    chosen: np.float32, sure: np.float32, lean: Scores,
) -> None:  # fmt: skip
    """The sum of each item's features by `_describe`, weighted already."""
    for item in range(len(brand)):
        total = np.float32(0)
        if brand[item] >= 0:
            total += by_brand[brand[item]]
        if category[item] >= 0:
            total += by_category[category[item]]
        if not np.isnan(place[item]):
            away = place[item] - chosen
            total -= sure * away * away
        lean[item] = total


@compiled
def _describe(
    brand: Ints, category: Ints, place: Scores,
    by_brand: Scores, by_category: Scores, by_arrivals: Scores,
    chosen: np.float32, sure: np.float32, features: Scores,
) -> None:  # fmt: skip
    """Fill in each item's brand, category, price and arrivals features."""
    for item in range(len(brand)):
        if brand[item] >= 0:
            features[0, item] = by_brand[brand[item]]
        if category[item] >= 0:
            features[1, item] = by_category[category[item]]
            features[4, item] = by_arrivals[category[item]]
        if not np.isnan(place[item]):
            away = place[item] - chosen
            features[2, item] = -sure * away * away
