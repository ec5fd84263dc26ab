"""Store what was mined, and forget what has expired."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from db.models import MinedPattern, MinedRule, MiningRun


def store_run(
    session: Session,
    *,
    what: str,
    people: int,
    min_people: int,
    complete: bool,
    options: dict[str, Any],
    patterns: Iterable[dict[str, Any]],
    rules: Iterable[dict[str, Any]],
    now: datetime,
    keep: timedelta,
) -> str:
    """Store a run that expires after `keep`; its id. Runs that have expired are deleted.

    `patterns` and `rules` are rows with the columns of their tables, without id and run.
    """
    session.execute(delete(MiningRun).where(MiningRun.expires_at <= now))
    run = MiningRun(
        id=uuid4().hex,
        what=what,
        mined_at=now,
        expires_at=now + keep,
        people=people,
        min_people=min_people,
        complete=complete,
        options=options,
    )
    session.add(run)
    session.flush()
    for table, rows in ((MinedPattern, patterns), (MinedRule, rules)):
        filled = [{"run_id": run.id, **row} for row in rows]
        if filled:
            session.execute(insert(table), filled)
    return run.id
