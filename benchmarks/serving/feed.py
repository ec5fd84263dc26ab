"""What the visitors do while they ask: each request's event, written shortly before it is due.

Written in batches straight into the table, as by another process of the shop: what taking events in
costs is measured on its own. Run as a process: `python -m benchmarks.serving.feed DATABASE_URL RATE
BEGIN EVENTS_FILE`, where the file has a visitor and a product for each request, one JSON list a
line; prints one line of JSON.
"""

import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert

from db.engine import make_engine
from db.insert import table_of
from db.models import Event, EventName

AHEAD = 0.25
"""Seconds before its request is due that an event is to be written at the latest."""
EVERY = 0.1


def feed(url: str, rate: float, begin: float, events: Sequence[tuple[str, str]]) -> int:
    """Write the events in time; how many came only after their request was due.

    `begin` is the first request's time by `time.perf_counter`.
    """
    engine, run = make_engine(url), uuid4().hex[:8]
    done = late = 0
    while done < len(events):
        ahead = time.perf_counter() + AHEAD + EVERY - begin
        until = min(len(events), max(done, int(ahead * rate)))
        now = datetime.now(UTC)
        rows = [
            {"visitor_id": visitor, "event_id": f"{run}-{number}", "position": 0,
             "name": EventName.VIEW_ITEM, "at": now, "received_at": now, "product_id": product,
             "source": "web"}
            for number, (visitor, product) in enumerate(events[done:until], done)
        ]  # fmt: skip
        if rows:
            with engine.begin() as connection:
                connection.execute(insert(table_of(Event)), rows)
        written = time.perf_counter()
        late += sum(begin + number / rate < written for number in range(done, until))
        done = until
        time.sleep(EVERY)
    engine.dispose()
    return late


def main() -> None:
    """Write the events of the file, and print how many were late and what it took."""
    url, rate, begin, path = sys.argv[1:]
    events = [json.loads(line) for line in Path(path).read_text().splitlines()]
    late = feed(url, float(rate), float(begin), events)
    print(json.dumps({"late": late, "cpu_seconds": time.process_time()}))


if __name__ == "__main__":
    main()
