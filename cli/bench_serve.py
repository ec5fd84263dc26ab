"""`cartwright bench serve`: recommendations and events at volume, on a shop made up for it."""

from typing import Annotated, Any

import typer

P90_MS, P99_MS = 5.0, 15.0


def bench_serve(
    items: Annotated[int, typer.Option(min=1000, help="Products of the shop.")] = 50_000,
    rate: Annotated[float, typer.Option(min=1, help="Requests a second.")] = 1000,
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 60,
    k: Annotated[int, typer.Option(min=1, max=24, help="Suggestions a request.")] = 8,
    workers: Annotated[int, typer.Option(min=1, help="Web processes.")] = 2,
    events: Annotated[float, typer.Option(min=0, help="Events a second to take in.")] = 5000,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Events a post.")] = 100,
) -> None:
    """Serve at a fixed rate over loopback, then take in events, and say what it took."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from benchmarks.serving import volume

    with TemporaryDirectory(prefix="cartwright-bench-") as name:
        folder = Path(name)
        typer.echo(f"Making a shop of {items:,} products, {volume.SESSIONS:,} sessions …")
        shop = volume.make_shop(folder, items=items)
        with volume.serving(shop, workers=workers) as (port, process):
            lines = volume.requests_for(shop, k=k)
            volume.send(port, folder, lines, rate=rate / 4, seconds=8)
            before = volume.cpu_of(process)
            seen = volume.send(port, folder, lines, rate=rate, seconds=seconds)
            _say(f"GET /recommendations/ids, k={k}, {workers} workers", seen, P90_MS, P99_MS)
            cpu = volume.cpu_of(process) - before
            typer.echo(
                f"  processor time a second: server {cpu / seen['seconds']:.2f}, "
                f"load generator {seen['cpu_seconds'] / seen['seconds']:.2f}"
            )
            for what, megabytes in volume.memory_of(process):
                typer.echo(f"  memory of {what}: {megabytes:.0f} MB")
            known = volume.sees_the_last_event(port, shop)
            typer.echo(f"The next answer knew the last event: {known} of 200")
            if events:
                count = int(events / batch * 20)
                posts = volume.ingest_for(shop, batch=batch, count=count)
                taken = volume.send(port, folder, posts, rate=events / batch, seconds=20)
                _say(f"POST /events, {batch} events each: {events:,.0f} events/s", taken)


def _say(
    what: str, seen: dict[str, Any], p90: float | None = None, p99: float | None = None
) -> None:
    rate = seen["answered"] / seen["seconds"]
    good = sum(count for status, count in seen["statuses"].items() if status[0] == "2")
    typer.echo(
        f"{what}: {rate:,.0f} a second for {seen['seconds']:.0f} s, {seen['asked'] - good} of "
        f"{seen['asked']:,} failed; median {seen['median']:.1f} ms, "
        f"p90 {seen['p90']:.1f} ms{_met(seen['p90'], p90)}, "
        f"p99 {seen['p99']:.1f} ms{_met(seen['p99'], p99)}, longest {seen['longest']:.0f} ms"
    )


def _met(value: float, target: float | None) -> str:
    return "" if target is None else f" ({'within' if value <= target else 'over'} {target:.0f})"
