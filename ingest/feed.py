"""One line of a catalogue, whatever format it came in: a variant and what its product says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.money import Money
from ingest.tables import Reject

LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class FeedItem:
    """A variant with its product's facts; what the feed does not say is None."""

    row: int
    product_id: str
    variant_id: str
    title: str
    category: tuple[str, ...] = ()
    brand: str | None = None
    description: str = ""
    material: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    picture: str | None = None
    colour: str | None = None
    size: str | None = None
    stock: int = 0
    price: Money | None = None
    list_price: Money | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class FeedCategory:
    """A category by its path of names."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """What a catalogue file held; `folded` counts rows that only add to another (pictures)."""

    items: list[FeedItem]
    rejects: list[Reject]
    categories: list[FeedCategory] = field(default_factory=list)
    folded: int = 0

    @property
    def rows_read(self) -> int:
        """All rows of the file."""
        return len(self.items) + len(self.rejects) + len(self.categories) + self.folded


def collect(
    rows: list[tuple[int, dict[str, Any]]], read: Callable[[int, dict[str, Any]], FeedItem | None]
) -> Feed:
    """Read each (row number, row); ValueError says why a row is rejected, None folds it away."""
    items: list[FeedItem] = []
    rejects: list[Reject] = []
    seen: dict[str, int] = {}
    folded = 0
    for number, row in rows:
        try:
            item = read(number, row)
            if item is None:
                folded += 1
                continue
            if item.variant_id in seen:
                first = seen[item.variant_id]
                raise ValueError(f"the id {item.variant_id!r} stands in row {first} already")
        except ValueError as error:
            rejects.append(Reject(number, str(error), {k: v for k, v in row.items() if v}))
            continue
        seen[item.variant_id] = number
        items.append(item)
    return Feed(items, rejects, folded=folded)


def required(row: dict[str, Any], name: str) -> str:
    """A value that must be there. Raises ValueError naming it."""
    value = text(row, name)
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def key(row: dict[str, Any], name: str) -> str:
    """A required id. Raises ValueError where it is missing or longer than the tables hold."""
    value = required(row, name)
    if len(value) > LONGEST_KEY:
        raise ValueError(f"{name} is longer than {LONGEST_KEY} characters")
    return value


def text(row: dict[str, Any], name: str | None) -> str | None:
    """A value as text without spaces around it; None where it is empty."""
    value = row.get(name) if name else None
    return None if value is None else str(value).strip() or None
