"""The miners beside SPMF and rusket on the same file: time, peak memory, and whether all agree.

Each contender runs in a process of its own, one after the other. SPMF (Java, GPLv3) and rusket are
tools for measuring, found where the caller says, and never a dependency.
"""

import json
import re
import subprocess  # runs the contenders
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from recommender.mining.constraints import absolute_support
from recommender.mining.database import SequenceDatabase
from recommender.mining.readers import read_sequences

ALGORITHMS = ("prefixspan", "spade", "apriori-all", "itemsets")
SPMF_NAMES = {"prefixspan": "PrefixSpan", "spade": "CM-SPADE", "itemsets": "FPGrowth_itemsets"}
PEAK = Path(__file__).with_name("peak.py")
RUSKET = Path(__file__).with_name("run_rusket.py")
PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """What one contender took. Times in seconds; None where it does not tell."""

    name: str
    whole: float | None = None
    """From the file to a file with all patterns, after a first call where there is one."""
    mining: float | None = None
    """From data in memory to patterns in memory; SPMF's own figure includes reading and writing."""
    first: float | None = None
    peak_mb: float | None = None
    patterns: int | None = None
    equal: bool | None = None
    """Whether its patterns and counts are those of the first contender."""
    problem: str = ""


def compare(
    file: Path,
    min_support: float,
    algorithms: tuple[str, ...],
    *,
    spmf_jar: Path | None = None,
    rusket_python: Path | None = None,
) -> Iterator[Contender]:
    """Run all contenders, giving each as it ends.

    `rusket_python` is an interpreter that can import rusket. Raises DatabaseError and
    ConstraintError for a file or support that makes no sense.
    """
    database = read_sequences(file)
    support = absolute_support(min_support, len(database))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for algorithm in algorithms:
            ours = place / f"{algorithm}.txt"
            words = [algorithm, str(file.resolve()), str(support), str(ours)]
            yield _timed(
                f"cartwright {algorithm}", [sys.executable, "-m", "benchmarks.mining.ours", *words]
            )
            if spmf_jar is not None and algorithm in SPMF_NAMES:
                yield _spmf(spmf_jar, algorithm, database, support, place, ours)
            single = not database.holds_itemsets()
            if rusket_python is not None and algorithm == "prefixspan" and single:
                plain, theirs = place / "plain.txt", place / "rusket.txt"
                _write(database, plain, after_item=" ", after_sequence="\n")
                words = [str(plain), str(support), str(theirs)]
                yield _timed(
                    "rusket PrefixSpan", [str(rusket_python), str(RUSKET), *words], (ours, theirs)
                )


def _spmf(
    jar: Path,
    algorithm: str,
    database: SequenceDatabase,
    support: int,
    place: Path,
    ours: Path,
) -> Contender:
    data, out = place / f"{algorithm}.spmf", place / f"{algorithm}.spmf.out"
    # SPMF's PrefixSpan overlooks an item 0, so items are counted from 1 for it.
    counted = replace(database, labels=np.arange(1, len(database.labels) + 1))
    if algorithm == "itemsets":
        _write_baskets(counted, data)
    else:
        _write(counted, data, after_item=" -1 ", after_sequence="-2\n")
    # SPMF rounds a share up; half a sequence less lands on the count for certain.
    share = f"{(support - 0.5) / len(database):.12f}"
    words = ["java", "-jar", str(jar), "run", SPMF_NAMES[algorithm], str(data), str(out), share]
    labels = {str(number): str(label) for number, label in enumerate(database.labels.tolist(), 1)}
    return _timed(f"SPMF {SPMF_NAMES[algorithm]}", words, (ours, out), labels)


def _timed(
    name: str,
    words: list[str],
    outputs: tuple[Path, Path] | None = None,
    labels: dict[str, str] | None = None,
) -> Contender:
    """Run a contender, measure its process, and compare its output with ours.

    `labels` are what the items of its output stand for, where they are not ours.
    """
    with tempfile.NamedTemporaryFile("r") as held:
        begin = time.perf_counter()
        ended = subprocess.run(  # noqa: S603
            [sys.executable, "-S", str(PEAK), held.name, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=PROJECT,
            check=False,
        )
        elapsed = time.perf_counter() - begin
        peak = int(held.read() or 0) / 2**20
    text = ended.stdout
    theirs = outputs[1] if outputs else None
    if ended.returncode != 0 or (theirs is not None and not theirs.exists()):
        return Contender(name=name, problem=_said(text) or f"ended {ended.returncode}")
    equal = None if outputs is None else _lines(outputs[0]) == _lines(outputs[1], labels or {})
    if text.lstrip().startswith("{"):
        told = json.loads(text)
        return Contender(
            name=name,
            whole=told.get("seconds"),
            mining=told["mining"],
            first=told["first"],
            peak_mb=peak,
            patterns=told["patterns"],
            equal=equal,
        )
    own = re.search(r"Total time\s*[~:]\s*(\d+)\s*ms", text)
    assert theirs is not None
    with theirs.open() as lines:
        patterns = sum(1 for line in lines if line.strip())
    return Contender(
        name=name,
        whole=elapsed,
        mining=int(own[1]) / 1000 if own else None,
        peak_mb=peak,
        patterns=patterns,
        equal=equal,
    )


def _said(text: str) -> str:
    """The line that names the error, of Python's or Java's trace."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if re.search(r"(Error|Exception)\b", line)]
    return (told or lines or [""])[-1][:300]


def _lines(path: Path, labels: Mapping[str, str] = MappingProxyType({})) -> set[tuple[str, ...]]:
    """Patterns with supports, alike whether elements end with -1 or a basket's order differs."""
    with path.open() as lines:
        return {_normal(line, labels) for line in lines if line.strip()}


def _normal(line: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    items, _, support = line.partition("#SUP:")
    elements = [
        sorted(labels.get(item, item) for item in element.split())
        for element in items.split("-1")
        if element.strip()
    ]
    return (*(" ".join(element) for element in elements), support.strip())


def _write(database: SequenceDatabase, path: Path, *, after_item: str, after_sequence: str) -> None:
    """The database as text; items of one element are parted by a blank."""
    labels = database.labels.tolist()
    items, elements = database.items.tolist(), database.elements.tolist()
    with path.open("w") as file:
        for begin, end in zip(database.offsets[:-1], database.offsets[1:], strict=True):
            for at in range(begin, end):
                inner = at + 1 < end and elements[at + 1] == elements[at]
                file.write(f"{labels[items[at]]}{' ' if inner else after_item}")
            file.write(after_sequence)


def _write_baskets(database: SequenceDatabase, path: Path) -> None:
    with path.open("w") as file:
        for begin, end in zip(database.offsets[:-1], database.offsets[1:], strict=True):
            basket = np.unique(database.items[begin:end])
            file.write(" ".join(map(str, database.labels[basket].tolist())) + "\n")
