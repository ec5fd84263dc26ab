"""Both mining engines on growing data: `python -m benchmarks.engines 10000 100000 …` sequences.

The sequences are those of `benchmarks.mining.draw`; minimum support 0.5 %. Both begin with
the same Parquet file and end with patterns and rules; Spark's start is timed apart, as a cluster
runs already.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.mining.draw import draw
from recommender.mining.job import Job, mine
from recommender.mining.readers import read_table
from recommender.mining.spark import mine_on_spark, spark_session

SHARE = 0.005


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
