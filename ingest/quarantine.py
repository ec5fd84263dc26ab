"""Rows set aside: listed by rule, released into the events, and put back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

import polars as pl
from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from db.engine import SessionFactory
from db.models import Event, ImportRun, Quarantined
from ingest.steps import STEP_SCHEMA, UTC_TIME
from ingest.store import event_rows, fold_again, store_steps, with_visitor_ids

_AT_ONCE = 5_000
_TIMES = ("at", "order_at")


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many rows of one import a rule holds, and how many were released."""

    rule: str
    import_id: str
    file_name: str
    held: int
    released: int


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows were moved, and how many had to stay where they were."""

    moved: int
    stayed: int


def quarantine_rows(aside: pl.DataFrame, original: pl.DataFrame) -> pl.DataFrame:
    """Rows of the quarantine table, without import: the row as it was, and as a step.

    Takes the rows that cleaning set aside and the log's own rows, both with their number in `row`.
    """
    raw = original.select("row", raw=pl.struct(pl.all().exclude("row")))
    steps = aside.select(
        "row",
        "rule",
        "detail",
        step=pl.struct(
            pl.col(_TIMES).dt.epoch("us"), pl.col(STEP_SCHEMA.names()).exclude("row", *_TIMES)
        ),
    )
    return steps.join(raw, on="row", how="left", maintain_order="left").select(
        "rule",
        row_number="row",
        row=pl.struct("raw", "step").struct.json_encode(),
        detail=pl.col("detail").fill_null(""),
    )


def list_rules(session: Session) -> list[RuleCount]:
    """What is held, by import and rule."""
    held = func.count().filter(Quarantined.released_at.is_(None))
    released = func.count().filter(Quarantined.released_at.is_not(None))
    rows = session.execute(
        select(Quarantined.rule, Quarantined.import_id, ImportRun.file_name, held, released)
        .join(ImportRun, ImportRun.id == Quarantined.import_id)
        .group_by(Quarantined.rule, Quarantined.import_id, ImportRun.file_name)
        .order_by(ImportRun.file_name, Quarantined.import_id, Quarantined.rule)
    )
    return [RuleCount(*row) for row in rows]


def show_rows(
    session: Session, *, rule: str | None, import_id: str | None, limit: int
) -> list[Quarantined]:
    """Held rows, in the order of their file."""
    query = _chosen(rule, import_id).where(Quarantined.released_at.is_(None))
    return list(
        session.scalars(query.order_by(Quarantined.import_id, Quarantined.row_number).limit(limit))
    )


def held_events(session: Session) -> pl.DataFrame:
    """The events that all held rows would be, with the columns of `store.event_rows`."""
    held = session.scalars(
        select(Quarantined)
        .where(Quarantined.released_at.is_(None))
        .order_by(Quarantined.import_id, Quarantined.row_number)
    )
    return pl.concat(event_rows(_steps(held.all())), how="diagonal_relaxed")


def release(
    sessions: SessionFactory, *, rule: str | None, import_id: str | None, now: datetime
) -> Moved:
    """Store held rows as events after all.

    Rows that can be no event (no product, no visitor, less than one piece, a price below zero)
    stay held.
    """
    moved = stayed = 0
    for run_id, ids in _batches(sessions, rule, import_id, released=False):
        with sessions.begin() as session:
            run, rows = _lock(session, run_id, ids)
            steps = _steps(rows)
            fit = steps.filter(_can_be_an_event())
            if not fit.is_empty():
                known = store_steps(session, fit, run)
                run.rows_known += known
                run.rows_stored += fit.height
                run.rows_quarantined -= fit.height
                _mark(session, run_id, fit["row"].to_list(), now)
            moved += fit.height
            stayed += steps.height - fit.height
    return Moved(moved, stayed)


def put_back(sessions: SessionFactory, *, rule: str | None, import_id: str | None) -> Moved:
    """Take released rows out of the events again; those another import also brought stay there."""
    moved = 0
    for run_id, ids in _batches(sessions, rule, import_id, released=True):
        with sessions.begin() as session:
            run, rows = _lock(session, run_id, ids)
            steps = _steps(rows)
            taken = _take_out(session, run_id, steps)
            run.rows_known -= steps.height - taken
            run.rows_stored -= steps.height
            run.rows_quarantined += steps.height
            _mark(session, run_id, steps["row"].to_list(), None)
            moved += steps.height
    return Moved(moved, 0)


def _chosen(rule: str | None, import_id: str | None) -> Any:
    query = select(Quarantined)
    if rule:
        query = query.where(Quarantined.rule == rule)
    if import_id:
        query = query.where(Quarantined.import_id == import_id)
    return query


def _batches(
    sessions: SessionFactory, rule: str | None, import_id: str | None, *, released: bool
) -> list[tuple[str, list[int]]]:
    state = Quarantined.released_at.is_not(None) if released else Quarantined.released_at.is_(None)
    query = _chosen(rule, import_id).where(state)
    with sessions() as session:
        keys = session.execute(
            query.with_only_columns(Quarantined.import_id, Quarantined.id).order_by(
                Quarantined.import_id, Quarantined.row_number
            )
        ).all()
    runs: dict[str, list[int]] = {}
    for run_id, key in keys:
        runs.setdefault(run_id, []).append(key)
    return [(run_id, list(some)) for run_id, ids in runs.items() for some in batched(ids, _AT_ONCE)]


def _lock(session: Session, run_id: str, ids: list[int]) -> tuple[ImportRun, Sequence[Quarantined]]:
    run = session.get_one(ImportRun, run_id, with_for_update=True)
    rows = session.scalars(
        select(Quarantined).where(Quarantined.id.in_(ids)).order_by(Quarantined.row_number)
    ).all()
    return run, rows


def _steps(rows: Sequence[Quarantined]) -> pl.DataFrame:
    stored = STEP_SCHEMA | dict.fromkeys(_TIMES, pl.Int64)
    steps = [{"row": row.row_number, **row.row["step"]} for row in rows]
    frame = pl.DataFrame(steps, schema=stored).with_columns(pl.col(_TIMES).cast(UTC_TIME))
    return with_visitor_ids(frame).sort("visitor_id", "row")


def _can_be_an_event() -> pl.Expr:
    about_product = ~pl.col("name").is_in(["search", "view_cart"])
    return (
        pl.col("visitor").is_not_null()
        & (pl.col("product").is_not_null() | ~about_product)
        & (pl.col("quantity").fill_null(1) >= 1)
        & (pl.col("amount").fill_null(0) >= 0)
    )


def _take_out(session: Session, run_id: str, steps: pl.DataFrame) -> int:
    """Delete the steps' events that this run brought; says how many steps had any."""
    rows, additions = event_rows(steps)
    for frame in (additions, rows):
        taken = 0
        for some in batched(frame.select("visitor_id", "event_id", "position").rows(), 500):
            result = session.execute(
                delete(Event).where(
                    Event.import_id == run_id,
                    tuple_(Event.visitor_id, Event.event_id, Event.position).in_(some),
                )
            )
            taken += result.rowcount  # type: ignore[attr-defined]
    fold_again(session, steps)
    return taken


def _mark(session: Session, run_id: str, row_numbers: list[int], released: datetime | None) -> None:
    for some in batched(row_numbers, 1_000):
        session.execute(
            update(Quarantined)
            .where(Quarantined.import_id == run_id, Quarantined.row_number.in_(some))
            .values(released_at=released)
        )
