"""An import that is killed outright goes on when it is started again, and ends the same."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from db.engine import SessionFactory
from ingest.events import Outcome
from tests.conftest import START
from tests.imports import (
    ONLINE_RETAIL,
    everything,
    everything_unstopped,
    write_log,
)

CHILD = f"""
import sys
from datetime import datetime
from pathlib import Path
import ingest.events
from core.clock import SimulatedClock
from db.engine import make_engine, make_session_factory
from ingest.logs import choose_log_format
from ingest.source import Source

url, path, chunk = sys.argv[1:]
ingest.events.CHUNK_ROWS = int(chunk)
source = Source(Path(path))
chosen, shape = choose_log_format(source, name=None, mapping=None)
ingest.events.import_log(
    make_session_factory(make_engine(url)), source, chosen, shape,
    currency=chosen.currency or "EUR",
    clock=SimulatedClock(datetime.fromisoformat("{START.isoformat()}")),
    report=lambda stage, done, total: print(stage, done, flush=True),
)
print("finished", flush=True)
"""


def kill_at_random(url: str, log: Path, *, chunk: int, times: int, rows: int, seed: int) -> int:
    """Import, killing the process at random points spread over the log; says how often it was.

    The first kill hits the cleaning or the catalogue, each other a further part of the events.
    """
    chance = random.Random(seed)  # noqa: S311 when to kill, no secret
    killed = 0
    for number in range(times):
        stop_at = rows * (number + chance.random()) / (times + 1)
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, url, str(log), str(chunk)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                stage, _, done = line.strip().partition(" ")
                if number == 0 and stage == "cleaning":
                    break
                if stage == "storing" and int(done) >= stop_at:
                    break
            try:
                process.wait(chance.uniform(0, 0.1))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                killed += 1
    return killed


@pytest.mark.slow
def test_a_killed_import_ends_the_same(
    database_url: str,
    sessions: SessionFactory,
    import_file: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    log = write_log(tmp_path / "log.csv", invoices=500)
    rows = log.read_text().count("\n") - 1
    assert kill_at_random(database_url, log, chunk=100, times=4, rows=rows, seed=11) >= 3
    import_file(log)
    assert everything(sessions) == everything_unstopped(log, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason="the real log is not here")
def test_a_killed_import_of_a_real_log_ends_the_same(
    database_url: str,
    sessions: SessionFactory,
    import_file: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    log, rows, chunk, times = tmp_path / "slice.parquet", 20_000, 2_000, 2
    if os.environ.get("CARTWRIGHT_TEST_WHOLE_LOG") == "1":
        log, rows, chunk, times = ONLINE_RETAIL, 541_909, 20_000, 10
    else:
        pl.read_parquet(ONLINE_RETAIL).head(rows).write_parquet(log)
    killed = kill_at_random(database_url, log, chunk=chunk, times=times, rows=rows, seed=3)
    assert killed == times
    import_file(log)
    in_pieces, whole = everything(sessions), everything_unstopped(log, tmp_path)
    assert len(whole["events"]) >= rows
    for table, content in whole.items():
        assert in_pieces[table] == content, f"{table} differs"
