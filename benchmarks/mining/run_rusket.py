"""Runs rusket's PrefixSpan by whatever Python has it, and prints how long it took.

PYTHON run_rusket.py FILE MINSUP OUT; FILE has one sequence of whole numbers a line. Nothing of the
project is imported here: the interpreter may be another.
"""

import json
import statistics
import sys
import time
from pathlib import Path


def run(file, support, out):
    """Seconds of mining from lists in memory (first call and after it); the patterns."""
    import rusket

    with Path(file).open() as lines:
        sequences = [[int(item) for item in line.split()] for line in lines if line.strip()]
    seconds = []
    while len(seconds) < (4 if not seconds or seconds[0] < 10 else 2):
        begin = time.perf_counter()
        found = rusket.PrefixSpan(sequences, support).mine()
        seconds.append(time.perf_counter() - begin)
    with Path(out).open("w") as written:
        written.writelines(
            "".join(f"{item} -1 " for item in items) + f"#SUP: {count}\n"
            for count, items in zip(found["support"], found["sequence"], strict=True)
        )
    return {
        "first": seconds[0],
        "mining": statistics.median(seconds[1:]),
        "patterns": len(found),
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
