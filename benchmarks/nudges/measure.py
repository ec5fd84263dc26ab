"""A database made, filled, swept and dropped again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

import psycopg
from psycopg import sql

from benchmarks.nudges.carts import Mix, fill
from benchmarks.nudges.sweep import sweep_apart
from db.engine import make_engine, make_session_factory
from db.migrate import upgrade

# A morning in the recipients' zone, so that nobody's night delays anything.
NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the sweepers did together; `seconds` from the first one's start to the last one's end.

    The time of starting the processes is left out, that of their first statements is not.
    """

    carts: int
    due: int
    sweepers: int
    swept: int
    sent: int
    held_out: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def measure(server: str, *, carts: int, due: int, sweepers: int) -> Measured:
    """Sweep a fresh database; as many again as are due were left lately and had their turn.

    Raises psycopg.OperationalError where the server does not answer.
    """
    with _database(server) as url:
        engine = make_engine(url)
        fill(
            make_session_factory(engine),
            Mix(carts=carts, due=due, done=min(2 * due, carts - due)),
            now=NOW,
        )
        engine.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        swept = sweep_apart(url, now=NOW, sweepers=sweepers)
    return Measured(
        carts=carts,
        due=due,
        sweepers=sweepers,
        swept=sum(one.seen for one in swept),
        sent=sum(one.sent for one in swept),
        held_out=sum(one.held_out for one in swept),
        seconds=max(one.ended for one in swept) - min(one.began for one in swept),
        cpu_seconds=sum(one.cpu_seconds for one in swept),
        peak_megabytes=max(one.peak_megabytes for one in swept),
    )


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"cartwright_bench_{token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            url = f"{server.rpartition('/')[0]}/{name}"
            upgrade(url)
            yield url
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
