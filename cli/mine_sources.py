"""What `cartwright mine` mines, the shop's events or a file, and by which engine."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl
from rich.console import Console

from cli.database import open_database
from core.clock import SystemClock
from core.settings import get_settings
from db.engine import read_session
from recommender.mining.constraints import ConstraintError
from recommender.mining.database import DatabaseError, SequenceDatabase
from recommender.mining.job import Found, Job, mine
from recommender.mining.parted import PartedDatabase
from recommender.mining.readers import TABLE_ENDINGS, read_sequences, read_table
from recommender.mining.run import Limits
from recommender.mining.spark import check_job, mine_on_spark, spark_session
from services.mining import Together, shop_history, titles_of_shop
from services.robots import left_out


class Engine(StrEnum):
    """Who mines; both count exactly."""

    IN_PROCESS = "in-process"
    SPARK = "spark"


@dataclass(frozen=True, slots=True)
class Source:
    """What is mined, the items' names, and of how many people it tells (None for a file)."""

    names: Mapping[object, str]
    run: Callable[[Job, Limits], Found]
    people: int | None = None


def shop_source(
    console: Console,
    *,
    actions: list[str],
    together: Together,
    engine: Engine,
    at_once: int,
    folder: Path,
) -> Source:
    """The shop's own events; says how many robots were left out.

    No more than about `at_once` events are in memory. More are kept in the folder, which must stay
    until they are mined.
    """
    settings = get_settings()
    if engine is Engine.SPARK and not settings.spark_master.startswith("local"):
        raise ConstraintError(
            f"Spark at {settings.spark_master} cannot read this machine's files: write the events "
            "to a .parquet table where its workers can, and give it as --data"
        )
    with open_database() as sessions, read_session(sessions) as session:
        now = SystemClock().now()
        history = shop_history(
            session,
            actions=actions,
            together=together,
            zone=settings.time_zone,
            now=now,
            at_once=at_once,
        )
        run = partial(_on_spark, str(folder))
        if engine is Engine.SPARK:
            for number, steps in enumerate(history.parts):
                steps.write_parquet(folder / f"{number}.parquet")
        else:
            run = partial(_in_process, _whole_or_parts(history.parts, folder))
        titles = titles_of_shop(session, now=now)
    robots = left_out(history.robots)
    if robots:
        console.print(robots)
    return Source(titles, run, history.people)


def _whole_or_parts(
    steps: Iterator[pl.DataFrame], folder: Path
) -> SequenceDatabase | PartedDatabase:
    parts = map(SequenceDatabase.from_frame, steps)
    first, second = next(parts), next(parts, None)
    return first if second is None else PartedDatabase.write(chain([first, second], parts), folder)


def file_source(path: Path, *, engine: Engine) -> Source:
    """A file of sequences; Spark reads .parquet alone, a file or a folder of them."""
    if engine is Engine.SPARK:
        if path.suffix != ".parquet" and not path.is_dir():
            raise ConstraintError(f"{path}: Spark mines .parquet tables, or a folder of them")
        return Source(_titles(path), partial(_on_spark, str(path)))
    if path.suffix in TABLE_ENDINGS:
        database, names = read_table(path)
    else:
        database = read_sequences(path)
        names = {label: str(label) for label in database.labels.tolist()}
    return Source(names, partial(_in_process, database))


def _titles(path: Path) -> dict[object, str]:
    try:
        table = pl.scan_parquet(path)
        columns = table.collect_schema().names()
        if "item" not in columns:
            raise DatabaseError(f"{path}: columns are {columns}: needed are sequence, item, and at")
        title = pl.col("title" if "title" in columns else "item").cast(pl.String)
        names = table.select("item", title=title).drop_nulls().unique("item").collect()
    except pl.exceptions.PolarsError as error:
        raise DatabaseError(f"{path}: {error}") from error
    return dict(names.iter_rows())


def _in_process(database: SequenceDatabase | PartedDatabase, job: Job, limits: Limits) -> Found:
    return mine(database, job, limits=limits)


def _on_spark(table: str, job: Job, limits: Limits) -> Found:
    check_job(job)
    with spark_session(get_settings().spark_master) as session:
        return mine_on_spark(session, table, job, max_patterns=limits.max_patterns)
