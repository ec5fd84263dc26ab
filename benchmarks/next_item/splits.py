"""Reads a folder of sessions in either of the two layouts that published splits come in.

- Steps with times: `train_full` and `test`, tab-separated with the columns SessionId, ItemId, Time
  (seconds); optionally `train_tr` and `train_valid`, the split of train_full to choose on, which
  together are all of training where there is no train_full.
- Prefixes without: `train_sessions.txt`, one session a line, items by blanks, oldest first, and
  `test_prefix_target.tsv`, lines of prefix, tab, the item that followed.

Any file may be compressed (.gz). Where no validation steps are given, the sessions at the end of
training are cut off for it.
"""

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.sequences import (
    ACTION_CODES,
    MICROSECONDS,
    WINDOW,
    Batch,
    Ints,
    Log,
    Times,
    gap_buckets,
    starts,
    windows,
)

VALID_SHARE = 0.1
MOST_VALID_SESSIONS = 5_000
COLUMNS = ("SessionId", "ItemId", "Time")
LATEST = 9e12
"""Seconds that still fit as microseconds."""


class SplitError(ValueError):
    """The folder holds no such data; the message says what is missing or wrong."""


@dataclass(frozen=True)
class Questions:
    """What came next? The steps of `log` before `end` (exclusive) are known, in their session.

    `target` is -1 for an item that training never met; such a question counts as a miss.
    """

    log: Log
    end: NDArray[np.int64]
    target: Ints
    session: Ints

    def __len__(self) -> int:
        return len(self.end)

    def batch(self, part: slice) -> Batch:
        """The windows of some questions."""
        end = self.end[part]
        own = self.log.session[end - 1]
        return windows(self.log, end, session=own, shopper=own, length=WINDOW)

    def take(self, keep: NDArray[np.int64]) -> "Questions":
        """Some of the questions."""
        return Questions(self.log, self.end[keep], self.target[keep], self.session[keep])


@dataclass(frozen=True)
class Split:
    """To choose on: `train` and `valid`. To report: everything in `full`, then `test`, once."""

    name: str
    items: int
    train: Log
    valid: Questions
    full: Log
    test: Questions


def read_split(folder: Path) -> Split:
    """The split in a folder. Raises SplitError where there is none."""
    if not folder.is_dir():
        raise SplitError(f"{folder} is no folder")
    split = _read_prefixes(folder) if _find(folder, "train_sessions.txt") else _read_steps(folder)
    if len(split.test) == 0:
        raise SplitError(f"{folder}: nothing is asked, as no test session has a second step")
    return split


def _find(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)


def _need(folder: Path, name: str) -> Path:
    path = _find(folder, name)
    if path is None:
        raise SplitError(f"{folder} lacks {name}(.gz)")
    return path


def _read_steps(folder: Path) -> Split:
    whole, *parts = (_find(folder, f"train_{part}.tsv") for part in ("full", "tr", "valid"))
    given = [_steps(path) for path in parts if path] if all(parts) else []
    if whole is None and not given:
        raise SplitError(
            f"{folder} holds neither train_full.tsv(.gz) (or train_tr.tsv and train_valid.tsv) nor "
            "train_sessions.txt(.gz): one of the two layouts is needed"
        )
    full = _in_order(pl.concat(given)) if whole is None else _steps(whole)
    test = _steps(_need(folder, "test.tsv"))
    index = {item: code for code, item in enumerate(full["ItemId"].unique().sort().to_list())}
    log = _log_of(full, index)
    train, valid = (_log_of(steps, index) for steps in given) if given else _cut(log)
    return Split(
        folder.name, len(index), train, _every_step(valid), log, _every_step(_log_of(test, index))
    )


def _steps(path: Path) -> pl.DataFrame:
    try:
        table = pl.read_csv(_content(path), separator="\t", infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise SplitError(f"{path} cannot be read as a table: {error}") from error
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise SplitError(
            f"{path} lacks the columns {', '.join(missing)}: its first line has to name "
            f"{', '.join(COLUMNS)}, tab-separated, but is {' | '.join(table.columns)[:100]!r}"
        )
    told = table.select(COLUMNS).filter(~pl.all_horizontal(pl.all().is_null()))
    steps = told.with_columns(pl.col("Time").str.strip_chars().cast(pl.Float64, strict=False))
    sound = pl.col("SessionId").is_not_null() & pl.col("ItemId").is_not_null()
    sound &= pl.col("Time").is_between(-LATEST, LATEST).fill_null(False)
    wrong = steps.select(pl.arg_where(~sound)).to_series()
    if steps.is_empty() or len(wrong):
        found = f"{told.row(wrong[0])} as step {wrong[0] + 1}" if len(wrong) else "none"
        raise SplitError(f"{path}: expected steps of session, item, time in seconds, found {found}")
    return _in_order(steps)


def _in_order(steps: pl.DataFrame) -> pl.DataFrame:
    """Session after session by the time that they began, each in its own order."""
    began = pl.col("Time").min().over("SessionId")
    return steps.sort(began, "SessionId", "Time", maintain_order=True)


def _log_of(steps: pl.DataFrame, index: dict[str, int]) -> Log:
    items = steps["ItemId"].replace_strict(
        list(index), list(index.values()), default=-1, return_dtype=pl.Int32
    )
    return _log(
        steps["SessionId"].rle_id().to_numpy().astype(np.int32),
        items.to_numpy(),
        (steps["Time"] * MICROSECONDS).to_numpy().astype(np.int64),
    )


def _log(session: Ints, item: Ints, at: Times) -> Log:
    """A log in which each session is a shopper of its own, and every step a view."""
    action = np.full(len(item), ACTION_CODES["view"], np.int32)
    return Log(session, session, item.astype(np.int32), action, at, gap_buckets(session, at))


def _every_step(log: Log) -> Questions:
    """A question for each step but the first of its session."""
    end = np.flatnonzero(np.arange(len(log)) > starts(log.session)).astype(np.int64)
    return Questions(log, end, log.item[end], log.session[end])


def _cut(full: Log) -> tuple[Log, Log]:
    """The earlier and the last sessions; of more than one, at least one each."""
    sessions = int(full.session[-1]) + 1
    last = min(MOST_VALID_SESSIONS, max(1, round(VALID_SHARE * sessions)), sessions - 1)
    later = full.session >= sessions - last
    return full.select(~later), full.select(later)


def _read_prefixes(folder: Path) -> Split:
    sessions = [line.split() for line in _lines(_need(folder, "train_sessions.txt"))]
    sessions = [session for session in sessions if session]
    if not sessions:
        raise SplitError(f"{folder}: train_sessions.txt holds no session")
    index = {item: code for code, item in enumerate(sorted({i for s in sessions for i in s}))}
    path = _need(folder, "test_prefix_target.tsv")
    rows = [line.split("\t") for line in _lines(path)]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not row[0].strip() or len(row[1].split()) != 1:
            raise SplitError(f"{path}, line {number}: expected items, a tab, and one item")
    prefixes, targets = [row[0].split() for row in rows], [row[1].strip() for row in rows]
    full = _untimed(sessions, index)
    train, valid = _cut(full)
    asked = _untimed(prefixes, index)
    test = Questions(
        asked,
        np.cumsum([len(prefix) for prefix in prefixes]).astype(np.int64),
        np.array([index.get(target, -1) for target in targets], np.int32),
        _runs(prefixes, targets),
    )
    return Split(folder.name, len(index), train, _every_step(valid), full, test)


def _lines(path: Path) -> list[str]:
    try:
        text = _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SplitError(f"{path} cannot be read: {error}") from error
    return [line for line in text.split("\n") if line.strip()]


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise SplitError(f"{path} cannot be read: {error}") from error


def _untimed(sessions: Sequence[Sequence[str]], index: dict[str, int]) -> Log:
    """A log whose times only say which session came first."""
    sizes = [len(session) for session in sessions]
    number = np.repeat(np.arange(len(sessions), dtype=np.int32), sizes)
    items = np.array([index.get(item, -1) for session in sessions for item in session], np.int32)
    return _log(number, items, number.astype(np.int64) * MICROSECONDS)


def _runs(prefixes: Sequence[Sequence[str]], targets: Sequence[str]) -> Ints:
    """Which questions are of one session: the next asks for the last item that this one knew."""
    run = np.zeros(len(prefixes), np.int32)
    for row in range(1, len(prefixes)):
        same = [*prefixes[row], targets[row]] == prefixes[row - 1]
        run[row] = run[row - 1] + (not same)
    return run
