"""`cartwright bench nudges`: one sweep over many open carts, and its memory over fewer."""

from typing import Annotated

import typer

CARTS, DUE = 1_000_000, 50_000


def bench_nudges(
    carts: Annotated[int, typer.Option(min=100, help="Open carts.")] = CARTS,
    due: Annotated[int, typer.Option(min=10, help="Of which so many are due.")] = DUE,
    sweepers: Annotated[int, typer.Option(min=1, help="Processes that sweep at once.")] = 2,
    server: Annotated[
        str, typer.Option(help="PostgreSQL to make a database on, for the time it takes.")
    ] = "postgresql://postgres@127.0.0.1/postgres",
) -> None:
    """Sweep a database made for it, as shipped but sending to nowhere; then a tenth of the carts.

    Ends with 1 where the sweep takes longer than it may, or its memory grows with the carts.
    """
    import psycopg

    from benchmarks.nudges.measure import measure, shortfalls

    try:
        large = measure(server, carts=carts, due=due, sweepers=sweepers)
        small = measure(server, carts=carts // 10, due=due // 10, sweepers=sweepers)
    except psycopg.OperationalError as error:
        typer.echo(f"No database could be made at {server}: {error}", err=True)
        raise typer.Exit(1) from error
    for name, seen in (("All", large), ("A tenth", small)):
        typer.echo(
            f"{name}: {seen.carts:,} open carts, {seen.swept:,} of {seen.due:,} due ones judged, "
            f"{seen.sent:,} sent ({seen.coupons:,} with a coupon), {seen.held_out:,} held out, "
            f"{seen.swept - seen.sent - seen.held_out:,} stopped or put off, by {seen.sweepers} "
            f"sweepers in {seen.seconds:.1f} s (their processor time {seen.cpu_seconds:.1f} s); "
            f"peak memory of a sweeper {seen.peak_megabytes:.0f} MB"
        )
    found = shortfalls(large, small)
    for one in found:
        typer.echo(one, err=True)
    if found:
        raise typer.Exit(1)
    typer.echo("Neither takes longer nor needs more memory than it may.")
