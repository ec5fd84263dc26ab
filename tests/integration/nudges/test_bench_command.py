"""`cartwright bench nudges` fills, sweeps and says what it took."""

import re

import pytest
from typer.testing import CliRunner

from benchmarks.nudges import measure
from benchmarks.nudges.measure import Measured, shortfalls
from cli.main import app
from tests.conftest import POSTGRES, postgres_problem


@pytest.mark.service
@pytest.mark.slow
def test_every_due_cart_is_judged_once_by_the_sweepers_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What a process takes says nothing about so few carts.
    monkeypatch.setattr(measure, "GROWTH", 10.0)
    if problem := postgres_problem():
        pytest.skip(f"no PostgreSQL at {POSTGRES}: {problem}")
    words = ["bench", "nudges", "--carts", "3000", "--due", "240", "--server", POSTGRES]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    judged = (
        "3,000 open carts, 240 of 240 due ones judged, (\\d+) sent \\((\\d+) with a coupon\\), "
        "(\\d+) held out, (\\d+) stopped or put off, by 2"
    )
    found = re.search(judged, result.output)
    assert found, result.output
    sent, coupons, held_out, others = map(int, found.groups())
    assert sent + held_out + others == 240
    assert 0 < coupons < sent > held_out > 0
    assert "A tenth: 300 open carts, 24 of 24 due ones judged" in result.output


def measured(**values: float) -> Measured:
    counts = {"carts": 10, "due": 1, "sweepers": 2, "swept": 1, "sent": 1, "coupons": 0}
    usual = {"held_out": 0, "seconds": 60.0, "cpu_seconds": 9.0, "peak_megabytes": 330.0}
    return Measured(**(counts | usual | values))  # type: ignore[arg-type]


def test_a_sweep_that_takes_too_long_or_grows_with_the_carts_falls_short() -> None:
    assert shortfalls(measured(), measured(peak_megabytes=300.0)) == []
    (slow,) = shortfalls(measured(seconds=60.1), measured())
    assert "took 60.1 s" in slow
    (large,) = shortfalls(measured(), measured(peak_megabytes=299.0))
    assert "1.10 times" in large


def test_what_falls_short_ends_the_command_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, carts: int, **__: object) -> Measured:
        return measured(carts=carts, seconds=61.0)

    monkeypatch.setattr("benchmarks.nudges.measure.measure", slow)
    result = CliRunner().invoke(app, ["bench", "nudges"])
    assert result.exit_code == 1
    assert "took 61.0 s and may take 60 s" in result.output


def test_a_server_that_is_not_there_is_named() -> None:
    server = "postgresql://postgres@127.0.0.1:1/postgres"
    result = CliRunner().invoke(app, ["bench", "nudges", "--server", server])
    assert result.exit_code == 1
    assert f"No database could be made at {server}" in result.output
