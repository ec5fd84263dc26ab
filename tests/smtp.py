"""A mail server that notes what it really took: the Message-ID of each mail, when it said 250."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

_END = b"\r\n.\r\n"
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.MULTILINE | re.IGNORECASE)


CUT, SILENT = "cut", "silent"


class MailSink:
    """Speaks as much SMTP (RFC 5321) as a client needs to hand over a mail.

    `replies` are answers other than the usual one, by command; "." is the end of a mail, the whole
    of which has arrived by then. CUT ends the connection in place of an answer, and SILENT gives
    none.
    """

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.arrived: list[bytes] = []
        self.replies: dict[str, str] = {}
        self.connections = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            writer.write(b"220 sink\r\n")
            while line := await reader.readline():
                command = line[:4].decode().upper()
                reply = self.replies.get(command)
                if command == "DATA" and reply is None:
                    writer.write(b"354 go on\r\n")
                    mail = await reader.readuntil(_END)
                    self.arrived.append(mail)
                    reply = self.replies.get(".")
                    if reply is None:
                        found = _MESSAGE_ID.search(mail)
                        assert found, "a mail without a Message-ID"
                        self.taken[found[1].decode()] += 1
                if reply == CUT:
                    return
                if reply == SILENT:
                    await reader.read()
                    return
                writer.write((reply or "250 OK").encode() + b"\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The client died: what it had not ended with a dot was not taken.
        finally:
            writer.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    """A sink that listens on a free port until the block ends."""
    sink = MailSink()
    loop = sink._loop
    server = loop.run_until_complete(sink._listen())
    sink.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.close()
