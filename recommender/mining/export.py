"""Writes what was mined to a file: CSV, Parquet, JSON or SPMF's format, by the file's ending."""

from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import polars as pl

from recommender.mining.patterns import Element, Patterns
from recommender.mining.readers import write_spmf
from recommender.mining.rules import Rule, to_frame

type Names = Mapping[object, str]

PATTERN_ENDINGS = (".csv", ".parquet", ".json", ".spmf", ".txt")
RULE_ENDINGS = (".csv", ".parquet", ".json")


class UnknownEndingError(ValueError):
    """A file ending that says no format; the message lists those that do."""


def check_ending(path: Path, endings: tuple[str, ...]) -> None:
    """Raise UnknownEndingError unless the file's ending is one of these."""
    if path.suffix not in endings:
        raise UnknownEndingError(f"{path}: the ending says the format, one of {', '.join(endings)}")


def named(elements: tuple[Element, ...], names: Names) -> str:
    """Elements as people read them: `Tent → Mat + Mug`; an item without a name is itself."""
    return " → ".join(" + ".join(names.get(i, str(i)) for i in element) for element in elements)


def write_patterns(patterns: Patterns, path: Path, *, names: Names) -> None:
    """Write patterns; all formats but SPMF's name the items too."""
    check_ending(path, PATTERN_ENDINGS)
    if path.suffix in (".spmf", ".txt"):
        write_spmf(patterns, path)
        return
    frame = patterns.to_frame().with_columns(
        pl.Series("names", [named(pattern.elements, names) for pattern in patterns], pl.String),
        complete=pl.lit(patterns.complete),
    )
    _write(frame, path, lists=("pattern",))


def write_rules(rules: list[Rule], path: Path, *, names: Names) -> None:
    """Write rules with all measures and the items' names."""
    check_ending(path, RULE_ENDINGS)
    frame = to_frame(rules).with_columns(
        pl.Series("antecedent_names", [named(r.antecedent, names) for r in rules], pl.String),
        pl.Series("consequent_names", [named(r.consequent, names) for r in rules], pl.String),
    )
    _write(frame, path, lists=("antecedent", "consequent"))


def _write(frame: pl.DataFrame, path: Path, *, lists: tuple[str, ...]) -> None:
    writers: dict[str, Callable[[], object]] = {
        ".parquet": lambda: frame.write_parquet(path),
        ".json": lambda: path.write_text(_json(frame)),
        ".csv": lambda: _flat(frame, lists).write_csv(path),
    }
    writers[path.suffix]()


def _flat(frame: pl.DataFrame, lists: tuple[str, ...]) -> pl.DataFrame:
    """The frame with lists as JSON text, for a format that has none."""
    return frame.with_columns(
        pl.Series(name, [orjson.dumps(value).decode() for value in frame[name].to_list()])
        for name in lists
    )


def _json(frame: pl.DataFrame) -> str:
    """Rows as JSON; infinity, which JSON lacks, becomes null."""
    return orjson.dumps(frame.to_dicts(), option=orjson.OPT_INDENT_2).decode()
