"""Both mining engines on growing data: `python -m benchmarks.engines 10000 100000 …` sequences.

Each sequence has 8 items out of 2,000, drawn by Zipf's law; minimum support 0.5 %. Both begin with
the same Parquet file and end with patterns and rules; Spark's start is timed apart, as a cluster
runs already.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from recommender.mining.job import Job, mine
from recommender.mining.readers import read_table
from recommender.mining.spark import mine_on_spark, spark_session

ITEMS, LENGTH, SHARE = 2_000, 8, 0.005


def draw(sequences: int) -> pl.DataFrame:
    """The sequences as a table."""
    chances = 1 / np.arange(1, ITEMS + 1)
    items = np.random.default_rng(1).choice(ITEMS, sequences * LENGTH, p=chances / chances.sum())
    return pl.DataFrame(
        {
            "sequence": np.repeat(np.arange(sequences), LENGTH),
            "element": np.tile(np.arange(LENGTH), sequences),
            "item": items,
        }
    )


def main(sizes: list[int]) -> None:
    """Print a row a size."""
    job = Job(min_support=SHARE, min_confidence=0.5)
    begun = time.perf_counter()
    with TemporaryDirectory() as folder, spark_session() as session:
        print(f"Spark started in {time.perf_counter() - begun:.1f} s")
        print("| sequences | patterns | in process | Spark |\n|---|---|---|---|")
        for size in sizes:
            table = Path(folder) / f"{size}.parquet"
            draw(size).write_parquet(table)
            begun = time.perf_counter()
            ours = mine(read_table(table)[0], job)
            between = time.perf_counter()
            theirs = mine_on_spark(session, str(table), job)
            ended = time.perf_counter()
            assert list(ours.patterns) == list(theirs.patterns)
            print(
                f"| {size:,} | {len(ours.patterns):,} | {between - begun:.1f} s "
                f"| {ended - between:.1f} s |",
                flush=True,
            )


if __name__ == "__main__":
    main([int(size.replace(",", "")) for size in sys.argv[1:]] or [10_000, 100_000, 1_000_000])
