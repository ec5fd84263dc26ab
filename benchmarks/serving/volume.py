"""Serves a made-up shop and asks it at volume: what `bench serve` measures.

Every request comes after something new that its visitor did, so that no answer is kept from before.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psutil

from benchmarks.serving.made_up import Shop
from core.identity import Identity, issue_token
from core.settings import DEMO_SECRET
from recommender.protocol import Surface

START_SECONDS, STOP_SECONDS = 600, 120
LEAD_SECONDS = 4
"""What the load generator and the feed have to start."""
SURFACES = {Surface.PRODUCT: 0.5, Surface.HOME: 0.3, Surface.CART: 0.2}
ELSEWHERE = 0.2
"""How often a visitor turns to any product instead of one near the last."""
NEAR = 12


@contextmanager
def serving(shop: Shop, *, workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """The web process with its workers on a free port, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": shop.database_url, "CARTWRIGHT_MODELS_DIR": str(shop.models_dir),
        "CARTWRIGHT_WEB_PORT": str(port), "CARTWRIGHT_WEB_WORKERS": str(workers),
        "CARTWRIGHT_LOG_LEVEL": "WARNING", "CARTWRIGHT_SECRET": DEMO_SECRET,
        "CARTWRIGHT_DEMO": "true", "OPENBLAS_NUM_THREADS": "1",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "web"], env=environment)
    try:
        _wait_until_up(port, process)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=5)
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the web process did not start")


@dataclass(frozen=True)
class Asked:
    """A request, and what its visitor turned to just before it: a visitor and a product."""

    line: str
    event: tuple[str, str]


def asked_for(shop: Shop, *, count: int, k: int, seed: int = 1) -> list[Asked]:
    """Requests of visitors who go on from where they are, on SURFACES in their shares."""
    random, now = Random(seed), datetime.now(UTC)  # noqa: S311 a benchmark's choice
    tokens = [_token(visitor, now) for visitor in shop.visitors]
    place, size = list(shop.last), len(shop.products)
    asked = []
    for surface in random.choices(list(SURFACES), list(SURFACES.values()), k=count):
        visitor = random.randrange(len(shop.visitors))
        if surface is Surface.CART and not shop.has_cart(visitor):
            visitor -= 1
        is_near = random.random() >= ELSEWHERE
        moved = place[visitor] + random.randint(-NEAR, NEAR) if is_near else random.randrange(size)
        place[visitor] = moved % size
        product = shop.products[place[visitor]]
        query = f"surface={surface.value}&k={k}"
        if surface is Surface.PRODUCT:
            query += f"&product={product}"
        line = (
            f"GET /recommendations/ids?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {tokens[visitor]}\r\n\r\n"
        )
        asked.append(Asked(line, (shop.visitors[visitor], product)))
    return asked


def ingest_for(shop: Shop, *, batch: int, count: int, seed: int = 2) -> list[str]:
    """`count` posts of `batch` events each, each post one visitor's."""
    random, now = Random(seed), datetime.now(UTC)  # noqa: S311 a benchmark's choice
    lines = []
    for number in range(count):
        events = [
            {"name": "add_to_cart" if step % 10 == 9 else "view_item",
             "event_id": f"b{number}-{step}",
             "params": {"items": [{"item_id": random.choice(shop.products)}]}}
            for step in range(batch)
        ]  # fmt: skip
        body = json.dumps({"events": events})
        token = _token(shop.visitors[number % len(shop.visitors)], now)
        lines.append(
            f"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
    return lines


def ask(
    port: int, folder: Path, shop: Shop, asked: Sequence[Asked], *, rate: float
) -> dict[str, Any]:
    """Have the requests sent, each after its visitor's event; both by processes of their own."""
    path = folder / "events.jsonl"
    path.write_text("\n".join(json.dumps(one.event) for one in asked))
    begin = time.perf_counter() + LEAD_SECONDS
    command = [sys.executable, "-m", "benchmarks.serving.feed", shop.database_url, str(rate),
               str(begin), str(path)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as feed:  # noqa: S603
        seen = send(port, folder, [one.line for one in asked], rate=rate, begin=begin)
        told, _ = feed.communicate()
    if feed.returncode:
        raise RuntimeError("the visitors' events were not written")
    fed = json.loads(told)
    return {**seen, "events_late": fed["late"], "feed_cpu_seconds": fed["cpu_seconds"]}


def send(
    port: int, folder: Path, lines: Sequence[str], *, rate: float, begin: float | None = None,
    connections: int = 64,
) -> dict[str, Any]:  # fmt: skip
    """Have the load generator send each of the requests once, as a process of its own.

    `begin` is the first one's time by `time.perf_counter`.
    """
    path = folder / "requests.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    begin = begin or time.perf_counter() + LEAD_SECONDS
    command = [sys.executable, "-m", "benchmarks.serving.load", "127.0.0.1", str(port), str(rate),
               str(begin), str(connections), str(path)]  # fmt: skip
    seen = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    result: dict[str, Any] = json.loads(seen.stdout)
    return result


def sees_the_last_event(port: int, shop: Shop, *, most: int = 200) -> tuple[int, int]:
    """To how many visitors what they put into the cart was not suggested again at once, and of how
    many.

    What is put in was suggested first the moment before; each request has a connection of its own,
    so that any worker may take it.
    """
    now, seen = datetime.now(UTC), 0
    base, visitors = f"http://127.0.0.1:{port}", shop.visitors[:most]
    for visitor in visitors:
        headers = {"Authorization": f"Bearer {_token(visitor, now)}"}

        def ask(headers: dict[str, str] = headers) -> list[str]:
            answer = httpx.get(f"{base}/recommendations/ids?k=8", headers=headers)
            return [one["product_id"] for one in answer.json()["recommendations"]]

        first = ask()[0]
        event = {"name": "add_to_cart", "event_id": f"last-{visitor}",
                 "params": {"items": [{"item_id": first}]}}  # fmt: skip
        httpx.post(f"{base}/events", json=event, headers=headers).raise_for_status()
        seen += first not in ask()
    return seen, len(visitors)


def memory_of(process: psutil.Process) -> dict[str, float]:
    """Megabytes that the process and each of its workers has to itself (USS)."""
    return {
        f"{one.name()} {one.pid}": one.memory_full_info().uss / 2**20
        for one in [process, *process.children(recursive=True)]
    }


def cpu_of(process: psutil.Process) -> float:
    """Processor seconds of the process and its workers."""
    times = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


def _token(visitor: str, now: datetime) -> str:
    return issue_token(Identity(visitor), secret=DEMO_SECRET, now=now, lifetime=timedelta(hours=2))
