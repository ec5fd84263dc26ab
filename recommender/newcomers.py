"""Products newer than the model: found a place among those it knows by what the catalogue says.

Between two trainings a shop goes on adding products. Each is appended to the vocabulary, with its
codes of category and brand and its place by price, so that content and taste speak of it at once.
The network embeds it by these and by what its title means, and takes it to be as wanted as the
products most like it: those of its category whose titles mean nearly the same. What counts people
knows nothing of it, and passes on its say (`Blend`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.facts import Facts
from recommender.sequences import Ints, Vocabulary

ALIKE = 5
"""How many known products stand for a newcomer."""
NONE = -1

type Embed = Callable[[list[str]], NDArray[np.float32]]
"""Unit vectors of texts, (texts, dimensions)."""


@dataclass(frozen=True)
class Newcomers:
    """Ids of the new products, the facts of all (known ones first), the vectors of the new ones'
    titles, and the known ones like each.

    A newcomer of a category that training never met is like none.
    """

    items: tuple[str, ...]
    facts: Facts
    text: NDArray[np.float32]
    alike: tuple[Ints, ...]

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def placed(
        cls,
        items: Sequence[str],
        catalogue: pl.DataFrame,
        vocabulary: Vocabulary,
        facts: Facts,
        embed: Embed,
    ) -> "Newcomers":
        """Place `items`, of which the vocabulary has none.

        `catalogue` has the columns product, title, category, brand, amount and, where known,
        colours; `facts` are those of the vocabulary. A name stands for the code that most known
        products of that name have. Of an item that the catalogue has no longer nothing is known.
        """
        came = pl.DataFrame({"product": items}, {"product": pl.String}).join(
            catalogue, on="product", how="left", maintain_order="left"
        )
        old = catalogue.filter(pl.col("product").is_in(vocabulary.items))
        at = np.array([vocabulary.index[item] for item in old["product"]], np.int32)
        code = _coded(old["category"], facts.category[at])
        category = _codes(came["category"], code)
        maker = _coded(old["brand"], facts.brand[at])
        # A maker's first products here share a code of their own.
        makers = sorted(set(came["brand"].drop_nulls()) - maker.keys())
        first = int(facts.brand.max(initial=NONE)) + 1
        maker |= {name: number for number, name in enumerate(makers, start=first)}
        place = np.full(len(came), np.nan, np.float32)
        alike = [np.zeros(0, np.int32)] * len(came)
        for one in set(category.tolist()) - {NONE}:
            own = np.flatnonzero(category == one)
            known = np.flatnonzero(facts.category[at] == one)
            place[own] = _places(_amounts(came)[own], _amounts(old)[known])
            near = _nearest(came["title"][own], old["title"][known], embed)
            for row, best in zip(own.tolist(), near, strict=True):
                alike[row] = at[known[best]]
        return cls(
            tuple(items),
            replace(
                facts,
                brand=np.append(facts.brand, _codes(came["brand"], maker)),
                category=np.append(facts.category, category),
                place=np.append(facts.place, place),
                shade=np.append(facts.shade, _shades(came, old, facts.shade[at])),
            ),
            embed(came["title"].fill_null("").to_list()),
            tuple(alike),
        )


def _coded(names: pl.Series, codes: Ints) -> dict[str, int]:
    """The code that most products of each name have."""
    counts: dict[str, Counter[int]] = {}
    for name, code in zip(names.to_list(), codes.tolist(), strict=True):
        if name is not None and code != NONE:
            counts.setdefault(name, Counter())[code] += 1
    return {name: counted.most_common(1)[0][0] for name, counted in counts.items()}


def _shades(came: pl.DataFrame, old: pl.DataFrame, shade: Ints) -> Ints:
    """The codes of the new ones' colours; none for those that no known product comes in alike."""
    if "colours" not in came.columns:
        return np.full(len(came), NONE, np.int32)
    return _codes(came["colours"], _coded(old["colours"], shade))


def _codes(names: pl.Series, code: dict[str, int]) -> Ints:
    return np.array([code.get(name, NONE) for name in names], np.int32)


def _amounts(products: pl.DataFrame) -> NDArray[np.float64]:
    return products["amount"].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _nearest(titles: pl.Series, known: pl.Series, embed: Embed) -> NDArray[np.int64]:
    """For each title the positions of the ALIKE known ones nearest in meaning."""
    likeness = embed(titles.to_list()) @ embed(known.to_list()).T
    return np.argsort(-likeness, axis=1, kind="stable")[:, :ALIKE]


def _places(amounts: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where amounts lie among others, from 0 (the least) to 1; NaN for none."""
    others = np.sort(others[~np.isnan(others)])
    if len(others) == 0:
        return np.where(np.isnan(amounts), np.nan, 0.5)
    below = np.searchsorted(others, amounts, side="left")
    up_to = np.searchsorted(others, amounts, side="right")
    return np.where(np.isnan(amounts), np.nan, (below + up_to) / 2 / len(others))
