"""Spark in local mode finds what the in-process engine finds, and refuses what it cannot do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from recommender.mining.constraints import Constraints
from recommender.mining.database import DatabaseError, SequenceDatabase
from recommender.mining.job import Found, Job, Keep, What, mine
from recommender.mining.spark import NoSparkError, mine_on_spark, spark_session
from tests.integration.mining.conftest import Command

ONLINE_RETAIL = (
    Path(__file__).parents[4] / "shared/data/baskets/online-retail/online_retail.parquet"
)
BEGIN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """One local session for all tests."""
    try:
        with spark_session("local[2]") as session:
            yield session
    except NoSparkError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def planted() -> pl.DataFrame:
    """300 histories of random baskets; every third holds a + b, then c, then d + e."""
    draw = np.random.default_rng(7)
    rows = []
    for person in range(300):
        baskets = [list(draw.choice(list("abcdefgh"), draw.integers(1, 4))) for _ in range(4)]
        if person % 3 == 0:
            baskets[1:1] = [["a", "b"], ["c"], ["d", "e"]]
        for day, basket in enumerate(baskets):
            rows += [(f"p{person}", item, BEGIN + timedelta(days=day)) for item in basket]
    return pl.DataFrame(rows, schema=["sequence", "item", "at"], orient="row")


def both(spark: Any, steps: pl.DataFrame, job: Job, folder: Path) -> tuple[Found, Found]:
    """What Spark finds and what the process finds."""
    steps.write_parquet(folder / "steps.parquet")
    return (
        mine_on_spark(spark, str(folder / "steps.parquet"), job),
        mine(SequenceDatabase.from_frame(steps), job),
    )


def assert_equal(found: tuple[Found, Found], *, at_least: int) -> None:
    """The same patterns in the same order, the same rules, and enough of them to tell."""
    spark, process = found
    assert len(process.patterns) >= at_least
    assert list(spark.patterns) == list(process.patterns)
    assert spark.patterns.sequences == process.patterns.sequences
    assert spark.patterns.min_support == process.patterns.min_support
    assert spark.rules == process.rules


@pytest.mark.service
@pytest.mark.slow
@pytest.mark.parametrize(
    "job",
    [
        Job(min_support=60),
        Job(min_support=0.35, keep=Keep.CLOSED, min_steps=2),
        Job(
            min_support=40,
            constraints=Constraints(
                max_length=3, required=frozenset({"c"}), excluded=frozenset({"h"})
            ),
        ),
        Job(what=What.ITEMSETS, min_support=30),
        Job(what=What.ITEMSETS, min_support=20, within_elements=True),
        Job(
            what=What.ITEMSETS,
            min_support=20,
            within_elements=True,
            keep=Keep.MAXIMAL,
            constraints=Constraints(max_length=2),
        ),
    ],
    ids=["all", "closed", "limited", "itemsets", "in one visit", "in one visit, limited"],
)
def test_both_engines_agree_on_a_planted_database(
    spark: Any, planted: pl.DataFrame, job: Job, tmp_path: Path
) -> None:
    assert_equal(both(spark, planted, job, tmp_path), at_least=10)


@pytest.mark.service
@pytest.mark.slow
def test_a_support_that_nothing_has_finds_nothing(
    spark: Any, planted: pl.DataFrame, tmp_path: Path
) -> None:
    for what in What:
        found = both(spark, planted, Job(what=what, min_support=301), tmp_path)
        assert_equal(found, at_least=0)
        assert len(found[0].patterns) == 0


@pytest.mark.service
@pytest.mark.slow
def test_a_table_that_is_none_is_told(spark: Any, tmp_path: Path) -> None:
    pl.DataFrame({"basket": [1], "item": ["a"]}).write_parquet(tmp_path / "other.parquet")

    with pytest.raises(DatabaseError, match="needed are sequence, item, and at or element"):
        mine_on_spark(spark, str(tmp_path / "other.parquet"), Job(min_support=1))
    with pytest.raises(DatabaseError, match=r"nowhere\.parquet"):
        mine_on_spark(spark, str(tmp_path / "nowhere.parquet"), Job(min_support=1))


@pytest.mark.slow
@pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason=f"no {ONLINE_RETAIL}")
def test_both_engines_agree_on_online_retail(spark: Any, tmp_path: Path) -> None:
    steps = (
        pl.read_parquet(ONLINE_RETAIL)
        .filter(pl.col("CustomerID").is_not_null(), ~pl.col("InvoiceNo").str.starts_with("C"))
        .select(sequence="CustomerID", item="StockCode", at="InvoiceDate")
    )
    assert_equal(both(spark, steps, Job(min_support=0.04), tmp_path), at_least=300)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give a minimum support"),
        (["--min-support", "5", "--max-gap", "3"], "no limits on gaps and spans"),
        (["--min-support", "5", "--algorithm", "spade"], "no spade"),
        (["--min-support", "5", "--data", "sequences.txt"], "Spark mines .parquet tables"),
    ],
)
def test_what_spark_cannot_do_is_refused_and_not_ignored(
    command: Command, words: list[str], told: str
) -> None:
    result = command("--engine", "spark", *words)

    assert result.exit_code == 1
    assert told in result.output


def test_without_java_the_command_says_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    result = command("--engine", "spark", "--min-support", "5")

    assert result.exit_code == 1
    assert "Spark needs Java 17" in result.output
