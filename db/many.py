"""Many rows of dictionaries in one statement: into a table, and over rows that are there.

PostgreSQL gets them as one JSON parameter, since driver and server spend more on five hundred small
statements than on their rows; SQLite gets one prepared statement. All rows have the same keys.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import JSON, Connection, Table, bindparam, insert, text, update
from sqlalchemy.orm import Session

from db.insert import insert_or_ignore, table_of
from db.models import Base

type Rows = Sequence[Mapping[str, Any]]


def insert_many(
    session: Session, model: type[Base], rows: Rows, *, or_ignore: bool = False
) -> None:
    """Store the rows; `or_ignore` leaves out those that a unique constraint forbids."""
    if not rows:
        return
    table, connection = table_of(model), session.connection()
    if connection.dialect.name == "postgresql":
        columns = ", ".join(rows[0])
        ending = " ON CONFLICT DO NOTHING" if or_ignore else ""
        statement = f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {_given(table)}"  # noqa: S608 names come from the table
        connection.execute(text(statement + ending), _parameter(connection, table, rows))
        return
    one = insert_or_ignore(session, model) if or_ignore else insert(table)
    connection.execute(one, [dict(row) for row in rows])


def update_many(session: Session, model: type[Base], rows: Rows) -> None:
    """Change rows by their `id`, which each carries beside its new values."""
    if not rows:
        return
    table, connection = table_of(model), session.connection()
    changed = [name for name in rows[0] if name != "id"]
    if connection.dialect.name == "postgresql":
        new = ", ".join(f"{name} = given.{name}" for name in changed)
        statement = (
            f"UPDATE {table.name} SET {new} FROM {_given(table)} WHERE {table.name}.id = given.id"  # noqa: S608 names come from the table
        )
        connection.execute(text(statement), _parameter(connection, table, rows))
        return
    connection.execute(
        update(table)
        .where(table.c.id == bindparam("new_id"))
        .values({name: bindparam(f"new_{name}") for name in changed}),
        [{f"new_{name}": value for name, value in row.items()} for row in rows],
    )


def _given(table: Table) -> str:
    return f"json_populate_recordset(CAST(NULL AS {table.name}), CAST(:rows AS json)) AS given"


def _parameter(connection: Connection, table: Table, rows: Rows) -> dict[str, str]:
    """The rows as JSON, each value checked as the column's type checks it."""
    checks = {name: _check(connection, table, name) for name in rows[0]}
    plain = [
        {name: check(row[name]) if (check := checks[name]) else row[name] for name in checks}
        for row in rows
    ]
    return {"rows": orjson.dumps(plain).decode()}


def _check(connection: Connection, table: Table, name: str) -> Callable[[Any], Any] | None:
    """What the driver would be given in place of a value; JSON stays what it is."""
    kind = table.columns[name].type
    if isinstance(kind, JSON):
        return None
    return kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
