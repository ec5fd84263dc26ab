"""Reads sequence files: plain (blank-separated items), SPMF's format and tables; writes SPMF's.

SPMF ends an element with -1 and a sequence with -2; lines that begin with #, % or @ are remarks.
A file whose name ends in .gz is compressed.
"""

import gzip
import re
import zlib
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.mining.database import DatabaseError, SequenceDatabase
from recommender.mining.patterns import Patterns

PATTERNS_AT_A_TIME = 100_000

TABLE_ENDINGS = (".parquet", ".csv")

BAD_CHARACTER, NO_END, NEGATIVE, TOO_LARGE = 1, 2, 3, 4
PROBLEMS = {
    BAD_CHARACTER: "expected whole numbers, blanks and line ends",
    NO_END: "the sequence does not end with -2",
    NEGATIVE: "a negative number: items are 0 and above, and in SPMF's format -1 and -2 are ends",
    TOO_LARGE: "a number that does not fit in 63 bits",
}
# The end of an element tells too: a gigantic sequence's own may lie behind what is looked at.
SPMF_END = re.compile(rb"(?<!\S)-[12](?!\S)")


def read_sequences(path: Path) -> SequenceDatabase:
    """The database in a plain or SPMF file; the format is seen in the content.

    Raises DatabaseError naming the line where the file is neither, or has no sequence.
    """
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DatabaseError(f"{path}: not a whole gzip file ({error})") from error
    spmf = SPMF_END.search(data, 0, 1 << 20) is not None
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
    labels = [f"{label} ".encode() for label in patterns.labels.tolist()]
    text = np.frombuffer(b"".join(labels), np.uint8)
    begins = np.concatenate(([0], np.cumsum([len(label) for label in labels]))).astype(np.int64)
    with path.open("wb") as file:
        for first in range(0, len(patterns), PATTERNS_AT_A_TIME):
            part = patterns.select(
                np.arange(first, min(first + PATTERNS_AT_A_TIME, len(patterns)), dtype=np.int64)
            )
            file.write(_format(part.codes, part.offsets, part.supports, text, begins).data)


@compiled
def _format(
    codes: NDArray[np.int32],
    offsets: NDArray[np.int64],
    supports: NDArray[np.int64],
    labels: NDArray[np.uint8],
    begins: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """The patterns as SPMF's text; `labels` holds each item's text with a blank behind it."""
    room = 0
    for code in codes:
        room += begins[(code >> 1) + 1] - begins[code >> 1] + 3
    text = np.empty(room + len(supports) * 27, np.uint8)
    digits = np.empty(20, np.uint8)
    size = 0
    for pattern in range(len(supports)):
        begin, end = offsets[pattern], offsets[pattern + 1]
        for at in range(begin, end):
            item = codes[at] >> 1
            for place in range(begins[item], begins[item + 1]):
                text[size] = labels[place]
                size += 1
            if at + 1 == end or codes[at + 1] & 1:
                text[size], text[size + 1], text[size + 2] = 45, 49, 32  # "-1 "
                size += 3
        # "#SUP: "
        text[size], text[size + 1], text[size + 2] = 35, 83, 85
        text[size + 3], text[size + 4], text[size + 5] = 80, 58, 32
        size += 6
        support, count = supports[pattern], 0
        while support > 0 or count == 0:
            digits[count] = 48 + support % 10
            support //= 10
            count += 1
        for place in range(count):
            text[size + place] = digits[count - 1 - place]
        size += count
        text[size] = 10
        size += 1
    return text[:size]


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
