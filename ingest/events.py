"""Bring a log in: read, clean, store by the chunk, and go on where a stopped import was."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import Clock
from core.ids import new_id
from db.engine import SessionFactory
from db.models import ImportRun, ImportStatus, Quarantined
from db.writes.bulk import insert_new
from ingest.cleaning import Conditions, clean
from ingest.formats import Format
from ingest.log_products import fill_catalogue
from ingest.quarantine import quarantine_rows
from ingest.shape import Shape
from ingest.source import Source
from ingest.steps import UTC_TIME, Reading
from ingest.store import store_steps, with_visitor_ids
from ingest.tables import Reject

CHUNK_ROWS = 20_000

type Report = Callable[[str, int, int | None], None]
type _Store = Callable[[Session, ImportRun, pl.DataFrame], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of every row: rows_read = rows_stored + quarantined + rejected."""

    run_id: str
    format: str
    rows_read: int
    rows_stored: int
    rows_known: int
    quarantined: dict[str, int]
    rejected: int
    products_added: int
    already_done: bool
    rejects: list[Reject]

    @property
    def rows_quarantined(self) -> int:
        """Over all rules."""
        return sum(self.quarantined.values())


def import_log(
    sessions: SessionFactory,
    source: Source,
    format_: Format[Reading],
    shape: Shape,
    *,
    currency: str,
    clock: Clock,
    report: Report,
) -> Outcome:
    """Store a log's rows as events; the same file again changes nothing, a stopped one goes on.

    Reading and cleaning happen before anything is stored, so a file that is refused leaves no
    trace. Then each transaction stores one chunk and how far the run came with it.

    Raises ImportRefusedError where the file cannot be read, or is just being imported elsewhere.
    """
    digest = source.digest()
    finished = _finished(sessions, digest, format_.name)
    if finished:
        return finished
    report("reading", 0, None)
    reading = format_.read(source, shape, currency)
    run = _start(sessions, source, digest, format_.name, clock)
    report("cleaning", 0, None)
    kept, aside = clean(reading.steps, Conditions(run.started_at, format_.service_codes))
    loader = _Loader(sessions, run.id, report, reading.rows_read)
    loader.rejects(len(reading.rejects))
    added = loader.catalogue(kept)
    loader.quarantine(quarantine_rows(aside, reading.original))
    loader.events(with_visitor_ids(kept).sort("visitor_id", "row"))
    with sessions.begin() as session:
        run = session.get_one(ImportRun, run.id)
        run.status, run.finished_at = ImportStatus.FINISHED, clock.now()
        return _outcome(session, run, added=added, rejects=reading.rejects)


def _finished(sessions: SessionFactory, digest: str, format_name: str) -> Outcome | None:
    with sessions.begin() as session:
        run = _find(session, digest, format_name)
        if run is None or run.status is not ImportStatus.FINISHED:
            return None
        return _outcome(session, run, already_done=True)


def _find(session: Session, digest: str, format_name: str) -> ImportRun | None:
    return session.scalar(
        select(ImportRun).where(ImportRun.file_digest == digest, ImportRun.format == format_name)
    )


def _start(
    sessions: SessionFactory, source: Source, digest: str, format_name: str, clock: Clock
) -> ImportRun:
    with sessions.begin() as session:
        run = _find(session, digest, format_name)
        if run is None:
            run = ImportRun(
                id=new_id(),
                file_digest=digest,
                file_name=source.path.name[:300],
                format=format_name,
                status=ImportStatus.RUNNING,
                started_at=clock.now(),
            )
            session.add(run)
            session.flush()
        return run


def _outcome(
    session: Session,
    run: ImportRun,
    *,
    added: int = 0,
    rejects: list[Reject] | None = None,
    already_done: bool = False,
) -> Outcome:
    rules = session.execute(
        select(Quarantined.rule, func.count())
        .where(Quarantined.import_id == run.id, Quarantined.released_at.is_(None))
        .group_by(Quarantined.rule)
        .order_by(Quarantined.rule)
    )
    return Outcome(
        run_id=run.id,
        format=run.format,
        rows_read=run.rows_read,
        rows_stored=run.rows_stored,
        rows_known=run.rows_known,
        quarantined=dict(iter(rules)),
        rejected=run.rows_rejected,
        products_added=added,
        already_done=already_done,
        rejects=rejects or [],
    )


class _Loader:
    """Stores chunk after chunk; what an earlier run had committed is passed over."""

    def __init__(self, sessions: SessionFactory, run_id: str, report: Report, total: int) -> None:
        self._sessions = sessions
        self._run_id = run_id
        self._report = report
        self._total = total
        self._done = 0

    def rejects(self, count: int) -> None:
        """Count the rows that could not be read."""

        def store(_: Session, run: ImportRun, rest: pl.DataFrame) -> None:
            run.rows_rejected += rest.height

        self._commit(pl.DataFrame({"row": range(count)}), store)

    def catalogue(self, steps: pl.DataFrame) -> int:
        """Fill the catalogue; says how many products are new."""
        with self._sessions.begin() as session:
            run = session.get_one(ImportRun, self._run_id)
            return fill_catalogue(session, steps, now=run.started_at)

    def quarantine(self, rows: pl.DataFrame) -> None:
        """Keep the rows that cleaning set aside."""

        def store(session: Session, run: ImportRun, rest: pl.DataFrame) -> None:
            insert_new(
                session,
                Quarantined,
                rest.with_columns(
                    import_id=pl.lit(run.id),
                    quarantined_at=pl.lit(run.started_at, dtype=UTC_TIME),
                ),
            )
            run.rows_quarantined += rest.height

        for start in range(0, rows.height, CHUNK_ROWS):
            self._commit(rows.slice(start, CHUNK_ROWS), store)

    def events(self, steps: pl.DataFrame) -> None:
        """Store the rest, a visitor never split between two chunks."""

        def store(session: Session, run: ImportRun, rest: pl.DataFrame) -> None:
            known = store_steps(session, rest, run)
            run.rows_known += known
            run.rows_stored += rest.height

        for start, end in pairwise(_boundaries(steps["visitor_id"])):
            self._commit(steps.slice(start, end - start), store)

    def _commit(self, chunk: pl.DataFrame, store: _Store) -> None:
        """One transaction: the part of the chunk that is not stored yet, and the run's progress.

        The order of the rows is the same in every run of one file, so the number of rows done says
        where to go on; the row lock makes a second import of the same file wait and pass over.
        """
        with self._sessions.begin() as session:
            run = session.get_one(ImportRun, self._run_id, with_for_update=True)
            rest = chunk.slice(max(0, run.rows_read - self._done))
            if not rest.is_empty():
                store(session, run, rest)
                run.rows_read += rest.height
        self._done += chunk.height
        self._report("storing", self._done, self._total)


def _boundaries(visitors: pl.Series) -> list[int]:
    """Where chunks of at least CHUNK_ROWS rows start and end, whole visitors each."""
    bounds, end = [0], 0
    for length in visitors.rle().struct.field("len"):
        end += length
        if end - bounds[-1] >= CHUNK_ROWS:
            bounds.append(end)
    if end > bounds[-1]:
        bounds.append(end)
    return bounds
