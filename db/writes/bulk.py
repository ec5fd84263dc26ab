"""Many rows at once: frames into tables, on both databases as fast as they take them."""

from collections.abc import Sequence
from typing import Any, cast

import polars as pl
import psycopg
from sqlalchemy import Connection, Integer, Table, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from db.insert import table_of
from db.models import Base
from db.models.base import UtcDateTime

_MANY = 1_000


def insert_new(session: Session, model: type[Base], frame: pl.DataFrame) -> int:
    """Store the rows of `frame` that break no unique constraint; says how many that were.

    Columns are named as in the table; times are Datetime("us", "UTC"), JSON is text. SQLite gets
    one prepared statement, PostgreSQL a COPY into a temporary table.
    """
    return _insert_frame(session, table_of(model), frame, on_conflict="ON CONFLICT DO NOTHING")


def insert_rows(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Store rows (all with the same keys), the fast way where they are many."""
    if not rows:
        return
    table = table_of(model)
    if len(rows) < _MANY:
        session.connection().execute(insert(table), list(rows))
        return
    columns = {
        name: pl.Series([row[name] for row in rows], dtype=_dtype(table.columns[name].type))
        for name in rows[0]
    }
    _insert_frame(session, table, pl.DataFrame(columns), on_conflict="")


def _dtype(kind: TypeEngine[Any]) -> pl.DataType:
    if isinstance(kind, UtcDateTime):
        return pl.Datetime("us", "UTC")
    return pl.Int64() if isinstance(kind, Integer) else pl.String()


def _insert_frame(session: Session, table: Table, frame: pl.DataFrame, *, on_conflict: str) -> int:
    unknown = set(frame.columns) - set(table.columns.keys())
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    if frame.is_empty():
        return 0
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return _insert_sqlite(connection, table, frame, on_conflict)
    return _copy_postgresql(connection, table, frame, on_conflict)


def _insert_sqlite(
    connection: Connection, table: Table, frame: pl.DataFrame, on_conflict: str
) -> int:
    columns = ", ".join(frame.columns)
    marks = ", ".join("?" * frame.width)
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    rows = frame.with_columns(pl.col(times).dt.strftime("%Y-%m-%d %H:%M:%S%.6f")).rows()
    cursor = cast("Any", connection.connection.dbapi_connection).cursor()
    try:
        cursor.executemany(
            f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) {on_conflict}",  # noqa: S608 names come from the table
            rows,
        )
        return int(cursor.rowcount)
    finally:
        cursor.close()


def _copy_postgresql(
    connection: Connection, table: Table, frame: pl.DataFrame, on_conflict: str
) -> int:
    driver = cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)
    columns = ", ".join(frame.columns)
    staging = f"incoming_{table.name}"

    with driver.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE {staging} ON COMMIT DROP AS "  # noqa: S608
            f"SELECT {columns} FROM {table.name} WITH NO DATA"
        )
        copy_sql = f"COPY {staging} ({columns}) FROM STDIN (FORMAT csv, NULL '\\N')"
        with cursor.copy(copy_sql) as copy:
            copy.write(
                frame.write_csv(
                    include_header=False,
                    null_value="\\N",
                    datetime_format="%Y-%m-%d %H:%M:%S%.6f+00",
                    quote_style="necessary",
                )
            )
        cursor.execute(
            f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {staging} "  # noqa: S608
            f"{on_conflict}"
        )
        stored = cursor.rowcount
        cursor.execute(f"DROP TABLE {staging}")
    return stored
