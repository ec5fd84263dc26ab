"""Reads sequence files: plain (blank-separated items), SPMF's format and tables; writes SPMF's.

SPMF ends an element with -1 and a sequence with -2; lines that begin with #, % or @ are remarks.
A file whose name ends in .gz is compressed.
"""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.mining.database import DatabaseError, SequenceDatabase
from recommender.mining.patterns import Patterns

TABLE_ENDINGS = (".parquet", ".csv")

BAD_CHARACTER, NO_END, NEGATIVE, TOO_LARGE = 1, 2, 3, 4
PROBLEMS = {
    BAD_CHARACTER: "expected whole numbers, blanks and line ends",
    NO_END: "the sequence does not end with -2",
    NEGATIVE: "a negative item",
    TOO_LARGE: "a number that does not fit in 63 bits",
}


def read_sequences(path: Path) -> SequenceDatabase:
    """The database in a plain or SPMF file; the format is seen in the content.

    Raises DatabaseError naming the line where the file is neither, or has no sequence.
    """
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise DatabaseError(f"{path}: not a whole gzip file ({error})") from error
    spmf = b"-2" in data[: 1 << 20].split(b"\n", 1)[0] or b" -2\n" in data[: 1 << 20]
    raw = np.frombuffer(data, np.uint8)
    values, elements, offsets, problem, line = _parse(raw, spmf)
    if problem:
        kind = "SPMF" if spmf else "plain"
        raise DatabaseError(f"{path}, line {line} (read as {kind}): {PROBLEMS[problem]}")
    if len(offsets) == 1:
        raise DatabaseError(f"{path}: no sequence in it")
    labels, codes = np.unique(values, return_inverse=True)
    return SequenceDatabase.from_arrays(codes.astype(np.int32), elements, offsets, labels)


def read_table(path: Path) -> tuple[SequenceDatabase, dict[object, str]]:
    """The database in a .parquet or .csv table, and the items' titles.

    Columns as for SequenceDatabase.from_frame, in CSV with `at` as ISO 8601 text, and perhaps
    `title`. Raises DatabaseError where they are missing or the file cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
        else:
            frame = pl.read_csv(path, infer_schema_length=None, try_parse_dates=True)
    except pl.exceptions.PolarsError as error:
        raise DatabaseError(f"{path}: {error}") from error
    try:
        database = SequenceDatabase.from_frame(frame)
    except DatabaseError as error:
        raise DatabaseError(f"{path}: {error}") from error
    if not len(database):
        raise DatabaseError(f"{path}: no sequence in it")
    titles = pl.col("title" if "title" in frame.columns else "item").cast(pl.String)
    names = frame.select("item", title=titles).drop_nulls().unique("item")
    return database, dict(names.iter_rows())


def write_spmf(patterns: Patterns, path: Path) -> None:
    """Write patterns as SPMF does: `3 -1 4 5 -1 #SUP: 27`; labels are written as they are."""
    with path.open("w") as file:
        for pattern in patterns:
            for element in pattern.elements:
                file.write(" ".join(map(str, element)) + " -1 ")
            file.write(f"#SUP: {pattern.support}\n")


@compiled
def _parse(
    data: NDArray[np.uint8], spmf: bool
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], int, int]:
    """Items, their elements and the sequences' offsets; or a problem and its line."""
    room = len(data) // 2 + 2
    values = np.empty(room, np.int64)
    elements = np.empty(room, np.int32)
    offsets = np.empty(room + 1, np.int64)
    offsets[0] = 0
    count, sequences, element, line = 0, 0, 0, 1
    at, size = 0, len(data)
    open_sequence, line_begins = False, True
    failed = (values[:0], elements[:0], offsets[:0])
    while at < size:
        byte = data[at]
        if line_begins and (byte == 35 or byte == 37 or byte == 64):
            while at < size and data[at] != 10:
                at += 1
            continue
        if byte == 32 or byte == 9 or byte == 13:
            at += 1
            continue
        if byte == 10:
            if open_sequence:
                if spmf:
                    return (*failed, NO_END, line)
                sequences += 1
                offsets[sequences] = count
                open_sequence, element = False, 0
            line += 1
            line_begins = True
            at += 1
            continue
        line_begins = False
        negative = byte == 45
        if negative:
            at += 1
        value, digits = 0, 0
        while at < size and 48 <= data[at] <= 57:
            value = value * 10 + (data[at] - 48)
            digits += 1
            at += 1
        if digits == 0 or (at < size and data[at] not in (9, 10, 13, 32)):
            return (*failed, BAD_CHARACTER, line)
        if digits > 18:
            return (*failed, TOO_LARGE, line)
        if not negative:
            values[count], elements[count] = value, element
            count += 1
            open_sequence = True
            if not spmf:
                element += 1
        elif spmf and value == 1:
            element += 1
        elif spmf and value == 2:
            sequences += 1
            offsets[sequences] = count
            open_sequence, element = False, 0
        else:
            return (*failed, NEGATIVE, line)
    if open_sequence:
        if spmf:
            return (*failed, NO_END, line)
        sequences += 1
        offsets[sequences] = count
    return values[:count].copy(), elements[:count].copy(), offsets[: sequences + 1].copy(), 0, 0
