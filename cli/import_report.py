"""What an import shows: its progress, and the account of every row afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from ingest.catalogue import CatalogueOutcome
    from ingest.events import Outcome
    from ingest.tables import Reject


@contextmanager
def rows_progress(console: "Console") -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar with rows a second and the time left."""
    import time

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, speed="")
        started: list[tuple[float, int]] = []

        def report(stage: str, done: int, total: int | None) -> None:
            speed = ""
            if total is not None:
                started.append((time.monotonic(), done))
                seconds = started[-1][0] - started[0][0]
                rows = done - started[0][1]
                speed = f"{rows / seconds:,.0f} rows/s" if seconds > 0 else ""
            bar.update(task, description=stage, completed=done, total=total, speed=speed)

        yield report


def keep_rejects(console: "Console", path: Path | None, rejects: list["Reject"]) -> None:
    """Write the rejected rows to the file, or show the first few where none was named."""
    from ingest.rejects import write_rejects

    if path:
        write_rejects(path, rejects)
        if rejects:
            console.print(f"The {len(rejects):,} rejected rows are in {path}.", markup=False)
        return
    for reject in rejects[:3]:
        console.print(f"Row {reject.row:,} rejected: {reject.reason}", markup=False)
    if rejects:
        console.print("Use --rejects FILE to keep all rejected rows with their reasons.")


def print_counts(console: "Console", title: str, numbers: dict[str, int]) -> None:
    """A table of counts."""
    from rich.table import Table

    table = Table(title, "", show_edge=False)
    table.columns[1].justify = "right"
    for name, number in numbers.items():
        table.add_row(name, f"{number:,}")
    console.print(table)


def print_outcome(console: "Console", outcome: "Outcome") -> None:
    """What became of every row of a log."""
    if outcome.already_done:
        console.print("This file was imported before: nothing was changed.")
    print_counts(
        console,
        "Rows",
        {
            "stored": outcome.rows_stored,
            **({"(known from another file)": outcome.rows_known} if outcome.rows_known else {}),
            **{f"quarantined: {rule}": count for rule, count in outcome.quarantined.items()},
            "rejected": outcome.rejected,
            "read in all": outcome.rows_read,
        },
    )
    if outcome.products_added:
        console.print(f"{outcome.products_added:,} products were added from the log.")
    if outcome.quarantined:
        console.print("Held rows can be seen and released: cartwright quarantine list")


def print_catalogue(console: "Console", outcome: "CatalogueOutcome") -> None:
    """What became of every row of a feed, and what it changed."""
    print_counts(
        console,
        "Rows",
        {
            "stored": outcome.rows_stored,
            **({"part of another row": outcome.folded} if outcome.folded else {}),
            "rejected": len(outcome.rejects),
            "read in all": outcome.rows_read,
        },
    )
    if not outcome.changed:
        console.print("Nothing has changed.")
        return
    print_counts(
        console,
        "Catalogue",
        {
            "products added": outcome.products_added,
            "products changed": outcome.products_changed,
            "products taken off the shelf": outcome.products_deactivated,
            "variants added": outcome.variants_added,
            "variants changed": outcome.variants_changed,
            "prices changed": outcome.prices_changed,
        },
    )


def warn_of_currency(console: "Console", unit: str, shop: str) -> None:
    """Say so where the prices are in another currency than the shop shows."""
    if unit != shop:
        console.print(
            f"Prices are in {unit}, the shop shows {shop}: set CARTWRIGHT_CURRENCY={unit}."
        )
