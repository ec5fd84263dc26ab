"""What runs for every event and page finds its rows by an index, however many others there are."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import Engine, event

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import EventName
from db.reads.carts import left_in_carts, open_cart, purchases
from db.reads.history import hidden, owned, recent_steps
from db.writes.events import NewEvent, NewItem, record
from db.writes.visitors import bind
from tests.visitors import create_visitor


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """SQLite alone: PostgreSQL plans by statistics, and scans a table that is nearly empty."""
    copyfile(sqlite_template, tmp_path / "test.db")
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture
def statements(sessions: SessionFactory) -> Iterator[list[tuple[str, Any]]]:
    """Every single statement that runs, with its parameters."""
    engine: Engine = sessions.kw["bind"]
    seen: list[tuple[str, Any]] = []

    def note(_: Any, _cursor: Any, text: str, values: Any, _context: Any, many: bool) -> None:
        if not many and text.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((text, values))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def plans(sessions: SessionFactory, statements: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    engine: Engine = sessions.kw["bind"]
    with engine.connect() as connection:
        return [
            (text, row[3])
            for text, values in list(statements)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
        ]


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_shoppers_reads_and_writes_scan_no_table(
    sessions: SessionFactory,
    clock: SimulatedClock,
    statements: list[tuple[str, Any]],
    signed_in: bool,
) -> None:
    now = clock.now()
    period = {"since": now - timedelta(days=7), "until": now}
    item = (NewItem("tent", "tent-green", 1, 11900, "EUR"),)
    with sessions.begin() as session:
        shopper: Identity = create_visitor(session, now=now)
        if signed_in:
            shopper = bind(session, shopper, "ann", now=now)
    statements.clear()
    with sessions.begin() as session:
        record(session, shopper, [NewEvent("a", EventName.ADD_TO_CART, now, items=item)], now=now)
        late = NewEvent("b", EventName.ADD_TO_CART, now - timedelta(hours=1), items=item)
        record(session, shopper, [late], now=now)
        later = now + timedelta(seconds=1)
        bought = NewEvent("c", EventName.PURCHASE, later, items=item, transaction_id="T")
        record(session, shopper, [bought], now=now)
        open_cart(session, shopper, now=now)
        left_in_carts(session, shopper, **period)
        purchases(session, shopper, **period)
        recent_steps(session, shopper)
        owned(session, shopper)
        hidden(session, shopper)
    found = plans(sessions, statements)
    assert len(found) > 20
    slow = [
        (text, step)
        for text, step in found
        if step.startswith("SCAN") or "ix_carts_status_last_activity_at" in step
    ]
    assert slow == []
