"""`cartwright train-daily`: train again each day while the shop is quiet."""

import signal
import subprocess
import sys
import time
from types import FrameType

import structlog
import typer

from core.settings import get_settings

HOUR = 3600
# It reads the same settings as this process, so it runs where this one was started. Its modules are
# this program's all the same, never any that lie in that folder.
TRAIN = (sys.executable, "-P", "-m", "cli.main", "train", "--warm")

log = structlog.get_logger()


class Trainer:
    """Runs one training at a time, each in a process of its own, so that its memory goes with it.

    Nothing of what the training learnt from is logged: how it ended, how long it took, and which
    version is in force.
    """

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> None:
        """Train, and log how it went; a training that fails leaves the next day's to come."""
        log.info("training_began")
        begun = time.monotonic()
        self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)  # noqa: S603
        # A stop that came before there was a child to end.
        if self._stopping:
            self._child.terminate()
        status = self._child.wait()
        told = {"seconds": round(time.monotonic() - begun), "in_force": _in_force()}
        if status:
            log.error("training_failed", status=status, **told)
        else:
            log.info("training_ended", **told)

    def stop(self) -> None:
        """End the training that runs or is about to.

        `cartwright train --resume` goes on with it.
        """
        self._stopping = True
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()


def train_daily() -> None:
    """Train every day at CARTWRIGHT_TRAIN_AT, going on from the version in force, until stopped."""
    from apscheduler.events import EVENT_SCHEDULER_STARTED
    from apscheduler.schedulers.blocking import BlockingScheduler

    from core.log import configure_logging

    settings = get_settings()
    if settings.train_at is None:
        typer.echo(
            "Set CARTWRIGHT_TRAIN_AT to the time of day to train at, such as 03:30.", err=True
        )
        raise typer.Exit(1)
    configure_logging(settings.log_level)
    trainer = Trainer(TRAIN)
    scheduler = BlockingScheduler(timezone=settings.zone)
    # A machine that slept through the hour trains when it wakes, once.
    scheduler.add_job(
        trainer.run,
        "cron",
        hour=settings.train_at.hour,
        minute=settings.train_at.minute,
        max_instances=1,
        coalesce=True,
        misfire_grace_time=6 * HOUR,
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        trainer.stop()
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    due = {"at": f"{settings.train_at:%H:%M}", "zone": settings.time_zone}
    scheduler.add_listener(lambda _: log.info("training_is_due", **due), EVENT_SCHEDULER_STARTED)
    scheduler.start()


def _in_force() -> str | None:
    from recommender.protocol import NoModelError
    from recommender.registry import BrokenModelError, current

    try:
        return current(get_settings().models_dir)
    except (NoModelError, BrokenModelError):
        return None
