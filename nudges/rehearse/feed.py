"""What a rehearsal knows of a shop: what stands, at once; what happened, when it had happened."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, func, insert, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.engine import SessionFactory, read_session
from db.insert import table_of
from db.models import (
    Base,
    Cart,
    Category,
    ChannelAddress,
    Consent,
    Event,
    Pause,
    Person,
    Price,
    Product,
    Promotion,
    Reminder,
    Suppression,
    Variant,
    Visitor,
)
from db.writes.refold import refold

STANDS: Sequence[type[Base]] = (
    Category, Product, Variant, Price, Person, Visitor, ChannelAddress,
)  # fmt: skip
"""As they are today: nobody keeps yesterday's stock, nor when somebody signed in."""
HAPPENED: Sequence[tuple[InstrumentedAttribute[datetime], Mapping[str, Any]]] = (
    (Event.at, {"import_id": None}),
    (Consent.at, {}),
    (Suppression.at, {}),
    (Pause.at, {"ended_at": None}),
    (Reminder.asked_at, {"cancelled_at": None, "taken_at": None, "nudge_id": None}),
)
"""By when it happened, and what of it was not known then."""
ENDED: Sequence[InstrumentedAttribute[datetime | None]] = (Pause.ended_at, Reminder.cancelled_at)
MANY = 5_000
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Feed:
    """Brings a shop's rows into an empty, migrated copy, up to one moment after another."""

    def __init__(self, shop: SessionFactory, copy: SessionFactory) -> None:
        self._shop = shop
        self._copy = copy
        self._until = _BEGINNING

    def begin(self, at: datetime) -> None:
        """All that stands, and all that had happened by then."""
        with read_session(self._shop) as shop, self._copy.begin() as copy:
            # Categories name their parents, in any order.
            copy.execute(text("PRAGMA defer_foreign_keys = ON"))
            for model in STANDS:
                _bring(shop, copy, table_of(model))
            public = Promotion.personal.is_(False)
            _bring(shop, copy, table_of(Promotion), public)
        self.advance(at)

    def advance(self, until: datetime) -> None:
        """What happened since the last time, and folds it into carts as the shop does."""
        since, self._until = self._until, until
        with read_session(self._shop) as shop, self._copy.begin() as copy:
            for time, unknown in HAPPENED:
                table, between = _between(time, since, until)
                visitors = _bring(shop, copy, table, between, unknown=unknown)
                if table is table_of(Event):
                    refold(copy, sorted(visitors))
            for ended in ENDED:
                table, between = _between(ended, since, until)
                for row in shop.execute(select(table.c.id, ended).where(between)).all():
                    copy.execute(
                        update(table).where(table.c.id == row[0]).values({ended.key: row[1]})
                    )

    def next_moment(self) -> datetime | None:
        """When something happens next in the shop; None where nothing does any more."""
        with read_session(self._shop) as shop:
            moments = [
                shop.scalar(select(func.min(time)).where(time > self._until))
                for time in (*(time for time, _ in HAPPENED), *ENDED)
            ]
        return min((moment for moment in moments if moment), default=None)


def _between(
    time: InstrumentedAttribute[Any], since: datetime, until: datetime
) -> tuple[Table, ColumnElement[bool]]:
    model: Any = time.class_
    table = table_of(model)
    column = table.c[time.key]
    return table, (column > since) & (column <= until)


def _bring(
    shop: Session,
    copy: Session,
    table: Table,
    *conditions: ColumnElement[bool],
    unknown: Mapping[str, Any] | None = None,
) -> set[str]:
    """Copy the rows of a table; the visitors that they are of."""
    visitors: set[str] = set()
    rows = shop.execute(select(table).where(*conditions), execution_options={"yield_per": MANY})
    for some in rows.mappings().partitions():
        fresh = [{**row, **(unknown or {})} for row in some]
        if table is table_of(Pause):
            fresh = list(_of_known_carts(copy, fresh))
        if fresh:
            copy.connection().execute(insert(table), fresh)
        visitors.update(row["visitor_id"] for row in fresh if "visitor_id" in row)
    return visitors


def _of_known_carts(copy: Session, pauses: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Without those about a cart that the copy has under another id: what was said to a message."""
    carts = [row["cart_id"] for row in pauses if row["cart_id"]]
    known = set(copy.scalars(select(Cart.id).where(Cart.id.in_(carts))))
    return (row for row in pauses if row["cart_id"] is None or row["cart_id"] in known)
