"""Bring the stored carts and orders in line with the fold of their owners' events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    DateTime,
    String,
    bindparam,
    delete,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from db.fold import (
    CART_EVENT_NAMES,
    CartEvent,
    CartItem,
    Carts,
    Episode,
    Line,
    LineKey,
    derived_id,
    fold,
)
from db.insert import insert_or_ignore, table_of
from db.models import (
    Cart,
    CartLine,
    CartStatus,
    Event,
    EventName,
    Order,
    OrderLine,
    Visitor,
)
from db.owners import Owner, owned_by_any
from db.writes.bulk import insert_rows

_OWNERS_AT_ONCE = 500


@dataclass(slots=True)
class StoredCart:
    """A cart as it stands in the tables."""

    id: str
    visitor_id: str
    status: CartStatus
    created_at: datetime
    last_activity_at: datetime
    closed_at: datetime | None
    lines: dict[LineKey, tuple[int, Line]] = field(default_factory=dict)


@dataclass(slots=True)
class Stored:
    """What the tables hold for one owner."""

    carts: dict[str, StoredCart] = field(default_factory=dict)
    cart_of_order: dict[str, str | None] = field(default_factory=dict)


def refold(session: Session, visitor_ids: Iterable[str]) -> None:
    """Fold all events of these visitors' owners anew, after a bulk load."""
    for ids in batched(visitor_ids, _OWNERS_AT_ONCE):
        rows = session.execute(select(Visitor.id, Visitor.person_id).where(Visitor.id.in_(ids)))
        refold_owners(session, sorted({Owner.of(*row) for row in rows}, key=repr))


def refold_owners(session: Session, owners: Sequence[Owner]) -> None:
    """Fold all events of these owners anew. The caller holds their locks."""
    for some in batched(owners, _OWNERS_AT_ONCE):
        stored = load_stored(session, some)
        events = _cart_events(session, some)
        changes = Changes()
        for owner in some:
            changes.add(owner, fold(events[owner]), stored[owner])
        changes.write(session)


def load_stored(
    session: Session, owners: Sequence[Owner], *, open_only: bool = False
) -> dict[Owner, Stored]:
    """The stored carts with their lines, and the orders unless `open_only`, by owner."""
    stored: dict[Owner, Stored] = defaultdict(Stored)
    by_id: dict[str, StoredCart] = {}
    carts = select(
        Cart.id,
        Cart.visitor_id,
        Cart.status,
        Cart.created_at,
        Cart.last_activity_at,
        Cart.closed_at,
        Cart.person_id,
    ).where(owned_by_any(owners, Cart.visitor_id, Cart.person_id))
    if open_only:
        carts = carts.where(Cart.status == CartStatus.OPEN)
    for cart_id, visitor_id, status, created, last_activity, closed, person_id in session.execute(
        carts
    ):
        cart = StoredCart(cart_id, visitor_id, status, created, last_activity, closed)
        owner = Owner.of(visitor_id, person_id)
        stored[owner].carts[cart.id] = by_id[cart.id] = cart
    line_columns = select(
        CartLine.id,
        CartLine.cart_id,
        CartLine.product_id,
        CartLine.variant_id,
        CartLine.quantity,
        CartLine.unit_amount,
        CartLine.currency,
        CartLine.added_at,
        CartLine.updated_at,
    )
    for row in session.execute(line_columns.where(CartLine.cart_id.in_(by_id))) if by_id else ():
        line = Line(row.quantity, row.unit_amount, row.currency, row.added_at, row.updated_at)
        by_id[row.cart_id].lines[row.product_id, row.variant_id] = row.id, line
    if not open_only:
        orders = select(Order.id, Order.cart_id, Order.visitor_id, Order.person_id).where(
            owned_by_any(owners, Order.visitor_id, Order.person_id)
        )
        for key, cart_of, visitor_id, person_id in session.execute(orders):
            stored[Owner.of(visitor_id, person_id)].cart_of_order[key] = cart_of
    return stored


def order_id(purchase: CartEvent) -> str:
    """The id of the order that a purchase makes."""
    return derived_id("order", purchase.visitor_id, purchase.transaction_id or purchase.event_id)


@dataclass(slots=True)
class Changes:
    """Row changes of many owners, gathered so that each statement runs once."""

    new_carts: list[dict[str, Any]] = field(default_factory=list)
    changed_carts: list[dict[str, Any]] = field(default_factory=list)
    new_lines: list[dict[str, Any]] = field(default_factory=list)
    changed_lines: list[dict[str, Any]] = field(default_factory=list)
    gone_lines: list[int] = field(default_factory=list)
    new_orders: list[dict[str, Any]] = field(default_factory=list)
    new_order_lines: list[dict[str, Any]] = field(default_factory=list)
    changed_orders: list[dict[str, Any]] = field(default_factory=list)

    def add(self, owner: Owner, carts: Carts, stored: Stored) -> None:
        """Note what must change so that the tables show `carts`."""
        rows = _match(carts, stored)
        for episode in carts.episodes:
            self._cart(owner, rows[episode.id], episode, stored.carts.get(rows[episode.id]))
        for cart_id in stored.carts.keys() - set(rows.values()):
            self._vanished(stored.carts[cart_id])
        cart_of = {
            order_id(episode.purchase): rows[episode.id]
            for episode in carts.closed
            if episode.purchase
        }
        for purchase in carts.purchases:
            self._order(owner, purchase, cart_of.get(order_id(purchase)), stored)

    def write(self, session: Session) -> None:
        """Run the statements; carts that close free their owner's place before others open."""
        closing = [row for row in self.changed_carts if row["status"] != CartStatus.OPEN]
        opening = [row for row in self.changed_carts if row["status"] == CartStatus.OPEN]
        change_cart = (
            update(table_of(Cart))
            .where(Cart.id == bindparam("cart_id"))
            .values(
                {
                    name: bindparam(name)
                    for name in ("status", "created_at", "last_activity_at", "closed_at")
                }
            )
        )
        change_line = (
            update(table_of(CartLine))
            .where(CartLine.id == bindparam("line_id"))
            .values(
                {
                    name: bindparam(name)
                    for name in ("quantity", "unit_amount", "currency", "added_at", "updated_at")
                }
            )
        )
        change_order = (
            update(table_of(Order))
            .where(Order.id == bindparam("order_id"))
            .values(cart_id=bindparam("new_cart_id"))
        )
        for statement, rows in (
            (change_cart, closing),
            (change_cart, opening),
            (insert(table_of(Cart)), self.new_carts),
            (change_line, self.changed_lines),
            (insert_or_ignore(session, Order), self.new_orders),
            (change_order, self.changed_orders),
        ):
            if rows:
                session.connection().execute(statement, rows)
        insert_rows(session, CartLine, self.new_lines)
        insert_rows(session, OrderLine, self.new_order_lines)
        for ids in batched(self.gone_lines, 1000):
            session.execute(delete(CartLine).where(CartLine.id.in_(ids)))

    def _cart(
        self, owner: Owner, cart_id: str, episode: Episode, before: StoredCart | None
    ) -> None:
        after = {
            "status": CartStatus.ORDERED if episode.purchase else CartStatus.OPEN,
            "created_at": episode.created_at,
            "last_activity_at": episode.last_activity_at,
            "closed_at": episode.purchase.at if episode.purchase else None,
        }
        if before is None:
            visitor = {"visitor_id": episode.visitor_id, "person_id": owner.person_id}
            self.new_carts.append({"id": cart_id, "promotion_code": None, **visitor, **after})
        elif any(getattr(before, name) != value for name, value in after.items()):
            self.changed_carts.append({"cart_id": cart_id, **after})
        old = before.lines if before else {}
        for key, line in episode.lines.items():
            values = {
                "quantity": line.quantity,
                "unit_amount": line.unit_amount,
                "currency": line.currency,
                "added_at": line.added_at,
                "updated_at": line.updated_at,
            }
            if key not in old:
                ids = {"cart_id": cart_id, "product_id": key[0], "variant_id": key[1]}
                self.new_lines.append({**ids, **values})
            elif old[key][1] != line:
                self.changed_lines.append({"line_id": old[key][0], **values})
        self.gone_lines += [row for key, (row, _) in old.items() if key not in episode.lines]

    def _vanished(self, stored: StoredCart) -> None:
        self.gone_lines += [row for row, _ in stored.lines.values()]
        if stored.status is not CartStatus.MERGED:
            self.changed_carts.append(
                {
                    "cart_id": stored.id,
                    "status": CartStatus.MERGED,
                    "created_at": stored.created_at,
                    "last_activity_at": stored.last_activity_at,
                    "closed_at": stored.closed_at,
                }
            )

    def _order(
        self, owner: Owner, purchase: CartEvent, cart_id: str | None, stored: Stored
    ) -> None:
        key = order_id(purchase)
        if key in stored.cart_of_order:
            if stored.cart_of_order[key] != cart_id:
                self.changed_orders.append({"order_id": key, "new_cart_id": cart_id})
            return
        amounts = [
            item.unit_amount * item.quantity
            for item in purchase.items
            if item.unit_amount is not None
        ]
        priced = bool(amounts) and len(amounts) == len(purchase.items)
        summed = sum(amounts) if priced else None
        self.new_orders.append(
            {
                "id": key,
                "transaction_id": purchase.transaction_id,
                "cart_id": cart_id,
                "visitor_id": purchase.visitor_id,
                "person_id": owner.person_id,
                "total": purchase.value if purchase.value is not None else summed,
                "discount": 0,
                "delivery": 0,
                "currency": purchase.currency,
                "promotion_code": None,
                "placed_at": purchase.at,
            }
        )
        self.new_order_lines += [
            {
                "order_id": key,
                "product_id": item.key[0],
                "variant_id": item.key[1],
                "quantity": item.quantity,
                "unit_amount": item.unit_amount,
            }
            for item in purchase.items
        ]


def _match(carts: Carts, stored: Stored) -> dict[str, str]:
    """Episode id → cart row id: the same row for the same basket as long as possible."""
    live = {key: cart for key, cart in stored.carts.items() if cart.status is not CartStatus.MERGED}
    rows = {episode.id: episode.id for episode in carts.episodes if episode.id in live}
    free = live.keys() - rows.keys()
    for episode in carts.closed:
        cart_id = episode.purchase and stored.cart_of_order.get(order_id(episode.purchase))
        if episode.id not in rows and cart_id in free:
            rows[episode.id] = cart_id
            free.remove(cart_id)
    spare = [key for key in free if live[key].status is CartStatus.OPEN]
    taken = set(stored.carts) | set(rows.values())
    for episode in carts.episodes:
        if episode.id not in rows:
            rows[episode.id] = spare.pop() if spare else _unused_id(episode.id, taken)
            taken.add(rows[episode.id])
    return rows


def _unused_id(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted = derived_id("again", wanted)
    return wanted


def _cart_events(session: Session, owners: Sequence[Owner]) -> dict[Owner, list[CartEvent]]:
    # Bulk loads read a million rows: past the ORM's loading, and name and time are decoded once an
    # event below, not once a row.
    rows = (
        session.connection()
        .execute(
            select(
                Event.visitor_id,
                Event.event_id,
                Visitor.person_id,
                type_coerce(Event.name, String),
                type_coerce(Event.at, DateTime(timezone=True)),
                Event.transaction_id,
                Event.value,
                Event.product_id,
                Event.variant_id,
                Event.quantity,
                Event.unit_amount,
                Event.currency,
            )
            .join(Visitor, Visitor.id == Event.visitor_id)
            .where(
                Visitor.is_robot.is_(False),
                Event.name.in_(CART_EVENT_NAMES),
                owned_by_any(owners, Visitor.id, Visitor.person_id),
            )
            .order_by(Event.visitor_id, Event.event_id, Event.position)
        )
        .all()
    )
    events: dict[Owner, list[CartEvent]] = defaultdict(list)
    for (visitor_id, event_id), group in groupby(rows, key=itemgetter(0, 1)):
        parts = list(group)
        _, _, person_id, name, at, transaction_id, value, *_, currency = parts[0]
        events[Owner.of(visitor_id, person_id)].append(
            CartEvent(
                at=at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC),
                event_id=event_id,
                visitor_id=visitor_id,
                name=EventName(name),
                items=tuple(
                    CartItem(product, variant, 1 if quantity is None else quantity, amount, unit)
                    for *_, product, variant, quantity, amount, unit in parts
                    if product is not None
                ),
                transaction_id=transaction_id,
                value=value,
                currency=currency,
            )
        )
    return events
