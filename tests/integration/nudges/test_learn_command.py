"""`cartwright nudges learn` and `compare` ask the shop's own decisions."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from core.clock import SimulatedClock, SystemClock
from core.settings import get_settings
from db.engine import SessionFactory
from nudges.uplift.learn import RIPE, in_force
from tests.integration.nudges.test_learning import log_of


@pytest.fixture
def models(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CARTWRIGHT_MODELS_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def test_what_it_learned_is_in_force(models: Path, sessions: SessionFactory) -> None:
    clock = SimulatedClock(SystemClock().now())
    log_of(sessions, clock, 3000, ago=RIPE + timedelta(days=4))
    result = CliRunner().invoke(app, ["nudges", "learn"])
    assert result.exit_code == 0, result.output
    assert "3,000 settled decisions" in result.output
    version = in_force(models).version
    assert version != "prior"
    assert f"In force: {version}." in result.output
    assert "doubly robust +" in result.output
    assert "by inverse propensity +" in result.output


@pytest.mark.usefixtures("models")
def test_other_policies_are_told_beside_the_one_in_force(
    sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    clock = SimulatedClock(SystemClock().now())
    log_of(sessions, clock, 3000, ago=RIPE + timedelta(days=4))
    result = CliRunner().invoke(app, ["nudges", "compare"])
    assert result.exit_code == 0, result.output
    rows = [line.split("│")[1].strip() for line in result.output.splitlines() if "€" in line[1:]
            and "│" in line]  # fmt: skip
    assert set(rows) == {
        "prior, in force", "a candidate", "nobody", "reminder to all", "free delivery to all",
        "coupon to all",
    }  # fmt: skip
    assert rows[0] in ("a candidate", "free delivery to all")
    assert "free_delivery 100%" in result.output


@pytest.mark.usefixtures("models", "sessions")
@pytest.mark.parametrize("command", ["learn", "compare"])
def test_without_decisions_it_says_what_is_missing(command: str) -> None:
    result = CliRunner().invoke(app, ["nudges", command])
    assert result.exit_code == 1
    assert "not enough data yet: 0 of the 500" in result.output
