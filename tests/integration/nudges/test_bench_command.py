"""`cartwright bench nudges` fills, sweeps and says what it took."""

import re

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.conftest import POSTGRES, postgres_problem

pytestmark = [pytest.mark.service, pytest.mark.slow]


def test_every_due_cart_is_judged_once_by_the_sweepers_together() -> None:
    if problem := postgres_problem():
        pytest.skip(f"no PostgreSQL at {POSTGRES}: {problem}")
    words = ["bench", "nudges", "--carts", "1500", "--due", "120", "--server", POSTGRES]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    judged = "1,500 open carts, 120 of 120 due ones judged, (\\d+) sent, (\\d+) held out by 2"
    found = re.search(judged, result.output)
    assert found, result.output
    assert int(found[1]) + int(found[2]) == 120


def test_a_server_that_is_not_there_is_named() -> None:
    server = "postgresql://postgres@127.0.0.1:1/postgres"
    result = CliRunner().invoke(app, ["bench", "nudges", "--server", server])
    assert result.exit_code == 1
    assert f"No database could be made at {server}" in result.output
