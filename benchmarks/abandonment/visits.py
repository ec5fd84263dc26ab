"""Reads a table of visits in the layout of UCI Online Shoppers Purchasing Intention (id 468)."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.session_intent import COLUMNS, PAGE_VALUE

TARGET = "Revenue"
_NAMES = ("Month", "VisitorType")
_FLAGS = ("Weekend", TARGET)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class VisitsError(ValueError):
    """The file is no such table; the message says why."""


def read_visits(path: Path) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """The visits, without the target, and whether each ended in a purchase.

    Separated by commas, semicolons or tabs; an empty field is a missing value.
    """
    try:
        with path.open(encoding="utf-8") as file:
            header = file.readline()
    except UnicodeDecodeError as error:
        raise VisitsError(f"{path} is no UTF-8 text ({error})") from error
    separator = max(",;\t", key=header.count)
    try:
        table = pl.read_csv(path, separator=separator, infer_schema=False, null_values=[""])
    except pl.exceptions.PolarsError as error:
        raise VisitsError(f"{path} cannot be read as a table: {error}") from error
    missing = [column for column in (*COLUMNS, TARGET) if column not in table.columns]
    if missing:
        raise VisitsError(f"{path} lacks the columns {', '.join(missing)}")
    used = [column for column in (*COLUMNS, PAGE_VALUE, TARGET) if column in table.columns]
    visits = table.select(_typed(table[column]) for column in used)
    if visits[TARGET].null_count():
        raise VisitsError(f"{path}: {visits[TARGET].null_count()} visits have no {TARGET}")
    return visits.drop(TARGET), visits[TARGET].to_numpy().astype(bool)


def _typed(column: pl.Series) -> pl.Series:
    if column.name in _NAMES:
        return column
    if column.name in _FLAGS:
        typed = column.str.to_lowercase().replace_strict(
            list(_TRUTH), list(_TRUTH.values()), default=None, return_dtype=pl.Boolean
        )
    else:
        typed = column.cast(pl.Float64, strict=False)
    broken = column.filter(typed.is_null() & column.is_not_null())
    if len(broken):
        raise VisitsError(f"{column.name} {broken[0]!r} cannot be read ({len(broken)} such values)")
    return typed
