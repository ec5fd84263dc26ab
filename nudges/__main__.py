"""Starts the scheduler: `python -m nudges` sweeps the left carts once a minute."""

import signal
import sys
from types import FrameType

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy.exc import SQLAlchemyError

from core.log import configure_logging
from core.settings import get_settings
from nudges.compose import compose
from nudges.policy import PolicyError
from nudges.sweep import Sweeper

SECONDS = 60

log = structlog.get_logger()


def main() -> None:
    """Sweep until told to stop; a round that is under way is finished first."""
    settings = get_settings()
    configure_logging(settings.log_level)
    try:
        nudging = compose(settings)
    except (PolicyError, ValueError) as error:
        sys.exit(str(error))
    # The state is in SQL: the one job needs no store, and a missed round needs no making up for.
    scheduler = BlockingScheduler(timezone="UTC")
    scheduler.add_job(
        sweep,
        "interval",
        args=[nudging.sweeper()],
        seconds=SECONDS,
        next_run_time=nudging.clock.now(),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    scheduler.start()


def sweep(sweeper: Sweeper) -> None:
    """One round; a database that is away now may be back for the next one."""
    try:
        summary = sweeper.run()
    except SQLAlchemyError as error:
        log.error("the sweep failed", exc_info=error)
        return
    if summary.seen or summary.unknown:
        log.info("swept", **summary.as_detail())


if __name__ == "__main__":
    main()
