"""Looks at the shop every few seconds from a thread of its own, so that no request has to."""

from collections.abc import Callable
from threading import Event as Flag
from threading import Thread
from time import perf_counter

import structlog
from sqlalchemy.exc import SQLAlchemyError

FRESHEN_EVERY, AT_LEAST_EVERY = 5.0, 20.0
"""Seconds between looks at the model in force and at what can be bought."""
SHARE = 0.02
"""Of its time that a process may spend on looking: a shop of 50,000 products is looked at less
often, as each look is half a second's work on a busy machine."""


class Keeper:
    """Calls `look` every FRESHEN_EVERY seconds, less often where that is much work.

    While the shop cannot be read it says so.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._stop = Flag()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to look; the thread does not keep the process alive."""
        self._thread = Thread(target=self._run, name="keep fresh", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the look that is under way, and end; it may be started again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._stop = Flag()

    def _run(self) -> None:
        pause = FRESHEN_EVERY
        while not self._stop.wait(pause):
            begun = perf_counter()
            try:
                self._look()
            except (SQLAlchemyError, RuntimeError) as error:
                structlog.get_logger().warning("shop_not_read", error=type(error).__name__)
            took = perf_counter() - begun
            pause = min(max(FRESHEN_EVERY, took / SHARE), AT_LEAST_EVERY)
