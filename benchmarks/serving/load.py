"""An open-loop load generator: requests leave at fixed times, whether or not answers came.

A latency counts from the time the request was due, so that a server that stalls is charged for all
that waited (no coordinated omission). Run as a process of its own: `python -m
benchmarks.serving.load HOST PORT RATE BEGIN CONNECTIONS REQUESTS_FILE`, where BEGIN is the first
request's time by `time.perf_counter`; prints one line of JSON.
"""

import asyncio
import gc
import json
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import cast

import uvloop


class _Connection(asyncio.Protocol):
    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._due = 0.0
        self._received = b""
        self._whole = 0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by their class.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._load.ready(self)

    def send(self, due: float, request: bytes) -> None:
        assert self._transport is not None
        self._due, self._received, self._whole = due, b"", 0
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._whole:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            lower = self._received[:head].lower()
            at = lower.index(b"content-length:") + 15
            self._whole = head + 4 + int(lower[at:].split(b"\r\n", 1)[0])
        if len(self._received) >= self._whole:
            self._load.done(self, self._due, int(self._received[9:12]), self._whole)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 as asyncio calls it
        self._load.gone(self)


class _Load:
    def __init__(self, requests: list[bytes], rate: float) -> None:
        self._idle: deque[_Connection] = deque()
        self._lost = 0
        self._open: Callable[[], Coroutine[None, None, object]]
        self._opening: set[asyncio.Task[object]] = set()
        self._requests = requests
        self._rate = rate
        self._total = len(requests)
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._took = array("d")
        self._statuses: Counter[int] = Counter()
        self._bytes = 0

    def done(self, connection: _Connection, due: float, status: int, size: int) -> None:
        self._took.append(time.perf_counter() - due)
        self._statuses[status] += 1
        self._bytes += size
        self.ready(connection)

    def ready(self, connection: _Connection) -> None:
        """The connection may take the next request."""
        if self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._idle.append(connection)

    def gone(self, connection: _Connection) -> None:
        """The server closed the connection: one that waited for nothing is opened anew."""
        if connection not in self._idle:
            self._lost += 1
            return
        self._idle.remove(connection)
        opening = asyncio.get_running_loop().create_task(self._open())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def run(self, host: str, port: int, connections: int, begin: float) -> dict[str, object]:
        loop = asyncio.get_running_loop()
        self._open = lambda: loop.create_connection(lambda: _Connection(self), host, port)
        for _ in range(connections):
            await self._open()
        begin = max(begin, time.perf_counter())
        for number, request in enumerate(self._requests):
            due = begin + number / self._rate
            while (wait := due - time.perf_counter()) > 0:
                # A sleep wakes up to a millisecond late; what is due by then leaves at once.
                await asyncio.sleep(wait)
            if self._idle:
                self._idle.popleft().send(due, request)
            else:
                self._waiting.append((due, request))
        limit = time.perf_counter() + 10
        while len(self._took) < self._total and time.perf_counter() < limit:
            await asyncio.sleep(0.01)
        wall = time.perf_counter() - begin
        ordered = sorted(self._took)

        def rank(share: float) -> float:
            if not ordered:
                return float("inf")
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

        return {
            "asked": self._total,
            "answered": len(self._took),
            "statuses": {str(status): count for status, count in self._statuses.items()},
            "seconds": wall,
            "median": rank(0.5), "p90": rank(0.9), "p99": rank(0.99), "longest": rank(1),
            "answer_bytes": self._bytes / max(len(self._took), 1),
            "cpu_seconds": time.process_time(),
            "connections_lost": self._lost,
        }  # fmt: skip


def main() -> None:
    """Read the requests (one a line, JSON strings), send them in turn, print what was seen."""
    host, port, rate, begin, connections, path = sys.argv[1:]
    requests = [json.loads(line).encode() for line in Path(path).read_text().splitlines()]
    gc.disable()
    load = _Load(requests, float(rate))
    print(json.dumps(uvloop.run(load.run(host, int(port), int(connections), float(begin)))))


if __name__ == "__main__":
    main()
