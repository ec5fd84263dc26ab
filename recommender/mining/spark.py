"""The same patterns from Spark, for what one machine cannot hold: MLlib's PrefixSpan and FPGrowth.

Both count exactly. MLlib knows neither gaps nor spans nor the k strongest, so those are refused.
PrefixSpan: Pei et al., ICDE 2001; FPGrowth: Li et al., PFP, RecSys 2008.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import psutil

from recommender.mining.constraints import ConstraintError, absolute_support
from recommender.mining.database import DatabaseError
from recommender.mining.job import Algorithm, Found, Job, What, found_in
from recommender.mining.patterns import Patterns

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

LOCAL = "local[*]"
DEEP_STACK = "-Xss64m"
UNBOUNDED_LENGTH = 2**31 - 1
MOST_PATTERNS = 10_000_000


class NoSparkError(Exception):
    """Spark cannot be started here; the message says what is missing."""


@contextmanager
def spark_session(master: str = LOCAL) -> "Iterator[SparkSession]":
    """A Spark session on `master`, stopped at the end; a local one may take half the free memory.

    Raises NoSparkError where pyspark or Java is missing. What Spark's own configuration files say
    counts, except for what is set here.
    """
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise NoSparkError(
            "Spark needs the package pyspark: install it with `uv sync --inexact --extra spark` "
            "or `pip install 'cartwright[spark]'`"
        ) from None
    home = os.environ.get("JAVA_HOME")
    if shutil.which(f"{home}/bin/java" if home else "java") is None:
        raise NoSparkError(
            "Spark needs Java 17 or later: install it (on Debian `apt install "
            "openjdk-17-jre-headless`), or let JAVA_HOME name it"
        )
    builder = (
        SparkSession.builder.master(master)
        .appName("cartwright mine")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.sql.session.timeZone", "UTC")
        # MLlib's trees are as deep as the largest basket, and are walked and sent by recursion.
        .config("spark.driver.extraJavaOptions", DEEP_STACK)
        .config("spark.executor.extraJavaOptions", DEEP_STACK)
        # Results are collected as patterns, whose number is limited by itself.
        .config("spark.driver.maxResultSize", "0")
    )
    if master.startswith("local"):
        half = psutil.virtual_memory().available // 2**21
        builder = (
            builder.config("spark.driver.memory", f"{half}m")
            .config("spark.sql.shuffle.partitions", str(2 * (os.cpu_count() or 1)))
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
        )
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


def mine_on_spark(
    session: "SparkSession",
    table: str,
    job: Job,
    *,
    max_patterns: int | None = None,
) -> Found:
    """Run the job on a Parquet table or a folder of them, as `recommender.mining.job.mine` does.

    Columns as for SequenceDatabase.from_frame: `sequence`, `item`, and `at` or `element`. Raises
    ConstraintError for what MLlib cannot do and for more than `max_patterns`, DatabaseError where
    the table is not as said.
    """
    support = check_job(job)
    rows = _rows(session, table).persist()
    try:
        sequences = rows.select("sequence").distinct().count()
        if sequences == 0:
            raise DatabaseError(f"{table}: no sequence in it")
        least = absolute_support(support, sequences)
        wanted = rows.filter(~rows["item"].isin(list(job.constraints.excluded)))
        mine = _itemsets if job.what is What.ITEMSETS else _sequences
        found = mine(wanted, least, job)
        table_of_found = _table(found, max_patterns or MOST_PATTERNS) if found is not None else None
        return found_in(_patterns(table_of_found, sequences, least), job)
    finally:
        rows.unpersist()


def check_job(job: Job) -> float:
    """The job's minimum support; raises ConstraintError where it asks for what MLlib cannot do."""
    if job.min_support is None:
        raise ConstraintError(
            "Spark's miners cannot find the strongest by themselves: give a minimum support"
        )
    if job.constraints.bind_positions:
        raise ConstraintError(
            "Spark's miners know no limits on gaps and spans: leave them out, or mine in process"
        )
    if job.what is What.SEQUENCES and job.algorithm is not Algorithm.PREFIXSPAN:
        raise ConstraintError(f"Spark has no {job.algorithm}: it mines sequences by prefixspan")
    return job.min_support


def _rows(session: "SparkSession", table: str) -> "DataFrame":
    """Distinct (sequence, element, item)."""
    from pyspark.errors import AnalysisException

    try:
        frame = session.read.parquet(table)
    except AnalysisException as error:
        raise DatabaseError(f"{table}: Spark cannot read it as Parquet ({error})") from error
    order = "at" if "at" in frame.columns else "element"
    missing = {"sequence", "item", order} - set(frame.columns)
    if missing:
        raise DatabaseError(
            f"{table}: columns are {frame.columns}: needed are sequence, item, and at or element"
        )
    return frame.select("sequence", frame[order].alias("element"), "item").distinct()


def _sequences(rows: "DataFrame", least: int, job: Job) -> "DataFrame | None":
    """Frequent sequences by PrefixSpan, each an array of arrays of items; None without any."""
    from pyspark.ml.fpm import PrefixSpan
    from pyspark.sql import functions as f

    elements = rows.groupBy("sequence", "element").agg(f.collect_set("item").alias("items"))
    in_order = f.sort_array(f.collect_list(f.struct("element", "items")))["items"]
    sequences = elements.groupBy("sequence").agg(in_order.alias("elements")).persist()
    count = sequences.count()
    if count < least:
        return None
    span = PrefixSpan(
        minSupport=_share(least, count),
        maxPatternLength=job.constraints.max_length or UNBOUNDED_LENGTH,
        sequenceCol="elements",
    )
    found: DataFrame = span.findFrequentSequentialPatterns(sequences)
    return found.select(found["sequence"].alias("elements"), found["freq"].alias("support"))


def _itemsets(rows: "DataFrame", least: int, job: Job) -> "DataFrame | None":
    """Frequent itemsets by FPGrowth, each an array of one array of items; None without any.

    FPGrowth counts baskets. Where a sequence has several, what its baskets make frequent is
    counted again in sequences, of which there are fewer.
    """
    from pyspark.ml.fpm import FPGrowth
    from pyspark.sql import functions as f

    keys = ["sequence", "element"] if job.within_elements else ["sequence"]
    baskets = rows.groupBy(*keys).agg(f.collect_set("item").alias("items")).persist()
    count = baskets.count()
    if count < least:
        return None
    model = FPGrowth(minSupport=_share(least, count), itemsCol="items").fit(baskets)
    found = model.freqItemsets.select("items", f.col("freq").alias("support"))
    if job.constraints.max_length is not None:
        found = found.filter(f.size("items") <= job.constraints.max_length)
    if job.within_elements:
        # FPGrowth puts the rarest item first, so few baskets meet a candidate in vain.
        rarest = f.col("items")[0].alias("rarest")
        candidates = found.select(f.col("items").alias("set"), rarest).persist()
        found = (
            baskets.select("sequence", "items", f.explode("items").alias("rarest"))
            .join(candidates, "rarest")
            .filter(f.size(f.array_except("set", "items")) == 0)
            .groupBy(f.col("set").alias("items"))
            .agg(f.countDistinct("sequence").alias("support"))
            .filter(f.col("support") >= least)
        )
    return found.select(f.array("items").alias("elements"), "support")


def _share(least: int, count: int) -> float:
    """The share that MLlib, which rounds up, makes `least` of `count` again."""
    return (least - 0.5) / count


def _table(found: "DataFrame", max_patterns: int) -> "pa.Table":
    table: pa.Table = found.limit(max_patterns + 1).toArrow()
    if table.num_rows > max_patterns:
        raise ConstraintError(
            f"more than {max_patterns:,} patterns: raise the minimum support, or limit the length"
        )
    return table


def _patterns(table: "pa.Table | None", sequences: int, least: int) -> Patterns:
    """Arrays of arrays of items as codes, each element's items in the order of labels."""
    if table is None or table.num_rows == 0:
        nothing = np.empty(0, np.int64)
        return Patterns(
            nothing.astype(np.int32), np.zeros(1, np.int64), nothing, nothing, sequences, least
        )
    elements = table["elements"].combine_chunks()
    items = elements.flatten()
    supports = table["support"].to_numpy().astype(np.int64)
    values = pl.Series(items.flatten())
    labels = values.unique().sort()
    codes = np.searchsorted(labels.to_numpy(), values.to_numpy()).astype(np.int32)
    in_pattern = np.diff(elements.offsets.to_numpy())
    in_element = np.diff(items.offsets.to_numpy())
    element = np.repeat(np.arange(len(in_element)), in_element)
    codes = codes[np.lexsort((codes, element))]
    begins = np.ones(len(codes), np.int32)
    begins[1:] = element[1:] != element[:-1]
    element_ends = np.concatenate(([0], np.cumsum(in_element)))
    offsets = element_ends[np.concatenate(([0], np.cumsum(in_pattern)))].astype(np.int64)
    return Patterns(2 * codes + begins, offsets, supports, labels.to_numpy(), sequences, least)
