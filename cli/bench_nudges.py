"""`cartwright bench nudges`: one sweep over many open carts, and its memory over fewer."""

from typing import Annotated

import typer

SECONDS_TARGET = 60.0


def bench_nudges(
    carts: Annotated[int, typer.Option(min=100, help="Open carts.")] = 1_000_000,
    due: Annotated[int, typer.Option(min=1, help="Of which so many are due.")] = 50_000,
    sweepers: Annotated[int, typer.Option(min=1, help="Processes that sweep at once.")] = 2,
    server: Annotated[
        str, typer.Option(help="PostgreSQL to make a database on, for the time it takes.")
    ] = "postgresql://postgres@127.0.0.1/postgres",
) -> None:
    """Sweep a database made for it, with a channel that takes everything; then a smaller one."""
    import psycopg

    from benchmarks.nudges.measure import measure

    try:
        large = measure(server, carts=carts, due=due, sweepers=sweepers)
        small = measure(server, carts=carts // 10, due=due // 10, sweepers=1)
    except psycopg.OperationalError as error:
        typer.echo(f"No database could be made at {server}: {error}", err=True)
        raise typer.Exit(1) from error
    for name, seen in (("All", large), ("A tenth", small)):
        typer.echo(
            f"{name}: {seen.carts:,} open carts, {seen.swept:,} of {seen.due:,} due ones judged, "
            f"{seen.sent:,} sent, {seen.held_out:,} held out by {seen.sweepers} sweepers in "
            f"{seen.seconds:.1f} s (their processor time {seen.cpu_seconds:.1f} s); peak memory of "
            f"a sweeper {seen.peak_megabytes:.0f} MB"
        )
    met = "within" if large.seconds <= SECONDS_TARGET else "over"
    typer.echo(f"The time is {met} the target of {SECONDS_TARGET:.0f} s.")
