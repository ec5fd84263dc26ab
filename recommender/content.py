"""Suggests what is like, or goes after, the last product by what the catalogue says of both.

Names play no part, only category, brand and price, so a product that nobody has met yet is
suggested where its content fits. Next comes a product of category c' with the probability that
sessions go from the last product's category to c'; inside c', a product counts by how much more
often than by chance sessions keep to the brand, and by how the price goes (a naive Bayes model over
the two). All three are counted from consecutive products of a session.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommender.facts import Facts
from recommender.mining.compiled import compiled
from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores
from recommender.sequences import Batch, Bools, Ints, Log, first_touches, starts

# A category's own counts are pulled towards everybody's as by so many products.
PRIOR = 20.0
# How far the place by price may go up or down within one bucket.
PRICE_EDGES = np.array([-0.6, -0.35, -0.18, -0.06, 0.06, 0.18, 0.35, 0.6], np.float32)
UNPRICED = len(PRICE_EDGES) + 1


class Content:
    """What follows what by category, brand and price.

    `leads_to` (categories, categories) has probabilities by row; `brand_lift` (2, 2) is for another
    category or the same, another brand or the same; `price_lift` (2, buckets) likewise.
    """

    name = "content"

    def __init__(
        self, facts: Facts, leads_to: Scores, brand_lift: Scores, price_lift: Scores
    ) -> None:
        self.facts = facts
        self.leads_to = leads_to
        self.brand_lift = brand_lift
        self.price_lift = price_lift
        # By category, and by price inside it: then the buckets of a category lie in a row.
        order = np.lexsort((facts.place, facts.category))
        self._shelved = order[facts.category[order] >= 0].astype(np.int32)
        self._brand = facts.brand[self._shelved]
        self._place = facts.place[self._shelved]
        self._begin = np.searchsorted(facts.category[self._shelved], np.arange(len(leads_to) + 1))

    @classmethod
    def fit(cls, log: Log, facts: Facts) -> Self:
        """Count the log's pairs of products that sessions turned to one after the other."""
        last, following = _pairs(log, facts)
        categories = int(facts.category.max(initial=-1)) + 1
        counts = np.zeros((categories, categories))
        np.add.at(counts, (facts.category[last], facts.category[following]), 1)
        overall = counts.sum(axis=0) + 1
        counts += PRIOR * overall / overall.sum()
        leads_to = counts / counts.sum(axis=1, keepdims=True)
        brand_lift = np.ones((2, 2))
        price_lift = np.ones((2, UNPRICED + 1))
        same = (facts.category[last] == facts.category[following]).astype(np.int64)
        chance = _by_chance(following, facts)
        for own in (0, 1):
            of = same == own
            brand_lift[own] = _lift(
                _same_brand(facts, last[of], following[of]),
                _same_brand(facts, last[of], chance[of]),
                2,
            )
            price_lift[own] = _lift(
                _price_way(facts, last[of], following[of]),
                _price_way(facts, last[of], chance[of]),
                UNPRICED + 1,
            )
        return cls(
            facts,
            leads_to.astype(np.float32),
            brand_lift.astype(np.float32),
            price_lift.astype(np.float32),
        )

    def score(self, batch: Batch) -> Scores:
        """Probabilities; NaN for products without a category, and after such a one."""
        facts = self.facts
        scores = np.full((len(batch), len(facts.category)), np.nan, np.float32)
        for row, last in enumerate(batch.last_items().tolist()):
            if last >= 0 and facts.category[last] >= 0:
                own = facts.category[last]
                _score(
                    facts.brand[last], own, facts.place[last],
                    self._shelved, self._brand, self._place, self._begin,
                    self.leads_to[own], self.brand_lift, self.price_lift, PRICE_EDGES, scores[row],
                )  # fmt: skip
        return scores

    def grown(self, new: Newcomers) -> "Content":
        """The same with the new items, of which it knows as much as of any."""
        return Content(new.facts, self.leads_to, self.brand_lift, self.price_lift)

    def arrays(self) -> Arrays:
        """The facts and the counts."""
        return {
            "brand": self.facts.brand,
            "category": self.facts.category,
            "place": self.facts.place,
            "leads_to": self.leads_to,
            "brand_lift": self.brand_lift,
            "price_lift": self.price_lift,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The recommender that `arrays` came from."""
        facts = Facts(arrays["brand"], arrays["category"], arrays["place"])
        return cls(facts, arrays["leads_to"], arrays["brand_lift"], arrays["price_lift"])


def _pairs(log: Log, facts: Facts) -> tuple[Ints, Ints]:
    """Products and what the session first turned to next, both of a known category."""
    at = first_touches(log)
    at = at[(at > starts(log.session)[at]) & (log.item[at] >= 0) & (log.item[at - 1] >= 0)]
    last, following = log.item[at - 1], log.item[at]
    keep = (facts.category[last] >= 0) & (facts.category[following] >= 0)
    return last[keep], following[keep]


def _by_chance(items: Ints, facts: Facts) -> Ints:
    """For each item another of its category, each product of which comes alike often."""
    order = np.argsort(facts.category, kind="stable")
    category = facts.category[items]
    low = np.searchsorted(facts.category[order], category)
    high = np.searchsorted(facts.category[order], category, side="right")
    draw = np.random.default_rng(0)
    drawn = order[low + (draw.random(len(items)) * (high - low)).astype(np.int64)]
    return drawn.astype(np.int32)


def _lift(seen: NDArray[np.int64], chance: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """How much oftener each value was seen than by chance, pulled to 1 as by PRIOR products."""
    observed = np.bincount(seen, minlength=size).astype(np.float64)
    expected = np.bincount(chance, minlength=size).astype(np.float64)
    lift: NDArray[np.float64] = (observed + PRIOR) / (expected + PRIOR)
    return lift


def _same_brand(facts: Facts, last: Ints, other: Ints) -> NDArray[np.int64]:
    same: Bools = (facts.brand[last] == facts.brand[other]) & (facts.brand[last] >= 0)
    return same.astype(np.int64)


def _price_way(facts: Facts, last: Ints, other: Ints) -> NDArray[np.int64]:
    way = facts.place[other] - facts.place[last]
    return np.where(np.isnan(way), UNPRICED, np.searchsorted(PRICE_EDGES, way, side="right"))


@compiled
def _score(
    brand: int, category: int, place: np.float32,
    shelved: Ints, brands: Ints, places: Scores, begin: NDArray[np.int64],
    leads_to: Scores, brand_lift: Scores, price_lift: Scores, edges: Scores,
    out: Scores,
) -> None:  # fmt: skip
    """The probabilities of the `shelved` items after one of that brand, category and place.

    `brands` and `places` are those of the shelved items, which lie by category and by place.
    """
    for other in range(len(leads_to)):
        own = 1 if other == category else 0
        total = np.float32(0)
        bucket = 0
        for at in range(begin[other], begin[other + 1]):
            way = places[at] - place
            while bucket < len(edges) and way >= edges[bucket]:
                bucket += 1
            same = 1 if brands[at] == brand and brand >= 0 else 0
            where = len(edges) + 1 if np.isnan(way) else bucket
            value = brand_lift[own, same] * price_lift[own, where]
            total += value
            out[shelved[at]] = value
        for at in range(begin[other], begin[other + 1]):
            out[shelved[at]] *= leads_to[other] / total
