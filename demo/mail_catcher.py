"""The demo's mail server: takes every mail and keeps it; nothing leaves this machine.

Started by the Procfile as `python -m demo.mail_catcher`. Where mails go to a real server it only
waits to be ended with the others.
"""

import asyncio
import signal
import sys

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.clock import Clock, SystemClock
from core.log import configure_logging
from core.settings import Settings, get_settings
from demo.mailbox import Mailbox

HOST = "127.0.0.1"
MAX_BYTES = 5_000_000

log = structlog.get_logger()


class Catcher:
    """What aiosmtpd calls for each mail."""

    def __init__(self, mailbox: Mailbox, clock: Clock) -> None:
        self._mailbox = mailbox
        self._clock = clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        """Keep the mail; the answer to its sender."""
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        key = await asyncio.to_thread(self._mailbox.keep, raw, now=self._clock.now())
        log.info("caught a mail", mail=key)
        return "250 Caught"


async def catch(settings: Settings, stop: asyncio.Event, *, clock: Clock) -> None:
    """Take mails until `stop`, where the settings send them here.

    Raises OSError where the port is taken.
    """
    if not settings.catches_mail:
        log.info("no mail is caught: CARTWRIGHT_SMTP_URL names a mail server")
        await stop.wait()
        return
    catcher = Catcher(Mailbox(settings.mails_dir), clock)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(catcher, enable_SMTPUTF8=True, data_size_limit=MAX_BYTES, loop=loop),
        HOST,
        settings.mail_port,
    )
    async with server:
        await stop.wait()


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await catch(settings, stop, clock=SystemClock())
    except OSError as error:
        sys.exit(f"Port {settings.mail_port} for mails: {error}. Set CARTWRIGHT_MAIL_PORT.")


if __name__ == "__main__":
    given = get_settings()
    configure_logging(given.log_level)
    asyncio.run(_main(given))
