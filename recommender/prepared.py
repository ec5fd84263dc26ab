"""A frame of events made ready for training: vocabulary, log of steps, what the catalogue says."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.facts import Facts
from recommender.item_content import ItemContent
from recommender.newcomers import Embed
from recommender.sequences import Ints, Log, Vocabulary, build_log


@dataclass(frozen=True)
class Prepared:
    """A frame made ready: the vocabulary, what the catalogue says of it, the log of all steps."""

    events: pl.DataFrame
    vocabulary: Vocabulary
    facts: Facts
    log: Log
    amount: NDArray[np.float64]
    """What each item costs, NaN where that is unknown."""
    content: ItemContent

    @property
    def category(self) -> Ints:
        """Each item's category code, -1 for none."""
        return self.facts.category


def prepare(events: pl.DataFrame, items: pl.DataFrame, *, embed: Embed | None = None) -> Prepared:
    """Read the frames; the vocabulary holds the catalogue and whatever else the log has.

    `embed` makes vectors of titles; without it the network learns nothing of them. Raises
    ValueError where no event names a product.
    """
    events = events.filter(pl.col("product").is_not_null())
    if events.is_empty():
        raise ValueError("there are no events with a product: import a log or let shoppers shop")
    names = pl.concat([events["product"], items["product"]]).unique().to_list()
    vocabulary = Vocabulary.of(names)
    at = np.array([vocabulary.index[product] for product in items["product"]], np.int64)
    brand, category = (_codes(items[column], at, vocabulary) for column in ("brand", "category"))
    amount = np.full(len(vocabulary), np.nan)
    amount[at] = items["amount"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    facts = Facts.of(brand, category, amount, _colours(items, at, vocabulary))
    titles = embed(items["title"].fill_null("").to_list()) if embed else np.zeros((len(items), 0))
    text = np.zeros((len(vocabulary), titles.shape[1]), np.float32)
    text[at] = titles
    content = ItemContent.of(facts, text)
    return Prepared(events, vocabulary, facts, build_log(events, vocabulary), amount, content)


def _colours(
    items: pl.DataFrame, at: NDArray[np.int64], vocabulary: Vocabulary
) -> list[str | None]:
    """What `Facts.of` takes; a frame that an earlier program kept says nothing of colours."""
    colours: list[str | None] = [None] * len(vocabulary)
    if "colours" in items.columns:
        for place, some in zip(at.tolist(), items["colours"].to_list(), strict=True):
            colours[place] = some
    return colours


def _codes(names: pl.Series, at: NDArray[np.int64], vocabulary: Vocabulary) -> Ints:
    """For each item the place of its name among the sorted names, -1 where it has none."""
    codes = np.full(len(vocabulary), -1, np.int32)
    distinct = names.drop_nulls().unique().sort().to_list()
    codes[at] = names.replace_strict(
        distinct, list(range(len(distinct))), default=-1, return_dtype=pl.Int32
    ).to_numpy()
    return codes
