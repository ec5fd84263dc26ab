"""Delimited text and JSON lines into frames of strings; a row that does not fit is set aside."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from ingest.source import ImportRefusedError, Source

DELIMITERS = ",\t;|"
_BATCH = 100_000
_LONGEST_FIELD = 1_000_000


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read: where, why, and what it held."""

    row: int
    reason: str
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file, all columns strings (empty is null), numbered from 1 in `row`."""

    frame: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)


def delimiter_of(header: str) -> str:
    """The delimiter that splits a header line into the most columns; a comma where none does."""
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def read_delimited(source: Source) -> Table:
    """A table with a header line, separated by comma, tab, semicolon or bar.

    Rows with a wrong number of fields or a NUL character are rejects; blank lines are no rows.
    """
    rejects: list[Reject] = []
    frames: list[pl.DataFrame] = []
    csv.field_size_limit(_LONGEST_FIELD)
    with source.text() as text:
        header = text.readline()
        delimiter = delimiter_of(header)
        columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        if len(set(columns)) != len(columns):
            twice = sorted({name for name in columns if columns.count(name) > 1})
            raise ImportRefusedError(
                f"{source.path} has the column {', '.join(map(repr, twice))} more than once"
            )
        batch: list[list[str]] = []
        numbers: list[int] = []
        for number, fields in enumerate(_records(source, text, delimiter), start=1):
            problem = _misfit(fields, columns)
            if problem:
                rejects.append(Reject(number, problem, _raw(columns, fields)))
                continue
            batch.append(fields)
            numbers.append(number)
            if len(batch) == _BATCH:
                frames.append(_frame(columns, batch, numbers))
                batch, numbers = [], []
        frames.append(_frame(columns, batch, numbers))
    return Table(pl.concat(frames), rejects)


def _records(source: Source, text: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(text, delimiter=delimiter)
    try:
        for fields in reader:
            if any(fields):
                yield fields
    except csv.Error as error:
        raise ImportRefusedError(
            f"{source.path}, line {reader.line_num}: {error} (is a quotation mark left open?)"
        ) from None


def _misfit(fields: list[str], columns: Sequence[str]) -> str | None:
    if len(fields) != len(columns):
        return f"has {len(fields)} fields where the header has {len(columns)}"
    if any("\0" in value for value in fields):
        return "contains a NUL character"
    return None


def _raw(columns: Sequence[str], fields: list[str]) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(columns, fields, strict=False))
    if len(fields) > len(columns):
        named["(more)"] = fields[len(columns) :]
    return named


def _frame(columns: Sequence[str], batch: list[list[str]], numbers: list[int]) -> pl.DataFrame:
    values = list(zip(*batch, strict=True)) if batch else [()] * len(columns)
    frame = pl.DataFrame(
        {
            name: pl.Series(column, dtype=pl.String)
            for name, column in zip(columns, values, strict=True)
        }
    ).with_columns(pl.all().str.strip_chars().replace("", None))
    return frame.with_columns(pl.Series("row", numbers, dtype=pl.Int64))


def read_parquet(source: Source) -> Table:
    """A parquet file, each column cast to text."""
    with source.binary() as raw:
        try:
            frame = pl.read_parquet(raw)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ImportRefusedError(f"{source.path} is a damaged parquet file: {error}") from None
    columns = [
        pl.col(name).cast(pl.String).str.strip_chars().replace("", None) for name in frame.columns
    ]
    return Table(
        frame.select(*columns, pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias("row"))
    )


def read_json_lines(source: Source) -> Iterator[tuple[int, Any]]:
    """(line number, value) of each line that is not blank; a Reject where it is no JSON."""
    with source.text() as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield (
                    number,
                    Reject(number, f"line {number} is no JSON: {error}", {"line": line[:500]}),
                )
