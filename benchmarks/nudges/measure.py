"""A database made, filled, swept and dropped again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql

from benchmarks.nudges.carts import Mix, fill, product_keys
from benchmarks.nudges.known import publish_version
from benchmarks.nudges.sweep import sweep_apart
from db.engine import make_engine, make_session_factory
from db.migrate import upgrade
from nudges.policy import load_policy

LONGEST = 60.0
"""Seconds that a sweep may take, however many carts it is over."""
GROWTH = 1.10
"""A sweeper's peak memory over all carts, as a multiple of that over a tenth of them, at most."""
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
    coupons: int
    held_out: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def measure(server: str, *, carts: int, due: int, sweepers: int) -> Measured:
    """Sweep a fresh database; as many again as are due were left lately and had their turn.

    Raises psycopg.OperationalError where the server does not answer.
    """
    with _database(server) as url, TemporaryDirectory() as models:
        engine = make_engine(url)
        fill(
            make_session_factory(engine),
            Mix(carts=carts, due=due, done=min(2 * due, carts - due)),
            now=NOW,
            stages=load_policy().stages,
        )
        engine.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        publish_version(Path(models), product_keys())
        swept = sweep_apart(url, Path(models), now=NOW, sweepers=sweepers)
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM coupons").fetchone()
    return Measured(
        carts=carts,
        due=due,
        sweepers=sweepers,
        swept=sum(one.seen for one in swept),
        sent=sum(one.sent for one in swept),
        coupons=row[0] if row else 0,
        held_out=sum(one.held_out for one in swept),
        seconds=max(one.ended for one in swept) - min(one.began for one in swept),
        cpu_seconds=sum(one.cpu_seconds for one in swept),
        peak_megabytes=max(one.peak_megabytes for one in swept),
    )


def shortfalls(large: Measured, small: Measured) -> list[str]:
    """What the sweep over all carts, beside that over a tenth of them, falls short of, in words."""
    found = []
    if large.seconds > LONGEST:
        found.append(f"The sweep took {large.seconds:.1f} s and may take {LONGEST:.0f} s.")
    grown = large.peak_megabytes / small.peak_megabytes
    if grown > GROWTH:
        found.append(
            f"A sweeper's peak memory grew with the carts: {grown:.2f} times that over a tenth of "
            f"them, and may be {GROWTH:.2f} times."
        )
    return found


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
