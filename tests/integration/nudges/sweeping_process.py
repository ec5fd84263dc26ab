"""Sweepers in processes of their own, forked from one that has everything imported."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.clock import SimulatedClock, parse_utc
from core.settings import Settings
from db.engine import make_engine, make_session_factory
from db.pricing import DeliveryRule
from nudges.channels.email import EmailChannel
from nudges.channels.telegram import TelegramChannel
from nudges.policy import Policy
from nudges.sweep import Sweeper
from tests.bot_api import TOKEN
from tests.integration.nudges.coupons import Always
from tests.integration.nudges.shoppers import policy

CHANNELS = ["telegram", "email"]
STAGES: list[dict[str, Any]] = [
    {"name": "first", "after_minutes": 60},
    {"name": "second", "after_minutes": 1200, "treatments": ["reminder", "percent_10"]},
    {"name": "last", "after_minutes": 4320, "treatments": ["reminder", "percent_10"]},
]


@dataclass(frozen=True, slots=True)
class Work:
    """What the sweepers sweep: a database, into a mail server and a server of Telegram's.

    `budget` is what the day's coupons may cost, in minor units; `page` how many nudges they take up
    at once.
    """

    url: str
    smtp_port: int
    telegram_url: str
    budget: int
    page: int


def rules(work: Work, *, at_most: int) -> Policy:
    """Three stages on two channels, the later ones with coupons, at any time of the day."""
    return policy(
        quiet_hours={"begin": "00:00:00", "end": "00:00:00"},
        delivery={"lease_minutes": 1, "attempts": 1_000_000, "per_minute": at_most},
        stages=[stage | {"channels": CHANNELS} for stage in STAGES],
        incentives={"daily_budget": work.budget},
    )


def sweep(engine: Engine, work: Work, now: datetime, *, at_most: int = 1_000_000) -> None:
    """Sweep once; the clock stands still at `now`."""
    settings = Settings(
        smtp_url=f"smtp://127.0.0.1:{work.smtp_port}",
        telegram_token=TOKEN,
        telegram_bot="shop_bot",
        telegram_url=work.telegram_url,
    )
    Sweeper(
        make_session_factory(engine, delivery=DeliveryRule.of(settings)),
        settings=settings,
        policy=rules(work, at_most=at_most),
        channels=[EmailChannel(settings), TelegramChannel(settings)],
        decider=Always("percent_10"),
        clock=SimulatedClock(now),
        page=work.page,
    ).run()
    engine.dispose()


class Sweepers:
    """Starts sweepers: forks of one process that has everything imported, so that each is quick."""

    def __init__(self, work: Work) -> None:
        self._server = subprocess.Popen(
            # The threads that fork() warns of are idle pools of what was imported.
            [
                sys.executable,
                "-W",
                "ignore::DeprecationWarning",
                "-m",
                __name__,
                json.dumps(asdict(work)),
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


def main(work: Work) -> None:
    """Fork and wait as the lines on stdin say; a page is sent before the first fork.

    That prepares the statements of all forks, which would otherwise spend their lives on it.
    """
    engine = make_engine(work.url)
    is_first = True
    for line in sys.stdin:
        word, _, value = line.strip().partition(" ")
        if word == "wait":
            _, status = os.waitpid(int(value), 0)
            answer(os.waitstatus_to_exitcode(status))
            continue
        now = parse_utc(value)
        if is_first:
            sweep(engine, work, now, at_most=work.page)
            is_first = False
        child = os.fork()
        if child == 0:
            status = 1
            try:
                sweep(engine, work, now)
                status = 0
            finally:
                os._exit(status)
        answer(child)


def answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Work(**json.loads(sys.argv[1])))
