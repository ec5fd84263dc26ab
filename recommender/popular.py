"""Counting recommenders: popular, recently popular, popular in category, item to item.

They are the baselines that a trained model must beat, and what is served where it knows nothing.
"""

from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.members import Members
from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores, Term
from recommender.rules import pair_counts, touched
from recommender.sequences import ACTION_CODES, MICROSECONDS, Batch, Bools, Ints, Log
from recommender.terms import Around

HALF_LIFE_DAYS = 3.0
NEIGHBOURS = 300


def people_per_item(log: Log, items: int) -> Ints:
    """How many distinct people turned to each item."""
    counts = touched(log).group_by("item").agg(pl.col("person").n_unique())
    return _spread(counts["item"], counts["person"], items).astype(np.int32)


def bought_again(log: Log, items: int, *, share: float = 0.15, least: int = 5) -> Bools:
    """Items that at least `share` of their buyers (and `least` people) bought in two sessions."""
    keep = (log.action == ACTION_CODES["purchase"]) & (log.item >= 0)
    bought = pl.DataFrame(
        {"person": log.shopper[keep], "item": log.item[keep], "group": log.session[keep]}
    )
    often = (
        bought.group_by("item", "person")
        .agg(pl.col("group").n_unique())
        .group_by("item")
        .agg(again=(pl.col("group") > 1).sum(), buyers=pl.len())
        .filter((pl.col("again") >= share * pl.col("buyers")) & (pl.col("again") >= least))
    )
    mask = np.zeros(items, np.bool_)
    mask[often["item"].to_numpy()] = True
    return mask


def _spread(index: pl.Series, values: pl.Series, size: int) -> NDArray[np.float64]:
    spread = np.zeros(size)
    spread[index.to_numpy()] = values.to_numpy()
    return spread


def _known(weights: NDArray[np.float64]) -> Scores:
    return np.where(weights > 0, weights, np.nan).astype(np.float32)


def _unmet(weights: Scores, new: Newcomers) -> Scores:
    return np.pad(weights, (0, len(new)), constant_values=np.nan)


class Popular:
    """Suggests to everybody what most sessions turned to."""

    name = "popular"

    def __init__(self, weights: Scores) -> None:
        self.weights = weights

    @classmethod
    def fit(cls, log: Log, items: int) -> Self:
        """Count the sessions that turned to each item."""
        counts = touched(log).group_by("item").len()
        return cls(_known(_spread(counts["item"], counts["len"], items)))

    def score(self, batch: Batch) -> Scores:
        """The same weights for everybody."""
        return np.tile(self.weights, (len(batch), 1))

    def of_everybody(self) -> Scores:
        """As Shared says."""
        return self.weights

    def grown(self, new: Newcomers) -> Self:
        """The same weights, and none for the new items."""
        return type(self)(_unmet(self.weights, new))

    def arrays(self) -> Arrays:
        """The weights."""
        return {"weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The recommender that `arrays` came from."""
        return cls(arrays["weights"])


class RecentlyPopular(Popular):
    """Suggests to everybody what sessions turned to lately."""

    name = "recently_popular"

    @classmethod
    def fit(cls, log: Log, items: int) -> Self:
        """Count sessions, each worth half after HALF_LIFE_DAYS."""
        steps = touched(log)
        if steps.is_empty():
            return cls(np.full(items, np.nan, np.float32))
        days = (pl.col("at").max() - pl.col("at")) / (86_400 * MICROSECONDS)
        counts = (
            steps.with_columns(weight=0.5 ** (days / HALF_LIFE_DAYS))
            .group_by("item")
            .agg(pl.col("weight").sum())
        )
        return cls(_known(_spread(counts["item"], counts["weight"], items)))


class PopularInCategory:
    """Suggests what is popular in the category of the last product, then the rest by popularity."""

    name = "popular_in_category"

    def __init__(self, weights: Scores, category: Ints) -> None:
        self.weights = weights
        self.category = category
        total = float(np.nansum(weights)) or 1.0
        self._elsewhere = (weights / total * 1e-3).astype(np.float32)
        self._members = Members(category)
        self._inside = np.full(len(weights), np.nan, np.float32)
        for code in range(self._members.categories):
            members = self._members.of([code])
            sessions = float(np.nansum(weights[members]))
            self._inside[members] = weights[members] / max(sessions, 1.0)
        self._far = np.nan_to_num(self._elsewhere)
        self._nearer = np.nan_to_num(self._inside) - self._far
        self._far_sum = float(self._far.sum())

    @classmethod
    def fit(cls, log: Log, items: int, category: Ints) -> "PopularInCategory":
        """Count sessions; `category` has the code of each item's category, -1 where unknown."""
        return cls(Popular.fit(log, items).weights, category)

    def score(self, batch: Batch) -> Scores:
        """Shares of the category's sessions; other categories far below, by popularity."""
        scores = np.tile(self._elsewhere, (len(batch), 1))
        for row, last in enumerate(batch.last_items().tolist()):
            if last >= 0 and self.category[last] >= 0:
                inside = self._members.of([self.category[last]])
                scores[row, inside] = self._inside[inside]
        return scores

    def spread(self, batch: Batch) -> Term | None:
        """As Spread says."""
        last = batch.last_item(0)
        known = last >= 0 and self.category[last] >= 0
        members = self._members.of([int(self.category[last])] if known else [])
        nearer = self._nearer[members]
        whole = np.float32(self._far_sum + nearer.sum())
        return Around(self._far, members, nearer, whole) if whole > 0 else None

    def grown(self, new: Newcomers) -> "PopularInCategory":
        """The same weights, and none for the new items."""
        return PopularInCategory(_unmet(self.weights, new), new.facts.category)

    def arrays(self) -> Arrays:
        """The weights and categories."""
        return {"weights": self.weights, "category": self.category}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "PopularInCategory":
        """The recommender that `arrays` came from."""
        return cls(arrays["weights"], arrays["category"])


class ItemToItem:
    """Suggests what sessions with the last product turned to as well, by plain counts.

    For each item, its NEIGHBOURS most frequent partners with the sessions and people behind them.
    """

    name = "item_to_item"

    def __init__(
        self,
        begin: NDArray[np.int64],
        neighbour: Ints,
        count: Ints,
        people: Ints,
        item_people: Ints,
    ) -> None:
        self.begin = begin
        self.neighbour = neighbour
        self.count = count
        self.people = people
        self.item_people = item_people

    @classmethod
    def fit(cls, log: Log, items: int) -> "ItemToItem":
        """Count the sessions and people that turned to both of two items."""
        pairs = (
            pair_counts(touched(log))
            .sort("last", "count", "item", descending=[False, True, False])
            .group_by("last", maintain_order=True)
            .head(NEIGHBOURS)
        )
        sizes = np.bincount(pairs["last"].to_numpy(), minlength=items)
        return cls(
            begin=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            neighbour=pairs["item"].to_numpy().astype(np.int32),
            count=pairs["count"].to_numpy().astype(np.int32),
            people=pairs["people"].to_numpy().astype(np.int32),
            item_people=people_per_item(log, items),
        )

    def neighbours(self, item: int) -> slice:
        """Positions of the item's neighbours, most frequent first; empty for an unknown item."""
        if not 0 <= item < len(self.begin) - 1:
            return slice(0, 0)
        return slice(int(self.begin[item]), int(self.begin[item + 1]))

    def score(self, batch: Batch) -> Scores:
        """Sessions shared with the last product."""
        scores = np.full((len(batch), len(self.begin) - 1), np.nan, np.float32)
        for row, item in enumerate(batch.last_items().tolist()):
            found = self.neighbours(item)
            scores[row, self.neighbour[found]] = self.count[found]
        return scores

    def found(self, batch: Batch) -> tuple[Ints, Scores]:
        """As Sparse says."""
        found = self.neighbours(batch.last_item(0))
        return self.neighbour[found], self.count[found].astype(np.float32)

    def grown(self, new: Newcomers) -> "ItemToItem":
        """The same lists, and empty ones for the new items."""
        return ItemToItem(
            np.pad(self.begin, (0, len(new)), mode="edge"),
            self.neighbour,
            self.count,
            self.people,
            np.pad(self.item_people, (0, len(new))),
        )

    def arrays(self) -> Arrays:
        """The neighbour lists."""
        return {
            "begin": self.begin,
            "neighbour": self.neighbour,
            "count": self.count,
            "people": self.people,
            "item_people": self.item_people,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "ItemToItem":
        """The recommender that `arrays` came from."""
        return cls(**arrays)
