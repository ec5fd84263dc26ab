"""Results in files, by the file's ending."""

import json
from pathlib import Path

import polars as pl
import pytest

from recommender.mining.database import SequenceDatabase
from recommender.mining.export import UnknownEndingError, named, write_patterns, write_rules
from recommender.mining.job import Found, Job, mine

NAMES: dict[object, str] = {"t": "Tent", "m": "Mat, blue"}


@pytest.fixture(scope="module")
def found() -> Found:
    database = SequenceDatabase.from_lists([[["t", "z"], "m"]] * 2 + [["m"]])
    return mine(database, Job(min_support=2, min_steps=2))


def test_a_sequence_reads_with_names_where_there_are_some() -> None:
    assert named((("t", "z"), ("m",)), NAMES) == "Tent + z → Mat, blue"


def test_csv_has_ids_names_and_counts(found: Found, tmp_path: Path) -> None:
    write_patterns(found.patterns, tmp_path / "p.csv", names=NAMES)

    first = pl.read_csv(tmp_path / "p.csv").row(0, named=True)
    assert json.loads(first["pattern"]) == [["t", "z"], ["m"]]
    assert first["names"] == "Tent + z → Mat, blue"
    assert (first["support"], first["length"]) == (2, 3)
    assert first["share"] == pytest.approx(2 / 3)
    assert first["complete"] is True


def test_parquet_and_json_keep_lists_as_lists(found: Found, tmp_path: Path) -> None:
    write_patterns(found.patterns, tmp_path / "p.parquet", names=NAMES)
    write_patterns(found.patterns, tmp_path / "p.json", names=NAMES)

    rows = pl.read_parquet(tmp_path / "p.parquet").to_dicts()
    assert rows[0]["pattern"] == [["t", "z"], ["m"]]
    assert json.loads((tmp_path / "p.json").read_text()) == rows


def test_spmf_is_written_as_spmf_writes_it(found: Found, tmp_path: Path) -> None:
    write_patterns(found.patterns, tmp_path / "p.spmf", names=NAMES)

    assert (tmp_path / "p.spmf").read_text().splitlines()[0] == "t z -1 m -1 #SUP: 2"


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_rules_are_written_with_every_measure(found: Found, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rules.{ending}"

    write_rules(found.rules, path, names=NAMES)

    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}[ending]
    rows = read(path)
    assert len(rows) == len(found.rules) > 0
    measures = ("support", "confidence", "lift", "leverage", "conviction", "p_value")
    assert {*measures, "antecedent_names", "consequent_names"} <= set(rows.columns)


def test_an_unknown_ending_is_refused_with_the_known_ones(found: Found, tmp_path: Path) -> None:
    with pytest.raises(UnknownEndingError, match=r"\.csv, \.parquet, \.json"):
        write_patterns(found.patterns, tmp_path / "p.docx", names=NAMES)
