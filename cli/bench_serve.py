"""`cartwright bench serve`: recommendations and events at volume, on a shop made up for it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

P90_MS, P99_MS = 5.0, 15.0
INGEST_SECONDS = 20
WARM_UP_EACH, WARM_UP_RATE = 2, 250
"""Requests a visitor before those that count, so that most processes know most of them."""
MET_SHARE = 0.99
"""Of the rate aimed at, so that how the last second falls decides nothing."""


def bench_serve(
    items: Annotated[int, typer.Option(min=1000, help="Products of the shop.")] = 50_000,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second.")] = 1000,
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 60,
    k: Annotated[int, typer.Option(min=1, max=24, help="Suggestions a request.")] = 8,
    workers: Annotated[int, typer.Option(min=1, help="Web processes.")] = 2,
    events: Annotated[float, typer.Option(min=0, help="Events a second to take in.")] = 5000,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Events a post.")] = 100,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there.")
    ] = None,
) -> None:
    """Serve at a fixed rate over loopback, then take in events, and say what it took.

    Each request is about something new that its visitor did; half are on a product's page, three in
    ten on the home page and two in ten in the cart.
    """
    from tempfile import TemporaryDirectory

    from benchmarks.serving import volume
    from benchmarks.serving.made_up import SESSIONS_EACH, make_shop

    with TemporaryDirectory(prefix="cartwright-bench-") as name:
        folder = Path(name)
        typer.echo(f"Making a shop of {items:,} products, {SESSIONS_EACH * items:,} sessions …")
        shop = make_shop(folder, items=items)
        warming, measured = WARM_UP_EACH * len(shop.visitors), int(rate * seconds)
        asked = volume.asked_for(shop, count=warming + measured, k=k)
        with volume.serving(shop, workers=workers) as (port, process):
            volume.ask(port, folder, shop, asked[:warming], rate=min(rate, WARM_UP_RATE))
            before = volume.cpu_of(process)
            seen = volume.ask(port, folder, shop, asked[warming:], rate=rate)
            seen["server_cpu_seconds"] = volume.cpu_of(process) - before
            _say(f"GET /recommendations/ids, k={k}, {workers} workers", seen, P90_MS, P99_MS)
            _say_cpu(seen)
            memory = volume.memory_of(process)
            for what, megabytes in memory.items():
                typer.echo(f"  memory of {what}: {megabytes:.0f} MB")
            knew, of = volume.sees_the_last_event(port, shop)
            typer.echo(f"The next answer knew the last event: {knew} of {of}")
            figures = {"recommendations": seen, "memory_mb": memory, "knew_last_event": [knew, of]}
            if events:
                count = int(events / batch * INGEST_SECONDS)
                posts = volume.ingest_for(shop, batch=batch, count=count)
                taken = volume.send(port, folder, posts, rate=events / batch)
                taken["events_a_second"] = _good(taken) * batch / taken["seconds"]
                _say(f"POST /events, {batch} events each", taken)
                met = "reached" if taken["events_a_second"] >= MET_SHARE * events else "missed"
                typer.echo(
                    f"  {taken['events_a_second']:,.0f} events a second stored "
                    f"(aimed at {events:,.0f}: {met})"
                )
                figures["ingest"] = taken
    if json_file is not None:
        json_file.write_text(json.dumps({"items": items, "workers": workers, **figures}, indent=1))


def _good(seen: dict[str, Any]) -> int:
    """How many requests were answered well."""
    return sum(count for status, count in seen["statuses"].items() if status[0] == "2")


def _say(
    what: str, seen: dict[str, Any], p90: float | None = None, p99: float | None = None
) -> None:
    rate = seen["answered"] / seen["seconds"]
    typer.echo(
        f"{what}: {rate:,.0f} a second for {seen['seconds']:.0f} s, "
        f"{seen['asked'] - _good(seen)} of "
        f"{seen['asked']:,} failed; median {seen['median']:.1f} ms, "
        f"p90 {seen['p90']:.1f} ms{_met(seen['p90'], p90)}, "
        f"p99 {seen['p99']:.1f} ms{_met(seen['p99'], p99)}, longest {seen['longest']:.0f} ms"
    )


def _say_cpu(seen: dict[str, Any]) -> None:
    answered = max(seen["answered"], 1)
    others = (seen["cpu_seconds"] + seen["feed_cpu_seconds"]) / answered * 1000
    typer.echo(
        f"  processor time a request: server {seen['server_cpu_seconds'] / answered * 1000:.2f} "
        f"ms, load generator with the visitors' events {others:.2f} ms"
    )
    if seen["events_late"]:
        typer.echo(f"  {seen['events_late']} events were written only after their request was due")


def _met(value: float, target: float | None) -> str:
    return "" if target is None else f" ({'within' if value <= target else 'over'} {target:.0f})"
