"""What `cartwright mine --data` does with files that are broken or empty."""

import gzip
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app

WHOLE = "1 2 -1 3 -1 -2\n1 -1 3 -1 -2\n"


def mine(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["mine", "--data", str(data), *words], env={"COLUMNS": "200"})


def told(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no sequence in it"),
        ("\n \n", "no sequence in it"),
        ("1 2 3\n4 -5 6\n", "line 2 (read as plain): a negative number"),
        (WHOLE + "1 -1 -7 -1 -2\n", "line 3 (read as SPMF): a negative number"),
        (WHOLE + "1 -1 2 -1\n", "line 3 (read as SPMF): the sequence does not end with -2"),
        (WHOLE + "1 -1 tent -1 -2\n", "line 3 (read as SPMF): expected whole numbers"),
        ("1 2\n3 99999999999999999999\n", "line 2 (read as plain): a number that does not fit"),
    ],
    ids=["empty", "blank", "negative", "negative-spmf", "no-end", "words", "too-large"],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    data = tmp_path / "data.txt"
    data.write_text(text)

    result = mine(data, "--min-support", "1")

    assert result.exit_code == 1
    assert message in told(result)
    assert "Traceback" not in result.output


@pytest.mark.parametrize("damage", ["cut", "bytes", "no-gzip"])
def test_a_damaged_gzip_file_is_told(tmp_path: Path, damage: str) -> None:
    data = tmp_path / "data.txt.gz"
    packed = gzip.compress(WHOLE.encode() * 50)
    middle = len(packed) // 2
    broken = {
        "cut": packed[:middle],
        "bytes": packed[:12] + b"\xff" * 8 + packed[20:],
        "no-gzip": WHOLE.encode(),
    }
    data.write_bytes(broken[damage])

    result = mine(data, "--min-support", "1")

    assert result.exit_code == 1
    assert "not a whole gzip file" in told(result)


def test_a_support_of_nothing_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    data.write_text(WHOLE)

    result = mine(data, "--min-support", "0")

    assert result.exit_code == 1
    assert "minimum support is 0.0: give a count of at least 1" in told(result)
