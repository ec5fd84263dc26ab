"""`cartwright bench abandonment` from a table to its figures."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.abandonment.compare import expected_calibration_error
from benchmarks.abandonment.visits import VisitsError, read_visits
from cli.main import app
from recommender.session_intent import COLUMNS, PAGE_VALUE

HEADER = (*COLUMNS, PAGE_VALUE, "Revenue")


def written(path: Path, *, separator: str = ",", visits: int = 60, **changed: str) -> Path:
    rows = [separator.join(HEADER)]
    for number in range(visits):
        fields = dict.fromkeys(HEADER, str(number % 7)) | {
            "Month": "June",
            "VisitorType": "Other",
            "Weekend": "FALSE",
            "Revenue": "TRUE" if number % 3 == 0 else "FALSE",
        }
        rows.append(separator.join((fields | changed)[name] for name in HEADER))
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_whatever_separates_its_fields(tmp_path: Path, separator: str) -> None:
    visits, bought = read_visits(written(tmp_path / "v.csv", separator=separator))
    assert visits.width == len(HEADER) - 1
    assert bought.sum() == 20


def test_an_empty_field_is_a_missing_value(tmp_path: Path) -> None:
    visits, _ = read_visits(written(tmp_path / "v.csv", ExitRates=""))
    assert visits["ExitRates"].null_count() == 60


def test_a_value_that_is_none_is_named_with_its_column(tmp_path: Path) -> None:
    with pytest.raises(VisitsError, match="ExitRates 'much' cannot be read"):
        read_visits(written(tmp_path / "v.csv", ExitRates="much"))


def test_calibration_error_is_the_gap_of_what_was_said_and_what_happened() -> None:
    bought = np.array([True, False, False, False])
    assert expected_calibration_error(bought, np.full(4, 0.25)) == 0.0
    assert expected_calibration_error(bought, np.full(4, 0.75)) == pytest.approx(0.5)


def test_every_model_is_measured_with_and_without_page_values(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = CliRunner().invoke(
        app,
        ["bench", "abandonment", "--data", str(written(tmp_path / "v.csv")), "--folds", "2",
         "--repeats", "2", "--json", str(figures)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    measured = json.loads(figures.read_text())
    assert set(measured) == {"with PageValues", "without PageValues"}
    assert [row["model"] for row in measured["with PageValues"]] == [
        "logistic", "LightGBM", "session intent"]  # fmt: skip


def test_a_table_without_the_target_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("Month,Weekend\nJune,TRUE\n")
    done = CliRunner().invoke(app, ["bench", "abandonment", "--data", str(path)])
    assert done.exit_code == 1
    assert "lacks the columns" in " ".join(done.output.split())
