"""What kind of file this is, judged by its content alone."""

import csv
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import orjson
import polars as pl

from ingest.source import ImportRefusedError, Source
from ingest.tables import delimiter_of

Kind = Literal["parquet", "table", "JSON lines", "XML", "YAML", "text"]

_YAML_KEY = re.compile(r"^(?:- |  )([A-Za-z_][\w-]*):", re.MULTILINE)
_XML_TAG = re.compile(r"<(?:[\w-]+:)?([A-Za-z_][\w-]*)")


@dataclass(frozen=True, slots=True)
class Shape:
    """A file's kind and the names it uses: columns, keys or tags, as written."""

    kind: Kind
    names: tuple[str, ...]

    def has(self, required: frozenset[str]) -> bool:
        """Whether every required name is there, upper and lower case alike."""
        return required <= {name.lower() for name in self.names}

    def text(self) -> str:
        """What was found, for an error message."""
        if self.kind == "text":
            return "text without columns"
        shown = ", ".join(self.names[:12]) + (", …" if len(self.names) > 12 else "")
        return f"{'a table' if self.kind == 'table' else self.kind} with {shown or 'no names'}"


def shape_of(source: Source) -> Shape:
    """Look at the start of the file.

    Raises ImportRefusedError where it is empty, damaged or not text in the source's encoding.
    """
    head = source.head()
    if head.startswith(b"PAR1"):
        return Shape("parquet", _parquet_columns(source))
    with source.text() as text:
        start = text.read(len(head)).lstrip()
    first_line = start.split("\n", 1)[0].rstrip("\r")
    if start.startswith("{"):
        return Shape("JSON lines", _json_keys(source))
    if start.startswith("<"):
        return Shape("XML", tuple(dict.fromkeys(_XML_TAG.findall(start))))
    if start.startswith("- ") and _YAML_KEY.search(start):
        return Shape("YAML", tuple(dict.fromkeys(_YAML_KEY.findall(start))))
    columns = next(csv.reader([first_line], delimiter=delimiter_of(first_line)), [])
    if len(columns) < 2:
        return Shape("text", ())
    return Shape("table", tuple(name.strip() for name in columns))


def _parquet_columns(source: Source) -> tuple[str, ...]:
    with source.binary() as raw:
        try:
            return tuple(pl.read_parquet_schema(BytesIO(raw.read())))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ImportRefusedError(f"{source.path} is a damaged parquet file: {error}") from None


def _json_keys(source: Source) -> tuple[str, ...]:
    with source.text() as text:
        first = next((line for line in text if line.strip()), "")
    try:
        value = orjson.loads(first)
    except orjson.JSONDecodeError:
        return ()
    return tuple(value) if isinstance(value, dict) else ()
