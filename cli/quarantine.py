"""`cartwright quarantine`: rows that cleaning set aside, seen, released and put back."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.database import open_database

if TYPE_CHECKING:
    from ingest.quarantine import Moved

quarantine_app = typer.Typer(no_args_is_help=True, help="Rows that cleaning set aside.")

RuleArgument = Annotated[str | None, typer.Argument(help="The rule's name.")]
ImportOption = Annotated[
    str | None, typer.Option("--import", help="Only rows of this import's id.")
]


@quarantine_app.command("list")
def list_quarantine() -> None:
    """What is held, by import and rule, and what each rule means."""
    from itertools import groupby

    from rich.table import Table

    from db.engine import read_session
    from ingest.cleaning import RULES
    from ingest.quarantine import list_rules

    meanings = {rule.name: rule.meaning for rule in RULES}
    console = Console()
    with open_database() as sessions:
        with read_session(sessions) as session:
            counts = list_rules(session)
        if not counts:
            console.print("The quarantine is empty.")
            return
        for (file_name, run_id), rules in groupby(
            counts, lambda one: (one.file_name, one.import_id)
        ):
            console.print(f"{file_name}, import {run_id}", markup=False, highlight=False)
            table = Table("Rule", "Held", "Released", "Meaning", show_edge=False)
            for one in rules:
                held, released = f"{one.held:,}", f"{one.released:,}"
                table.add_row(one.rule, held, released, meanings.get(one.rule, ""))
            console.print(table)


@quarantine_app.command("show")
def show_quarantine(
    rule: RuleArgument = None,
    import_id: ImportOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 20,
) -> None:
    """Show held rows as they stood in their file."""
    from rich.table import Table

    from db.engine import read_session
    from ingest.quarantine import show_rows

    console = Console()
    with open_database() as sessions:
        _known_rule(console, rule)
        with read_session(sessions) as session:
            rows = show_rows(session, rule=rule, import_id=import_id, limit=limit)
        if not rows:
            console.print("No such rows are held.")
            return
        table = Table("Row", "Rule", "Seen", "Content")
        for row in rows:
            content = ", ".join(f"{k}={v}" for k, v in row.row["raw"].items() if v is not None)
            table.add_row(f"{row.row_number:,}", row.rule, row.detail, content)
        console.print(table)


@quarantine_app.command("release")
def release_quarantine(rule: RuleArgument = None, import_id: ImportOption = None) -> None:
    """Store held rows as events after all: those of a rule, of an import, or of both."""
    from core.clock import SystemClock
    from ingest.quarantine import release

    console = Console()
    with open_database() as sessions:
        _known_rule(console, rule)
        _choose_some(console, rule, import_id)
        moved = release(sessions, rule=rule, import_id=import_id, now=SystemClock().now())
        _print_moved(console, moved, "released")


@quarantine_app.command("put-back")
def put_back_quarantine(rule: RuleArgument = None, import_id: ImportOption = None) -> None:
    """Take released rows out of the events and hold them again."""
    from ingest.quarantine import put_back

    console = Console()
    with open_database() as sessions:
        _known_rule(console, rule)
        _choose_some(console, rule, import_id)
        moved = put_back(sessions, rule=rule, import_id=import_id)
        _print_moved(console, moved, "put back")


def _known_rule(console: Console, rule: str | None) -> None:
    from ingest.cleaning import RULES

    names = [one.name for one in RULES]
    if rule and rule not in names:
        console.print(f"There is no rule {rule!r}: {', '.join(names)}.", style="red", markup=False)
        raise typer.Exit(2)


def _choose_some(console: Console, rule: str | None, import_id: str | None) -> None:
    if not (rule or import_id):
        console.print("Name a rule, or an import with --import ID.", style="red")
        raise typer.Exit(2)


def _print_moved(console: Console, moved: "Moved", what: str) -> None:
    console.print(f"{moved.moved:,} rows {what}.")
    if moved.stayed:
        console.print(
            f"{moved.stayed:,} rows stay: without a product, a shopper, at least one piece and a "
            "price that is not negative, a row can be no event."
        )
