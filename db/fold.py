"""The cart as a fold: a pure function of its owner's cart events.

Events are ordered by (time, event id, visitor), so the order of their arrival, repeats and late
ones make no difference. An *episode* is one basket from its first item to its purchase:

- adding starts an episode where none is open;
- removing takes away at most what is there; an emptied basket stays open;
- buying closes the episode: lines that were bought are closed whole, the others move on into a
  new one. A purchase that buys nothing of the basket leaves it alone, and a transaction that was
  already seen counts once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b

from db.models import EventName

type LineKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CartItem:
    """One item of a cart event; without a variant the product is its own only variant."""

    product_id: str
    variant_id: str | None = None
    quantity: int = 1
    unit_amount: int | None = None
    currency: str | None = None

    @property
    def key(self) -> LineKey:
        """The line it belongs to."""
        return self.product_id, self.variant_id or self.product_id


@dataclass(frozen=True, slots=True)
class CartEvent:
    """An add_to_cart, remove_from_cart or purchase."""

    at: datetime
    event_id: str
    visitor_id: str
    name: EventName
    items: tuple[CartItem, ...] = ()
    transaction_id: str | None = None
    value: int | None = None
    currency: str | None = None

    @property
    def order_key(self) -> tuple[datetime, str, str]:
        """Where it stands among its owner's events."""
        return self.at, self.event_id, self.visitor_id


@dataclass(frozen=True, slots=True)
class Line:
    """A product in a basket."""

    quantity: int
    unit_amount: int | None
    currency: str | None
    added_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Episode:
    """One basket; `purchase` is the event that closed it."""

    id: str
    visitor_id: str
    created_at: datetime
    last_activity_at: datetime
    lines: dict[LineKey, Line] = field(default_factory=dict)
    purchase: CartEvent | None = None


@dataclass(slots=True)
class Carts:
    """All baskets and purchases of one owner, and the transactions already counted."""

    closed: list[Episode] = field(default_factory=list)
    open: Episode | None = None
    purchases: list[CartEvent] = field(default_factory=list)
    transactions: set[str] = field(default_factory=set)

    @property
    def episodes(self) -> list[Episode]:
        """All baskets, oldest first."""
        return [*self.closed, self.open] if self.open else self.closed


def fold(events: Iterable[CartEvent], start: Carts | None = None) -> Carts:
    """The baskets that these events, in any order and with repeats, add up to.

    `start` is the state before all of them (it is changed and returned).
    """
    carts = start or Carts()
    unique = {(event.visitor_id, event.event_id): event for event in events}
    for event in sorted(unique.values(), key=lambda event: event.order_key):
        _STEPS[event.name](carts, event)
    return carts


def _add(carts: Carts, event: CartEvent) -> None:
    episode = carts.open
    if episode is None:
        episode = carts.open = _open(event)
    episode.last_activity_at = event.at
    for item in event.items:
        line = episode.lines.get(item.key)
        priced = item if item.unit_amount is not None or line is None else line
        episode.lines[item.key] = Line(
            quantity=item.quantity + (line.quantity if line else 0),
            unit_amount=priced.unit_amount,
            currency=priced.currency,
            added_at=line.added_at if line else event.at,
            updated_at=event.at,
        )


def _remove(carts: Carts, event: CartEvent) -> None:
    episode = carts.open
    if episode is None:
        return
    episode.last_activity_at = event.at
    for item in event.items:
        line = episode.lines.get(item.key)
        if line is None:
            continue
        left = line.quantity - item.quantity
        if left > 0:
            episode.lines[item.key] = replace(line, quantity=left, updated_at=event.at)
        else:
            del episode.lines[item.key]


def _purchase(carts: Carts, event: CartEvent) -> None:
    if event.transaction_id is not None:
        if event.transaction_id in carts.transactions:
            return
        carts.transactions.add(event.transaction_id)
    carts.purchases.append(event)
    episode = carts.open
    if episode is None:
        return
    bought: dict[LineKey, int] = {}
    for item in event.items:
        bought[item.key] = bought.get(item.key, 0) + item.quantity
    if not event.items:
        bought = {key: line.quantity for key, line in episode.lines.items()}
    taken = {
        key: line if line.quantity == bought[key] else replace(line, quantity=bought[key])
        for key, line in episode.lines.items()
        if key in bought
    }
    if not taken:
        return
    left = {key: line for key, line in episode.lines.items() if key not in bought}
    episode.lines = taken
    episode.last_activity_at = event.at
    episode.purchase = event
    carts.closed.append(episode)
    carts.open = None
    if left:
        carts.open = _open(event)
        carts.open.lines = left


def _open(event: CartEvent) -> Episode:
    return Episode(
        id=derived_id("cart", event.visitor_id, event.event_id),
        visitor_id=event.visitor_id,
        created_at=event.at,
        last_activity_at=event.at,
    )


def derived_id(kind: str, *parts: str) -> str:
    """An id that is the same whenever the same rows are folded again: 32 hexadecimal digits."""
    text = "\0".join((kind, *parts))
    return blake2b(text.encode(), digest_size=16).hexdigest()


_STEPS = {
    EventName.ADD_TO_CART: _add,
    EventName.REMOVE_FROM_CART: _remove,
    EventName.PURCHASE: _purchase,
}
CART_EVENT_NAMES = frozenset(_STEPS)
