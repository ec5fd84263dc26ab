"""Association rules (taken together) and sequential rules (prefix, then next), counted exactly.

Every rule carries support, confidence, lift and the number of distinct people behind it, so that
what a shopper reads ("38 of the 120 people …") is a count and not an estimate. Measures as in
Agrawal, Imieliński & Swami 1993 (support, confidence) and Brin et al. 1997 (lift).
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.protocol import Arrays
from recommender.sequences import (
    ACTION_CODES,
    TARGET_CODES,
    Ints,
    Log,
    starts,
)

TAKEN_CODES = (ACTION_CODES["add"], ACTION_CODES["purchase"])
NO_ITEM = -1
MOST_RULES = 200
"""Rules kept for each prefix."""


@dataclass(frozen=True)
class Rules:
    """Rules as parallel arrays: `prefix` (n, 2) ⇒ `item`, strongest first within a prefix.

    A prefix of one item is (-1, item); of two, the earlier first. Counts are of groups (baskets or
    sequences) and of distinct people: with prefix and item, with the prefix, with the item.
    """

    prefix: Ints
    item: Ints
    count: Ints
    prefix_count: Ints
    item_count: Ints
    people: Ints
    prefix_people: Ints
    groups: int

    def __len__(self) -> int:
        return len(self.item)

    @property
    def support(self) -> NDArray[np.float64]:
        """Share of all groups that the whole rule holds in."""
        return self.count / max(self.groups, 1)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Share of the groups with the prefix that go on to the item."""
        return self.count / np.maximum(self.prefix_count, 1)

    @property
    def lift(self) -> NDArray[np.float64]:
        """How many times likelier the item is after the prefix than in any group."""
        return self.confidence / np.maximum(self.item_count / max(self.groups, 1), 1e-300)

    def lift_of(self, at: int) -> float:
        """The lift of the rule at one position."""
        prefix, item = int(self.prefix_count[at]), int(self.item_count[at])
        return int(self.count[at]) * self.groups / (prefix * item)

    def arrays(self) -> Arrays:
        """The fields as arrays."""
        return {
            "prefix": self.prefix,
            "item": self.item,
            "count": self.count,
            "prefix_count": self.prefix_count,
            "item_count": self.item_count,
            "people": self.people,
            "prefix_people": self.prefix_people,
            "groups": np.array(self.groups),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Rules":
        """The rules that `arrays` came from."""
        fields = {name: arrays[name] for name in cls.__dataclass_fields__ if name != "groups"}
        return cls(**fields, groups=int(arrays["groups"]))

    @classmethod
    def of(cls, frame: pl.DataFrame, groups: int) -> "Rules":
        """Rules from columns named like the fields, with `first` and `last` for the prefix."""
        ordered = frame.sort(
            "first", "last", "count", "people", "item", descending=[False, False, True, True, False]
        )
        numbers = {
            name: ordered[name].to_numpy().astype(np.int32)
            for name in ordered.columns
            if name not in ("first", "last")
        }
        prefix = ordered.select("first", "last").to_numpy().astype(np.int32).reshape(-1, 2)
        return cls(prefix=prefix, groups=groups, **numbers)


def strongest(rules: Rules, most: int) -> Rules:
    """The first `most` rules of each prefix: those with the highest counts."""
    prefix = rules.prefix.astype(np.int64)
    key = (prefix[:, 0] + 1) * (int(prefix.max(initial=NO_ITEM)) + 2) + prefix[:, 1] + 1
    return _where(rules, np.arange(len(rules)) - starts(key) < most)


def founded(rules: Rules, min_people: int) -> Rules:
    """The rules that say more than the item's popularity (lift above 1), by `min_people` people."""
    return _where(rules, (rules.lift > 1) & (rules.people >= min_people))


def _where(rules: Rules, keep: NDArray[np.bool_]) -> Rules:
    return Rules(
        rules.prefix[keep],
        rules.item[keep],
        rules.count[keep],
        rules.prefix_count[keep],
        rules.item_count[keep],
        rules.people[keep],
        rules.prefix_people[keep],
        rules.groups,
    )


class RuleIndex:
    """Finds the rules of a prefix.

    Those of the item i alone are at `single[i + 1]` to `single[i + 2]`, for i below `width - 1`;
    those of two items, the earlier first, where `key` is `(first + 1) * width + last + 1`.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.width = int(rules.prefix.max(initial=NO_ITEM)) + 2
        self.key = self._keys(rules.prefix[:, 0], rules.prefix[:, 1])
        self.single = np.searchsorted(self.key, np.arange(self.width + 1))

    def _keys(self, first: Ints, last: Ints) -> NDArray[np.int64]:
        return (first.astype(np.int64) + 1) * self.width + last + 1

    def of(self, last: int, *, first: int = NO_ITEM) -> slice:
        """The positions of the rules of a prefix, strongest first; empty where there are none."""
        if not 0 <= last < self.width - 1 or not NO_ITEM <= first < self.width - 1:
            return slice(0, 0)
        if first == NO_ITEM:
            return slice(int(self.single[last + 1]), int(self.single[last + 2]))
        key = (first + 1) * self.width + last + 1
        begin, end = np.searchsorted(self.key, [key, key + 1])
        return slice(int(begin), int(end))


def taken(log: Log) -> pl.DataFrame:
    """What each session put into the cart or bought: distinct [group, person, item]."""
    return _steps(log, TAKEN_CODES).unique(["group", "item"], keep="first", maintain_order=True)


def touched(log: Log) -> pl.DataFrame:
    """What each session turned to, in order of the first time: [group, person, item, at]."""
    return _steps(log, TARGET_CODES).unique(["group", "item"], keep="first", maintain_order=True)


def _steps(log: Log, codes: tuple[int, ...]) -> pl.DataFrame:
    keep = np.isin(log.action, codes) & (log.item >= 0)
    return pl.DataFrame(
        {
            "group": log.session[keep],
            "person": log.shopper[keep],
            "item": log.item[keep],
            "at": log.at[keep],
        }
    )


def pair_counts(steps: pl.DataFrame, *, largest: int = 300) -> pl.DataFrame:
    """Ordered pairs of different items of one group: [last, item, count, people].

    Groups of more than `largest` items (price lists, robots) are left out: they tie everything to
    everything and their pairs grow with the square.
    """
    steps = _reasonable(steps, largest)
    pairs = (
        steps.join(steps.select("group", other="item"), on="group")
        .filter(pl.col("item") < pl.col("other"))
        .group_by("item", "other")
        .agg(count=pl.len(), people=pl.col("person").n_unique())
    )
    mirrored = pairs.select(
        pl.col("other").alias("item"), pl.col("item").alias("other"), "count", "people"
    )
    return pl.concat([pairs, mirrored]).select(
        pl.col("item").alias("last"), pl.col("other").alias("item"), "count", "people"
    )


def _reasonable(steps: pl.DataFrame, largest: int) -> pl.DataFrame:
    return steps.filter(pl.len().over("group") <= largest)


def association_rules(
    steps: pl.DataFrame,
    *,
    min_count: int = 1,
    min_confidence: float = 0.0,
    largest: int = 300,
) -> Rules:
    """Rules item ⇒ item over baskets [group, person, item], distinct within a group.

    `min_count` is the least number of baskets, `min_confidence` the least share of the baskets
    with the left side. Baskets of more than `largest` items are left out of all counts.
    """
    kept = _reasonable(steps, largest)
    frame = _with_counts(
        pair_counts(kept, largest=largest).with_columns(first=pl.lit(NO_ITEM, pl.Int32)),
        _item_counts(kept).rename({"item": "last"}),
        kept,
        on=["last"],
    )
    return _kept(frame, kept["group"].n_unique(), min_count, min_confidence)


def _item_counts(steps: pl.DataFrame) -> pl.DataFrame:
    """In how many groups, and by how many people, each item was met."""
    return steps.group_by("item").agg(
        prefix_count=pl.col("group").n_unique(), prefix_people=pl.col("person").n_unique()
    )


def _with_counts(
    rules: pl.DataFrame, prefixes: pl.DataFrame, steps: pl.DataFrame, *, on: list[str]
) -> pl.DataFrame:
    items = _item_counts(steps).select("item", item_count="prefix_count")
    return rules.join(prefixes, on=on).join(items, on="item")


def _kept(frame: pl.DataFrame, groups: int, min_count: int, min_confidence: float) -> Rules:
    strong = frame.filter(
        (pl.col("count") >= min_count)
        & (pl.col("count") >= min_confidence * pl.col("prefix_count"))
    )
    return Rules.of(strong, groups)


def sequential_rules(
    steps: pl.DataFrame,
    *,
    max_prefix: int = 2,
    max_gap: int = 3,
    max_pause: timedelta | None = None,
    min_count: int = 1,
    min_confidence: float = 0.0,
) -> Rules:
    """Rules prefix ⇒ next over sequences [group, person, item, at], in the order of the frame.

    A sequence holds a rule when the prefix's items and then the next one occur in order, each at
    most `max_gap` positions and `max_pause` after the one before. Confidence is over the sequences
    that hold the prefix under the same limits; a rule never leads back to an item of its prefix.
    Raises ValueError for a prefix length other than 1 or 2, or a gap below 1.
    """
    if max_prefix not in (1, 2) or max_gap < 1:
        raise ValueError(
            f"max_prefix must be 1 or 2 and max_gap at least 1: {max_prefix=}, {max_gap=}"
        )
    chain = _chains(steps, length=max_prefix + 1, max_gap=max_gap, max_pause=max_pause)
    singles = _item_counts(steps).rename({"item": "last"})
    pairs = _distinct(chain[1], ["last", "item"])
    rules = [
        _with_counts(
            pairs.with_columns(first=pl.lit(NO_ITEM, pl.Int32)), singles, steps, on=["last"]
        )
    ]
    if max_prefix == 2:
        prefixes = pairs.select(
            first="last", last="item", prefix_count="count", prefix_people="people"
        )
        triples = _distinct(chain[2], ["first", "last", "item"])
        longer = _with_counts(triples, prefixes, steps, on=["first", "last"])
        rules.append(longer.select(rules[0].columns))
    return _kept(pl.concat(rules), steps["group"].n_unique(), min_count, min_confidence)


def _distinct(chain: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return (
        chain.unique([*by, "group"])
        .group_by(by)
        .agg(count=pl.len(), people=pl.col("person").n_unique())
    )


def _chains(
    steps: pl.DataFrame, *, length: int, max_gap: int, max_pause: timedelta | None
) -> list[pl.DataFrame]:
    """All occurrences of 2 (and 3) items in order within the limits; index 1 holds the pairs."""
    group, person = steps["group"].to_numpy(), steps["person"].to_numpy()
    item, at = steps["item"].to_numpy(), steps["at"].to_numpy()
    size = len(item)
    pause = None if max_pause is None else max_pause // timedelta(microseconds=1)
    begins: list[NDArray[np.int64]] = []
    ends: list[NDArray[np.int64]] = []
    for gap in range(1, min(max_gap, size - 1) + 1):
        begin = np.arange(size - gap)
        near = (group[begin] == group[begin + gap]) & (item[begin] != item[begin + gap])
        if pause is not None:
            near &= at[begin + gap] - at[begin] <= pause
        begins.append(begin[near])
        ends.append(begin[near] + gap)
    links = pl.DataFrame(
        {
            "begin": np.concatenate(begins) if begins else np.zeros(0, np.int64),
            "end": np.concatenate(ends) if ends else np.zeros(0, np.int64),
        }
    )
    found = [pl.DataFrame(), _named(links, group, person, item, ["begin", "end"])]
    if length == 3:
        triples = links.rename({"end": "middle"}).join(
            links.rename({"begin": "middle"}), on="middle"
        )
        named = _named(triples, group, person, item, ["begin", "middle", "end"])
        found.append(named.filter(pl.col("item") != pl.col("first")))
    return found


def _named(
    links: pl.DataFrame,
    group: NDArray[np.int32],
    person: NDArray[np.int32],
    item: NDArray[np.int32],
    columns: list[str],
) -> pl.DataFrame:
    positions = [links[column].to_numpy() for column in columns]
    names = ["first", "last", "item"][-len(columns) :]
    return pl.DataFrame(
        {
            "group": group[positions[0]],
            "person": person[positions[0]],
            **{name: item[at] for name, at in zip(names, positions, strict=True)},
        }
    )
