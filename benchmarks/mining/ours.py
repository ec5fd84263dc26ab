"""Runs one of this project's miners in a process of its own and prints how long it took.

python -m benchmarks.mining.ours ALGORITHM FILE MINSUP OUT
"""

import json
import statistics
import sys
import time
from pathlib import Path

from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import frequent_itemsets
from recommender.mining.job import MINERS, Algorithm
from recommender.mining.patterns import Patterns
from recommender.mining.readers import read_sequences, write_spmf

LONG = 10.0
"""Seconds from which a call is measured once."""


def run(algorithm: str, file: Path, support: int, out: Path) -> dict[str, float]:
    """Seconds from file to file (first call and after it), and of mining alone; the patterns."""
    first, _, patterns = _file_to_file(algorithm, file, support, out)
    repeats = 1 if first > LONG else 3
    timed = [_file_to_file(algorithm, file, support, out)[:2] for _ in range(repeats)]
    return {
        "first": first,
        "seconds": statistics.median(whole for whole, _ in timed),
        "mining": statistics.median(mining for _, mining in timed),
        "patterns": patterns,
    }


def _file_to_file(algorithm: str, file: Path, support: int, out: Path) -> tuple[float, float, int]:
    begin = time.perf_counter()
    database = read_sequences(file)
    read = time.perf_counter()
    patterns = _mine(algorithm, database, support)
    mined = time.perf_counter()
    write_spmf(patterns, out)
    return time.perf_counter() - begin, mined - read, len(patterns)


def _mine(algorithm: str, database: SequenceDatabase, support: int) -> Patterns:
    if algorithm == "itemsets":
        return frequent_itemsets(database, support)
    return MINERS[Algorithm(algorithm)](database, support)


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))))
