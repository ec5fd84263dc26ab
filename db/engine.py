"""Engines and sessions, alike on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

from db.pricing import DELIVERY, DeliveryRule

type SessionFactory = sessionmaker[Session]


def make_engine(url: str) -> Engine:
    """An engine for `url`: sqlite:///PATH or postgresql://USER@HOST/NAME (psycopg 3).

    Errors leave out the values of a statement, so that none of a shopper's gets into a log.

    On SQLite: write-ahead log, foreign keys on, 10 s busy time-out, and every transaction takes
    its write lock at the start, so two writers wait for each other and never fail half-way. A
    `read_session` takes none.
    """
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=10, hide_parameters=True,
            json_serializer=_as_json,
        )  # fmt: skip
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(
            f"DATABASE_URL names {parsed.get_backend_name()!r}: use sqlite or postgresql"
        )
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed, connect_args={"timeout": 10}, hide_parameters=True, json_serializer=_as_json
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_session_factory(engine: Engine, *, delivery: DeliveryRule | None = None) -> SessionFactory:
    """Sessions whose objects stay readable after commit.

    `delivery` is what carts are priced with (`db.pricing.delivery_rule`); a process that prices
    none needs none.
    """
    return sessionmaker(engine, expire_on_commit=False, info={DELIVERY: delivery})


@contextmanager
def read_session(sessions: SessionFactory) -> Iterator[Session]:
    """A session for reading: one snapshot, and on SQLite no write lock."""
    with sessions() as session:
        options: dict[str, Any] = {"read_only": True}
        if session.get_bind().dialect.name == "postgresql":
            # By default each statement there sees what was committed since the one before.
            options["isolation_level"] = "REPEATABLE READ"
        session.connection(execution_options=options)
        yield session


def _as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "synchronous=NORMAL",
        "cache_size=-65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
