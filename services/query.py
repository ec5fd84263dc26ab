"""What a shopper is looking for, as a value: built from words or entities, refined turn by turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from services.text import words


class Attribute(StrEnum):
    """What a product can be picked by; the names of the entities in chat."""

    CATEGORY = "category"
    BRAND = "brand"
    COLOUR = "colour"
    SIZE = "size"
    MATERIAL = "material"
    FEATURE = "feature"


class Sort(StrEnum):
    """The order of results."""

    RELEVANCE = "relevance"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    POPULAR = "popular"
    NEWEST = "newest"


type Values = Mapping[Attribute, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search: words for ranking, and conditions that every result must meet.

    Values of one attribute are alternatives (red or blue); attributes are all required. A
    category is named by its id, everything else by the word in the catalogue. Prices are bounds
    in minor units, both inclusive.
    """

    text: str = ""
    include: Values = field(default_factory=dict)
    exclude: Values = field(default_factory=dict)
    price_min: int | None = None
    price_max: int | None = None
    sort: Sort = Sort.RELEVANCE

    @property
    def has_conditions(self) -> bool:
        """Whether anything but the words narrows the results."""
        return bool(
            self.include or self.exclude or self.price_min is not None or self.price_max is not None
        )

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing in particular."""
        return not self.text.strip() and not self.has_conditions

    def refined(self, change: "SearchQuery", *, also: bool = False) -> "SearchQuery":
        """This search with a later wish taken into account.

        "in blue" replaces the colours asked for before; with `also` ("or in green") they become
        alternatives. "not leather" adds to what is excluded and takes leather out of what was
        wanted, and the other way round. A new category starts the words and sizes anew, for they
        described the old one; colours, brands and prices stay. Words that named what is no longer
        wanted go.
        """
        include, exclude = dict(self.include), dict(self.exclude)
        text = self.text
        categories = change.include.get(Attribute.CATEGORY)
        if categories and not also and categories != include.get(Attribute.CATEGORY):
            include.pop(Attribute.SIZE, None)
            text = ""
        for attribute, values in change.include.items():
            kept = include.get(attribute, ()) if also else ()
            include[attribute] = _union(kept, values)
            exclude[attribute] = _without(exclude.get(attribute, ()), values)
        for attribute, values in change.exclude.items():
            exclude[attribute] = _union(exclude.get(attribute, ()), values)
            include[attribute] = _without(include.get(attribute, ()), values)
        price_min, price_max = self._bounds_after(change)
        dropped = [
            *(value for values in change.exclude.values() for value in values),
            *(
                value
                for attribute, values in self.include.items()
                for value in values
                if value not in include.get(attribute, ())
            ),
        ]
        return SearchQuery(
            text=" ".join((*_words_without(text, dropped), *change.text.split())),
            include=_not_empty(include),
            exclude=_not_empty(exclude),
            price_min=price_min,
            price_max=price_max,
            sort=self.sort if change.sort is Sort.RELEVANCE else change.sort,
        )

    def _bounds_after(self, change: "SearchQuery") -> tuple[int | None, int | None]:
        """The newer bound stands; an older one that contradicts it falls."""
        price_min = self.price_min if change.price_min is None else change.price_min
        price_max = self.price_max if change.price_max is None else change.price_max
        if price_min is not None and price_max is not None and price_min > price_max:
            return change.price_min, change.price_max
        return price_min, price_max

    def without(self, constraint: str) -> "SearchQuery":
        """This search without one constraint: the wanted values of an attribute, "price" or "text".

        What is excluded stays excluded: a no is a no.
        """
        if constraint == "price":
            return replace(self, price_min=None, price_max=None)
        if constraint == "text":
            return replace(self, text="")
        attribute = Attribute(constraint)
        return replace(
            self,
            include={key: values for key, values in self.include.items() if key != attribute},
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, the way a conversation keeps it."""
        return {
            "text": self.text,
            "include": {str(key): list(values) for key, values in self.include.items()},
            "exclude": {str(key): list(values) for key, values in self.exclude.items()},
            "price_min": self.price_min,
            "price_max": self.price_max,
            "sort": str(self.sort),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SearchQuery":
        """What `to_dict` wrote. Raises KeyError or ValueError where it is something else."""
        return cls(
            text=data["text"],
            include=_values(data["include"]),
            exclude=_values(data["exclude"]),
            price_min=data["price_min"],
            price_max=data["price_max"],
            sort=Sort(data["sort"]),
        )


def _values(data: Mapping[str, list[str]]) -> dict[Attribute, tuple[str, ...]]:
    return {Attribute(key): tuple(values) for key, values in data.items()}


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _words_without(text: str, names: list[str]) -> list[str]:
    """The words of the text that are in none of the names, singular or plural."""
    gone = {word for name in names for word in words(name)}
    return [word for word in words(text) if word not in gone and word.removesuffix("s") not in gone]


def _without(values: tuple[str, ...], removed: tuple[str, ...]) -> tuple[str, ...]:
    gone = {value.casefold() for value in removed}
    return tuple(value for value in values if value.casefold() not in gone)


def _not_empty(values: dict[Attribute, tuple[str, ...]]) -> dict[Attribute, tuple[str, ...]]:
    return {key: kept for key, kept in values.items() if kept}
