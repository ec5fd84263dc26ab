"""What a catalogue says of its products, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recommender.sequences import Ints

BETWEEN_COLOURS = "\n"


@dataclass(frozen=True)
class Facts:
    """What the catalogue says of each item: codes of brand and category, -1 where it says nothing.

    `place` is the item's place in its category by price, from 0 to 1, NaN where it has no price.
    `shade` is the code of the colours that it comes in, -1 for none; those of shade s are at
    `shade_from[s]` to `shade_from[s + 1]` of `shade_colour`, codes of single colours.
    """

    brand: Ints
    category: Ints
    place: NDArray[np.float32]
    shade: Ints
    shade_from: Ints
    shade_colour: Ints

    @classmethod
    def of(
        cls,
        brand: Ints,
        category: Ints,
        amount: NDArray[np.float64],
        colours: Sequence[str | None] | None = None,
    ) -> Self:
        """From codes and prices, NaN for none; an item alone in its category is in the middle.

        `colours` has each item's, sorted and joined by BETWEEN_COLOURS.
        """
        place = np.full(len(amount), np.nan, np.float32)
        priced = ~np.isnan(amount)
        for code in np.unique(category[priced]):
            inside = np.flatnonzero(priced & (category == code))
            ranks = amount[inside].argsort(kind="stable").argsort(kind="stable")
            place[inside] = ranks / (len(inside) - 1) if len(inside) > 1 else 0.5
        names = [None] * len(brand) if colours is None else list(colours)
        shades = sorted({name for name in names if name is not None})
        within = [shade.split(BETWEEN_COLOURS) for shade in shades]
        single = {name: code for code, name in enumerate(sorted(set().union(*within)))}
        code_of = {shade: code for code, shade in enumerate(shades)}
        return cls(
            brand,
            category,
            place,
            np.array([-1 if name is None else code_of[name] for name in names], np.int32),
            np.cumsum([0, *map(len, within)]).astype(np.int32),
            np.array([single[name] for some in within for name in some], np.int32),
        )

    @property
    def colours(self) -> int:
        """How many single colours there are."""
        return int(self.shade_colour.max(initial=-1)) + 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The facts that `arrays` came from, which may hold others too."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})
