"""Training every day: off unless a time is set, one process a training, its end told."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from cli.train_daily import TRAIN, Trainer
from cli.up import commands
from core.settings import Settings

ROOT = Path(__file__).parents[3]
TIME_OF_DAY = "CARTWRIGHT_TRAIN_AT"


def test_by_default_nothing_trains_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TIME_OF_DAY, raising=False)
    assert "train" not in {command.name for command in commands(Settings())}


def test_a_shop_that_names_a_time_has_one_process_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TIME_OF_DAY, "03:30")
    settings = Settings()
    assert settings.train_at == time_of_day(3, 30)
    (command,) = [one for one in commands(settings) if one.name == "train"]
    assert command.argv[-1] == "train-daily"


@pytest.mark.parametrize("wrong", ["soon", "25:00", "03:30Z"])
def test_a_wrong_time_is_named(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(TIME_OF_DAY, wrong)
    with pytest.raises(ValidationError, match="train_at"):
        Settings()


def test_how_a_training_ended_is_logged() -> None:
    with capture_logs() as logs:
        Trainer((sys.executable, "-c", "")).run()
        Trainer((sys.executable, "-c", "raise SystemExit(3)")).run()
    assert [one["event"] for one in logs] == [
        "training_began",
        "training_ended",
        "training_began",
        "training_failed",
    ]
    assert logs[3]["status"] == 3
    assert {*logs[1]} == {"event", "log_level", "seconds", "in_force"}


def test_a_stop_ends_the_training_that_runs() -> None:
    trainer = Trainer((sys.executable, "-c", "import time; print(1); time.sleep(600)"))
    running = threading.Thread(target=trainer.run)
    running.start()
    while running.is_alive():
        trainer.stop()
        time.sleep(0.02)
    running.join()


def test_a_stop_that_comes_before_the_training_has_begun_ends_it_too() -> None:
    trainer = Trainer((sys.executable, "-c", "import time; time.sleep(600)"))
    trainer.stop()
    with capture_logs() as logs:
        trainer.run()
    assert logs[-1]["status"] == -signal.SIGTERM


def test_the_training_runs_where_the_command_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Trainer((sys.executable, "-c", "open('here', 'w').close()")).run()
    assert (tmp_path / "here").exists()
    (tmp_path / "cli.py").write_text("raise SystemExit(1)")
    subprocess.run([*TRAIN, "--help"], check=True)


def start(**variables: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name != TIME_OF_DAY}
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "train-daily"],
        cwd=ROOT,
        env=inherited | variables,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_without_a_time_the_command_says_what_to_set() -> None:
    process = start()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Set CARTWRIGHT_TRAIN_AT" in said


def test_it_waits_for_its_time_and_ends_when_told() -> None:
    at = f"{datetime.now(ZoneInfo('Europe/Berlin')) + timedelta(hours=12):%H:%M}"
    process = start(**{TIME_OF_DAY: at})
    assert process.stderr is not None
    told = (json.loads(line) for line in process.stderr if line.startswith("{"))
    due = next(line for line in told if line["event"] == "training_is_due")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)
    assert (due["at"], due["zone"]) == (at, "Europe/Berlin")
    assert process.returncode == 0
