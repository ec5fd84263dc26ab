"""One sweep over a filled database, in a process of its own so that its peak memory is its own."""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import process_time, time

from core.clock import SimulatedClock, parse_utc
from core.settings import Settings
from db.engine import make_engine, make_session_factory
from db.models import Channel as ChannelName
from db.pricing import DeliveryRule
from nudges.channels import Outcome, OutcomeKind
from nudges.leaving import LeavingScores
from nudges.message import Message
from nudges.policy import load_policy
from nudges.sweep import Sweeper
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.model import prior


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweeper did, from when to when (seconds since 1970); its own processor time."""

    seen: int
    sent: int
    held_out: int
    gates: dict[str, int]
    began: float
    ended: float
    cpu_seconds: float
    peak_megabytes: float


class TakesAll:
    """E-mail to nowhere: the sink that delivery is measured apart from."""

    name = ChannelName.EMAIL
    at_once = 200
    confirms = False

    def deliver(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        """Accept each."""
        return [Outcome(OutcomeKind.ACCEPTED, message_id=one.nudge_id) for one in messages]

    def close(self) -> None:
        """Nothing is held open."""


def sweep_apart(url: str, models_dir: Path, *, now: datetime, sweepers: int) -> list[Swept]:
    """Sweep the database by so many processes at once, as the shipped policy says.

    Its limit a minute is left out.
    """
    processes = [
        subprocess.Popen(  # noqa: S603 its own interpreter
            [
                sys.executable,
                "-m",
                "benchmarks.nudges.sweep",
                url,
                str(models_dir),
                now.isoformat(),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(sweepers)
    ]
    swept = []
    for process in processes:
        output, _ = process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        swept.append(Swept(**json.loads(output.splitlines()[-1])))
    return swept


def sweep(url: str, models_dir: Path, now: datetime) -> Swept:
    """Sweep in this process; the peak memory is that of the whole process."""
    settings = Settings()
    policy = load_policy()
    unlimited = policy.delivery.model_copy(update={"per_minute": 10**9})
    policy = policy.model_copy(
        update={"active_from": parse_utc("2000-01-01T00:00:00Z"), "delivery": unlimited}
    )
    engine, rule = make_engine(url), DeliveryRule.of(settings)
    sweeper = Sweeper(
        make_session_factory(engine, delivery=rule),
        settings=settings,
        policy=policy,
        channels=[TakesAll()],
        decider=UpliftDecider(prior, policy, rule),
        clock=SimulatedClock(now),
        leaving=LeavingScores(models_dir),
    )
    began, cpu = time(), process_time()
    summary = sweeper.run()
    ended, cpu = time(), process_time() - cpu
    engine.dispose()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Swept(
        seen=summary.seen,
        sent=summary.sent,
        held_out=summary.held_out,
        gates=dict(summary.gates),
        began=began,
        ended=ended,
        cpu_seconds=cpu,
        peak_megabytes=kilobytes / 1024,
    )


if __name__ == "__main__":
    url, models, now = sys.argv[1:]
    swept = sweep(url, Path(models), parse_utc(now))
    print(json.dumps({name: getattr(swept, name) for name in Swept.__slots__}))
