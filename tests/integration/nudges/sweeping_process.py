"""Sweepers in processes of their own, forked from one that has everything imported."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.clock import SimulatedClock, parse_utc
from core.settings import Settings
from db.engine import make_engine, make_session_factory
from db.pricing import DeliveryRule
from nudges.channels.email import EmailChannel
from nudges.decision import AlwaysRemind
from nudges.sweep import Sweeper
from tests.integration.nudges.shoppers import policy

RULES: dict[str, Any] = {
    "quiet_hours": {"begin": "00:00:00", "end": "00:00:00"},
    "delivery": {"lease_minutes": 1, "attempts": 1_000_000},
    "stages": [{"name": "first", "after_minutes": 60, "channels": ["email"]}],
}


def sweep(engine: Engine, port: int, now: datetime, *, page: int, at_most: int) -> None:
    """Sweep once; the clock stands still at `now`."""
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{port}")
    Sweeper(
        make_session_factory(engine, delivery=DeliveryRule.of(settings)),
        settings=settings,
        policy=policy(**RULES | {"delivery": RULES["delivery"] | {"per_minute": at_most}}),
        channels=[EmailChannel(settings)],
        decider=AlwaysRemind(),
        clock=SimulatedClock(now),
        page=page,
    ).run()
    engine.dispose()


class Sweepers:
    """Starts sweepers: forks of one process that has everything imported, so that each is quick."""

    def __init__(self, url: str, port: int, *, page: int) -> None:
        self._server = subprocess.Popen(
            # The threads that fork() warns of are idle pools of what was imported.
            [
                sys.executable,
                "-W",
                "ignore::DeprecationWarning",
                "-m",
                __name__,
                url,
                str(port),
                str(page),
            ],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, now: datetime) -> int:
        """The id of a process that sweeps once, by a clock that stands at `now`."""
        return int(self._ask(f"start {now.isoformat()}"))

    def end_of(self, process: int) -> int:
        """Waits for the end of a process: 0 where it went well, minus the signal that ended it."""
        return int(self._ask(f"wait {process}"))

    def close(self) -> None:
        """End the process that the sweepers come from."""
        self._server.communicate()

    def _ask(self, line: str) -> str:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(line + "\n")
        self._server.stdin.flush()
        return self._server.stdout.readline()


def main(url: str, port: str, page: str) -> None:
    """Fork and wait as the lines on stdin say; the first mails are sent before the first fork.

    That prepares the statements of all forks, which would otherwise spend their lives on it.
    """
    engine = make_engine(url)
    is_first = True
    for line in sys.stdin:
        word, _, value = line.strip().partition(" ")
        if word == "wait":
            _, status = os.waitpid(int(value), 0)
            answer(os.waitstatus_to_exitcode(status))
            continue
        now = parse_utc(value)
        if is_first:
            sweep(engine, int(port), now, page=int(page), at_most=int(page))
            is_first = False
        child = os.fork()
        if child == 0:
            status = 1
            try:
                sweep(engine, int(port), now, page=int(page), at_most=1_000_000)
                status = 0
            finally:
                os._exit(status)
        answer(child)


def answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
