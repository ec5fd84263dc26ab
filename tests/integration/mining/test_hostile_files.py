"""What `cartwright mine --data` does with files that are broken, empty or would never end."""

import gzip
import os
import pty
import re
import signal
import subprocess  # the command is run as somebody runs it
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app

WHOLE = "1 2 -1 3 -1 -2\n1 -1 3 -1 -2\n"
LATEST = 120.0
"""Seconds after which an answer to Ctrl-C is taken to be a hang, with compilation in it."""


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


@pytest.mark.parametrize("algorithm", ["prefixspan", "spade"])
def test_one_gigantic_sequence_stops_with_what_to_do(tmp_path: Path, algorithm: str) -> None:
    data = tmp_path / "giant.txt"
    data.write_text(" ".join(map(str, range(20_000))) + "\n")

    result = mine(
        data,
        "--min-support",
        "1",
        "--algorithm",
        algorithm,
        "--max-patterns",
        "2000",
        "--show",
        "3",
    )

    assert result.exit_code == 0, result.output
    assert "the whole would be" in told(result)
    assert "Raise the minimum support" in told(result)


def test_one_gigantic_sequence_is_mined_where_the_patterns_are_short(tmp_path: Path) -> None:
    data, out = tmp_path / "giant.txt", tmp_path / "out.spmf"
    data.write_text(" ".join(str(place % 50) for place in range(200_000)) + "\n")

    result = mine(data, "--min-support", "1", "--max-length", "2", "--out", str(out), "--show", "1")

    assert result.exit_code == 0, result.output
    assert len(out.read_text().splitlines()) == 50 + 50 * 50


def test_a_gigantic_sequence_in_spmf_format_is_recognised_by_its_elements(tmp_path: Path) -> None:
    data, out = tmp_path / "giant.txt", tmp_path / "out.spmf"
    data.write_text("".join(f"{place % 50} -1 " for place in range(400_000)) + "-2\n")

    result = mine(data, "--min-support", "1", "--max-length", "1", "--out", str(out), "--show", "1")

    assert result.exit_code == 0, result.output
    assert len(out.read_text().splitlines()) == 50


def test_ctrl_c_ends_a_run_with_what_it_has(tmp_path: Path) -> None:
    data = tmp_path / "explodes.txt"
    data.write_text((" ".join(map(str, range(40))) + "\n") * 3)
    words = ["mine", "--data", str(data), "--min-support", "3", "--show", "2"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words, "--max-patterns", "1000000000"],
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "COLUMNS": "160", "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        said = ""
        while not re.search(r"[1-9][\d,]* found", said):
            said += os.read(ours, 65_536).decode(errors="replace")
        process.send_signal(signal.SIGINT)
        try:
            while piece := os.read(ours, 65_536):
                said += piece.decode(errors="replace")
        except OSError:
            pass  # A terminal whose other side is closed reads as an error.
        status = process.wait(timeout=LATEST)
    os.close(ours)

    assert status == 0, said[-2000:]
    assert "stopped after" in said
    assert "incomplete" in said
