"""What every recommendation at volume asks, with no more work than it needs.

All of it runs on one kept connection, outside any transaction, so that each question sees what was
committed last, whichever process committed it. Putting a statement together and reading rows
through the ORM would take ten times as long as the database itself does.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Engine, Select, bindparam, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import Event, EventName, Feedback, Product, Variant, Visitor
from db.owners import owned_by_bound, owner_values, visitors_of_bound

type _Text = tuple[str, dict[str, Any], Sequence[str] | None]


class Stamp(NamedTuple):
    """What changes whenever a shopper's suggestions may."""

    visitors: int
    """How many the person has; of a visitor 1, until somebody signs in on it."""
    event: int | None
    """The number of the newest event."""
    feedback: int | None
    """The number of the newest word on a product."""


class Done(NamedTuple):
    """An event of a shopper's, with one of its products."""

    name: str
    product_id: str | None
    at: datetime


class Watch:
    """Watches the database for one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: DBAPIConnection | None = None
        self._visitor, self._person = _changes(signed_in=False), _changes(signed_in=True)
        self._news = {signed_in: _news(signed_in=signed_in) for signed_in in (False, True)}
        at = Event.at.type.dialect_impl(engine.dialect)
        self._time = at.result_processor(engine.dialect, None) or (lambda value: value)
        self._texts: dict[int, _Text] = {}

    def stamp(self, identity: Identity) -> Stamp | None:
        """What the shopper's suggestions rest on; None for somebody not stored."""
        statement = self._person if identity.person_id else self._visitor
        rows = self._rows(statement, owner_values(identity))
        return Stamp(*rows[0]) if rows and rows[0][0] else None

    def news(self, identity: Identity, after: int, upto: int) -> list[Done]:
        """The shopper's events after one number and up to another, in the order of their times."""
        values = {**owner_values(identity), "after": after, "upto": upto}
        rows = self._rows(self._news[bool(identity.person_id)], values)
        return [Done(name, product, self._time(at)) for name, product, at in rows]

    def in_stock(self, products: Sequence[str]) -> set[str]:
        """Those of the products that are sold and in stock now."""
        if not products:
            return set()
        values = {f"p{number}": product for number, product in enumerate(products)}
        return {row[0] for row in self._rows(_stocked(len(products)), values)}

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> list[Any]:
        text, constants, order = self._text(statement)
        named = constants | values
        given: Any = named if order is None else [named[name] for name in order]
        for is_second in (False, True):
            cursor = self._connected().cursor()
            try:
                cursor.execute(text, given)
                return list(cursor.fetchall())
            except self._engine.dialect.loaded_dbapi.OperationalError:
                # The server went away since the last question: once more on a new connection.
                self.close()
                if is_second:
                    raise
        raise AssertionError("unreachable")

    def _text(self, statement: Select[*tuple[Any, ...]]) -> _Text:
        known = self._texts.get(id(statement))
        if known is None:
            compiled: Any = statement.compile(self._engine)
            order = compiled.positiontup if compiled.positional else None
            known = str(compiled), dict(compiled.params), order
            self._texts[id(statement)] = known
        return known

    def _connected(self) -> DBAPIConnection:
        if self._connection is None:
            pooled = self._engine.raw_connection()
            pooled.detach()
            self._connection = pooled.dbapi_connection
            if self._engine.dialect.name == "postgresql":
                self._connection.autocommit = True  # type: ignore[union-attr]
        assert self._connection is not None  # noqa: S101 a detached connection is there
        return self._connection


def stamp_in(session: Session, identity: Identity) -> Stamp | None:
    """The stamp of what the session sees."""
    statement = _changes(signed_in=bool(identity.person_id))
    row = session.connection().execute(statement, owner_values(identity)).one()
    return Stamp(*row) if row[0] else None


@cache
def _changes(*, signed_in: bool) -> Select[Any]:
    mine = owned_by_bound(Visitor.id, Visitor.person_id, signed_in=signed_in)
    words = owned_by_bound(Feedback.visitor_id, Feedback.person_id, signed_in=signed_in)
    newest = select(func.max(Event.id)).where(
        Event.visitor_id.in_(select(Visitor.id).where(mine).correlate(None))
    )
    return select(
        func.count(Visitor.id),
        newest.scalar_subquery(),
        select(func.max(Feedback.id)).where(words).scalar_subquery(),
    ).where(mine)


@cache
def _stocked(count: int) -> Select[str]:
    """Built once for each number of products: a few dozen."""
    ids: list[Any] = [bindparam(f"p{number}") for number in range(count)]
    is_stocked = select(Variant.id).where(Variant.product_id == Product.id, Variant.stock > 0)
    return select(Product.id).where(Product.id.in_(ids), Product.active, is_stocked.exists())


def _news(*, signed_in: bool) -> Select[EventName, str | None, datetime]:
    return (
        select(Event.name, Event.product_id, Event.at)
        .where(
            Event.visitor_id.in_(visitors_of_bound(signed_in=signed_in)),
            Event.id > bindparam("after"),
            Event.id <= bindparam("upto"),
        )
        .order_by(Event.at, Event.id)
    )
