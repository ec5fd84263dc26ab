"""Looks at the shop every few seconds from a thread of its own, so that no request has to."""

from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

import structlog
from sqlalchemy.exc import SQLAlchemyError

FRESHEN_EVERY = 5.0
"""Seconds between looks at the model in force and at what can be bought."""


class Keeper:
    """Calls `look` every FRESHEN_EVERY seconds; while the shop cannot be read it says so."""

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
        while not self._stop.wait(FRESHEN_EVERY):
            try:
                self._look()
            except (SQLAlchemyError, RuntimeError) as error:
                structlog.get_logger().warning("shop_not_read", error=type(error).__name__)
