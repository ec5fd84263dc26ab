"""Lets a training go on from the network of the version in force, instead of from nothing.

What is served was refreshed on all days, the held-out ones among them: to go on from it and then
measure on those days would flatter it. So each version also keeps its network as it stood before
that, with the time from which on it knows nothing, and its second head as it was before it was
calibrated. As the held-out days move on, what was held out then is training data now.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

import numpy as np
import polars as pl

from recommender.bundle import Bundle
from recommender.fitting import TrainConfig, held_out_days
from recommender.item_content import ItemContent, Matrix
from recommender.lstm_step import Lstm, Weights
from recommender.newcomers import Embed, Newcomers
from recommender.prepared import Prepared
from recommender.protocol import Arrays
from recommender.registry import BrokenModelError
from recommender.sequences import microseconds, temporal_split
from recommender.training import Measured

PART = "warm_start"


class ColdError(Exception):
    """There is nothing to go on from; the message says why."""


@dataclass(frozen=True)
class WarmStart:
    """A network that knows of no visit that began at `until` or later (microseconds, UTC)."""

    weights: Weights
    until: int

    @classmethod
    def of(cls, measured: Measured) -> "WarmStart | None":
        """The measured network; None where there is none."""
        network = next((one for one in measured.sources if isinstance(one, Lstm)), None)
        if network is None or measured.learnt_until is None:
            return None
        return cls(network.weights, microseconds(measured.learnt_until))

    def arrays(self) -> Arrays:
        """What `from_arrays` makes it from."""
        return {**self.weights.arrays(), "until": np.array(self.until)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The warm start that `arrays` came from; BrokenModelError where they are of none."""
        try:
            weights = {name: array for name, array in arrays.items() if name != "until"}
            return cls(Weights.from_arrays(weights), int(arrays["until"]))
        except (KeyError, TypeError) as error:
            raise BrokenModelError(
                f"{PART}.npz holds no network ({error}): train again with `cartwright train`"
            ) from error


def going_on(
    kept: WarmStart,
    old: Bundle,
    prepared: Prepared,
    catalogue: pl.DataFrame,
    *,
    config: TrainConfig,
    embed: Embed,
) -> Weights:
    """The weights to begin with, for the items of `prepared`.

    An item that `old` knows keeps its row, wherever it stands now; a new one is placed among those
    like it, as `Newcomers` says; one that is gone is left out. `catalogue` has the columns that
    `Newcomers.placed` reads. Raises ColdError where the network knows days that are held out now,
    knows less than half of the items, or is of another size than asked for.
    """
    days = held_out_days(prepared.log, config)
    try:
        split = temporal_split(prepared.log, valid_days=days, test_days=days)
    except ValueError as error:
        raise ColdError(f"there is too little data: {error}") from error
    if kept.until > microseconds(split.valid_from):
        raise ColdError(
            f"it knows visits up to {_day(kept.until)}, and those from "
            f"{split.valid_from:%Y-%m-%d %H:%M} on are held out now"
        )
    known = sum(item in old.vocabulary.index for item in prepared.vocabulary.items)
    if known * 2 < len(prepared.vocabulary):
        raise ColdError(f"it knows {known} of the {len(prepared.vocabulary)} products")
    units = kept.weights.recurrent.shape[0]
    if units != config.lstm.units:
        raise ColdError(f"it has {units} units, {config.lstm.units} are asked for")
    return moved(kept.weights, old, prepared, catalogue, embed)


def moved(
    weights: Weights, old: Bundle, prepared: Prepared, catalogue: pl.DataFrame, embed: Embed
) -> Weights:
    """The weights with a row for each item of `prepared`, in its order."""
    items = prepared.vocabulary.items
    new = [item for item in items if item not in old.vocabulary.index]
    grown = weights
    if new:
        newcomers = Newcomers.placed(new, catalogue, old.vocabulary, old.facts, embed)
        grown = Lstm(weights).grown(newcomers).weights
    index = old.vocabulary.grown(new).index
    at = np.array([index[item] for item in items], np.int64)
    return replace(
        grown,
        item=grown.item[np.append(0, at + 1)],
        item_bias=grown.item_bias[at],
        seen=grown.seen[at],
        kinds=_renumbered(weights.kinds, old, prepared),
    )


def _renumbered(kinds: Matrix, old: Bundle, prepared: Prepared) -> Matrix:
    """The embeddings of categories, brands and bands by the numbering of `prepared`.

    Each is the mean of what its items had, so one that was only renumbered is as it was.
    """
    if not len(kinds):
        return kinds
    both = [item for item in prepared.vocabulary.items if item in old.vocabulary.index]
    now = prepared.content.codes[:, [prepared.vocabulary.index[item] for item in both]]
    text = np.zeros((len(old.vocabulary), 0), np.float32)
    before = ItemContent.of(old.facts, text).codes[:, [old.vocabulary.index[item] for item in both]]
    # In 64 bits: then the mean of equal numbers is that number.
    summed = np.zeros((prepared.content.kinds, kinds.shape[1]))
    np.add.at(summed, now.ravel(), kinds[before.ravel()])
    counts = np.bincount(now.ravel(), minlength=len(summed))
    return (summed / np.maximum(counts, 1)[:, None]).astype(np.float32)


def _day(until: int) -> str:
    return f"{datetime.fromtimestamp(until / 1e6, UTC):%Y-%m-%d %H:%M}"
