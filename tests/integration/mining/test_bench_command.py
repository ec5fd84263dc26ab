"""`cartwright bench mine` on files it has not seen."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

SPMF_TEXT = "1 2 -1 3 -1 -2\n1 -1 3 -1 -2\n2 -1 3 -1 -2\n"
BENCH = ["bench", "mine", "--data"]
PLAIN_TEXT = "1 2 3\n1 3\n2 3 3\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [(SPMF_TEXT, ["prefixspan", "spade", "apriori-all"]), (PLAIN_TEXT, ["spade"])],
    ids=["spmf", "plain"],
)
def test_every_algorithm_is_timed_on_either_format(
    tmp_path: Path, text: str, names: list[str]
) -> None:
    data, figures = tmp_path / "data.txt", tmp_path / "figures.json"
    data.write_text(text)

    result = CliRunner().invoke(
        app,
        [*BENCH, str(data), "--minsup", "2", "--json", str(figures)]
        + [word for name in names for word in ("--algorithm", name)],
    )

    assert result.exit_code == 0, result.output
    contenders = json.loads(figures.read_text())["contenders"]
    assert [one["name"] for one in contenders] == [f"cartwright {name}" for name in names]
    assert {one["patterns"] for one in contenders} == {5}
    assert all(0 < one["mining"] <= one["whole"] and one["peak_mb"] > 1 for one in contenders)


def test_a_peer_that_is_not_there_is_told_and_fails(tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    data.write_text(PLAIN_TEXT)

    result = CliRunner().invoke(
        app,
        [*BENCH, str(data), "--minsup", "2", "--algorithm", "spade", "--spmf-jar", "none.jar"],
    )

    assert result.exit_code == 1
    assert "none.jar" in result.output
    assert "failed" in result.output


@pytest.mark.parametrize(
    "words", [["--minsup", "0"], ["--minsup", "x"], ["--minsup", "2", "--algorithm", "magic"]]
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, words: list[str]) -> None:
    data = tmp_path / "data.txt"
    data.write_text(PLAIN_TEXT)

    result = CliRunner().invoke(app, [*BENCH, str(data), *words])

    assert result.exit_code != 0
    assert "Traceback" not in result.output
