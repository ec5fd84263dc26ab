"""What is due is found by an index, however many carts stand open."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from benchmarks.nudges.carts import Mix, fill
from db.engine import SessionFactory
from nudges.policy import load_policy
from nudges.store.claim import Claim, Cursor, claim_stage

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
INDEX = "ix_carts_status_last_activity_at"
POLICY = load_policy()


@pytest.fixture
def carts(sessions: SessionFactory) -> None:
    """Thousands of open carts, a few of them due."""
    fill(sessions, Mix(carts=3_000, due=30), now=NOW, stages=POLICY.stages)
    with sessions.begin() as session:
        session.connection().exec_driver_sql("ANALYZE")


@pytest.fixture
def selects(sessions: SessionFactory) -> Iterator[list[tuple[str, Any]]]:
    """Every query of open carts that runs, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, _cursor: Any, text: str, values: Any, _context: Any, _many: bool) -> None:
        if text.startswith("SELECT carts.id"):
            seen.append((text, values))

    event.listen(sessions.kw["bind"], "before_cursor_execute", note)
    yield seen
    event.remove(sessions.kw["bind"], "before_cursor_execute", note)


def test_every_stages_due_carts_are_found_by_the_index_on_their_last_activity(
    carts: None, sessions: SessionFactory, selects: list[tuple[str, Any]]
) -> None:
    claim = Claim("claim", NOW, POLICY.version)
    with sessions() as session:
        for stage in POLICY.stages:
            ids, _ = claim_stage(session, claim, POLICY, stage, after=None, limit=500)
            assert len(ids) == 10
            claim_stage(session, claim, POLICY, stage, after=Cursor(NOW, "c"), limit=500)
        assert len(selects) == 2 * len(POLICY.stages)
        for plan in plans(session, selects):
            assert INDEX in plan
            assert "Seq Scan on carts" not in plan
            assert "SCAN carts" not in plan


def plans(session: Session, statements: list[tuple[str, Any]]) -> list[str]:
    """How the database goes about each statement."""
    connection = session.connection()
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return [
        "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {text}", values))
        for text, values in list(statements)
    ]
