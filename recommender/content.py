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
from recommender.protocol import Arrays, Scores, Term
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
        shelf = facts.category[self._shelved]
        self._begin = np.searchsorted(shelf, np.arange(len(leads_to) + 1))
        # Where the products with a price end: those without are the last of their category.
        unpriced = np.bincount(shelf[np.isnan(self._place)], minlength=len(leads_to))
        self._priced = self._begin[1:] - unpriced
        self._by_brand = np.argsort(self._brand, kind="stable").astype(np.int32)
        self._brand_begin = np.searchsorted(
            self._brand[self._by_brand], np.arange(int(facts.brand.max(initial=-1)) + 2)
        )

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

    def spread(self, batch: Batch) -> Term | None:
        """As Spread says."""
        last = batch.last_item(0)
        if last < 0 or self.facts.category[last] < 0:
            return None
        return _After(self, last)

    def grown(self, new: Newcomers) -> "Content":
        """The same with the new items, of which it knows as much as of any."""
        return Content(new.facts, self.leads_to, self.brand_lift, self.price_lift)

    def arrays(self) -> Arrays:
        """The facts and the counts."""
        return {
            **self.facts.arrays(),
            "leads_to": self.leads_to,
            "brand_lift": self.brand_lift,
            "price_lift": self.price_lift,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The recommender that `arrays` came from."""
        facts = Facts.from_arrays(arrays)
        return cls(facts, arrays["leads_to"], arrays["brand_lift"], arrays["price_lift"])


class _After:
    """The shares of what may follow one product.

    A category's products of one bucket by price all have the same share, but for those of the
    product's own brand: what is written for each item is one number, worked out once a bucket.
    """

    def __init__(self, content: Content, last: int) -> None:
        facts = content.facts
        brand, own, self._place = (
            int(facts.brand[last]),
            int(facts.category[last]),
            facts.place[last],
        )
        self._content, self._brand, self._own = content, brand, own
        begins = content._brand_begin
        same = slice(begins[brand], begins[brand + 1]) if brand >= 0 else slice(0, 0)
        self._same = content._by_brand[same]
        categories = len(content.leads_to)
        self._cuts = np.empty((categories, UNPRICED + 2), np.int64)
        self._each = np.empty(categories, np.float32)
        _weigh(
            own, self._place, self._same, facts.category, content._shelved, content._place,
            content._begin, content._priced, content.leads_to[own], content.brand_lift,
            content.price_lift, PRICE_EDGES, self._cuts, self._each,
        )  # fmt: skip

    def add_to(self, total: Scores, weight: np.float32) -> None:
        """As Term says."""
        content = self._content
        _spread(
            total, weight, self._own, self._place, self._same, content.facts.category,
            content._shelved, content._place, content.brand_lift, content.price_lift, PRICE_EDGES,
            self._cuts, self._each,
        )  # fmt: skip

    def at(self, items: Ints, place: Ints) -> Scores:  # noqa: ARG002 as in Term
        """As Term says."""
        content, facts = self._content, self._content.facts
        shares = np.empty(len(items), np.float32)
        _look_up(
            items, self._brand, self._own, self._place, facts.brand, facts.category, facts.place,
            content.brand_lift, content.price_lift, PRICE_EDGES, self._each, shares,
        )  # fmt: skip
        return shares


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


@compiled
def _bucket(way: np.float32, edges: Scores) -> int:
    """The bucket of a way by price, as `score` has it."""
    if np.isnan(way):
        return len(edges) + 1
    bucket = 0
    while bucket < len(edges) and way >= edges[bucket]:
        bucket += 1
    return bucket


@compiled
def _weigh(
    category: int, place: np.float32, same: Ints, categories: Ints,
    shelved: Ints, places: Scores, begin: NDArray[np.int64], priced: NDArray[np.int64],
    leads_to: Scores, brand_lift: Scores, price_lift: Scores, edges: Scores,
    cuts: NDArray[np.int64], each: Scores,
) -> None:  # fmt: skip
    """Where each category's buckets begin among the shelved items, and what its lifts sum up to.

    `same` are the shelved places of the same brand. `cuts` (categories, buckets + 1) gets the
    places, `each` what an item's lifts are to be multiplied by for all items to add up to 1.
    """
    whole = np.float32(0)
    last = len(edges) + 1
    for other in range(len(leads_to)):
        own = 1 if other == category else 0
        at = begin[other]
        high = at if np.isnan(place) else priced[other]
        cuts[other, 0] = at
        total = np.float32(0)
        for bucket in range(len(edges)):
            low, top = at, high
            while low < top:
                middle = (low + top) // 2
                if places[middle] - place >= edges[bucket]:
                    top = middle
                else:
                    low = middle + 1
            total += np.float32(low - at) * price_lift[own, bucket]
            at = low
            cuts[other, bucket + 1] = at
        total += np.float32(high - at) * price_lift[own, last - 1]
        total += np.float32(begin[other + 1] - high) * price_lift[own, last]
        cuts[other, last] = high
        cuts[other, last + 1] = begin[other + 1]
        each[other] = total * brand_lift[own, 0]
        if begin[other + 1] > begin[other]:
            whole += leads_to[other]
    for where in same:
        other = categories[shelved[where]]
        own = 1 if other == category else 0
        more = brand_lift[own, 1] - brand_lift[own, 0]
        each[other] += price_lift[own, _bucket(places[where] - place, edges)] * more
    for other in range(len(leads_to)):
        if begin[other + 1] > begin[other]:
            each[other] = leads_to[other] / (each[other] * whole)


@compiled
def _spread(
    total: Scores, weight: np.float32, category: int, place: np.float32, same: Ints,
    categories: Ints, shelved: Ints, places: Scores, brand_lift: Scores, price_lift: Scores,
    edges: Scores, cuts: NDArray[np.int64], each: Scores,
) -> None:  # fmt: skip
    """Add each item's share times the weight."""
    for other in range(len(each)):
        own = 1 if other == category else 0
        for bucket in range(len(edges) + 2):
            value = weight * each[other] * brand_lift[own, 0] * price_lift[own, bucket]
            for at in range(cuts[other, bucket], cuts[other, bucket + 1]):
                total[shelved[at]] += value
    for where in same:
        other = categories[shelved[where]]
        own = 1 if other == category else 0
        more = brand_lift[own, 1] - brand_lift[own, 0]
        lift = price_lift[own, _bucket(places[where] - place, edges)]
        total[shelved[where]] += weight * each[other] * lift * more


@compiled
def _look_up(
    items: Ints, brand: int, category: int, place: np.float32,
    brands: Ints, categories: Ints, places: Scores,
    brand_lift: Scores, price_lift: Scores, edges: Scores, each: Scores, shares: Scores,
) -> None:  # fmt: skip
    """Write the shares of some items after one of that brand, category and place."""
    for at in range(len(items)):
        other = categories[items[at]]
        if other < 0:
            shares[at] = 0
            continue
        own = 1 if other == category else 0
        same = 1 if brands[items[at]] == brand and brand >= 0 else 0
        bucket = _bucket(places[items[at]] - place, edges)
        shares[at] = each[other] * brand_lift[own, same] * price_lift[own, bucket]
