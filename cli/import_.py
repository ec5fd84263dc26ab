"""`cartwright import` and `cartwright quarantine`: a shop's own logs, catalogues and answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from core.money import Money
    from db.engine import SessionFactory
    from ingest.catalogue import CatalogueOutcome
    from ingest.events import Outcome
    from ingest.quarantine import Moved
    from ingest.tables import Reject

import_app = typer.Typer(no_args_is_help=True, help="Bring in your shop's logs and catalogue.")
quarantine_app = typer.Typer(no_args_is_help=True, help="Rows that cleaning set aside.")

FileArgument = Annotated[Path, typer.Argument(help="The file; it may be gzip.")]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="Name the format instead of having it recognised.")
]
MapOption = Annotated[
    Path | None, typer.Option("--map", help="TOML that says which column holds what.")
]
RejectsOption = Annotated[
    Path | None, typer.Option(help="Where rows that cannot be read go: a .jsonl or .csv file.")
]
EncodingOption = Annotated[str, typer.Option(help="How the text is encoded.")]
CurrencyOption = Annotated[
    str | None,
    typer.Option(
        help="ISO 4217 currency of prices that name none; else the format's, or the shop's."
    ),
]
PriceOption = Annotated[
    str | None,
    typer.Option(
        help="What products cost that neither log nor catalogue gives a price, such as 9.99."
    ),
]
RuleArgument = Annotated[str | None, typer.Argument(help="The rule's name.")]
ImportOption = Annotated[
    str | None, typer.Option("--import", help="Only rows of this import's id.")
]


@import_app.command("events")
def import_events(
    file: FileArgument,
    format_name: FormatOption = None,
    mapping: MapOption = None,
    rejects: RejectsOption = None,
    encoding: EncodingOption = "utf-8-sig",
    currency: CurrencyOption = None,
    price: PriceOption = None,
) -> None:
    """Import a log of what shoppers did; a stopped one goes on, a finished one changes nothing."""
    from core.clock import SystemClock
    from core.settings import get_settings
    from ingest.events import import_log
    from ingest.logs import choose_log_format
    from ingest.source import Source

    with _session_factory() as (console, sessions), _clear_errors(console):
        _check(rejects, currency)
        source = Source(file, encoding)
        chosen, shape = choose_log_format(source, name=format_name, mapping=mapping)
        console.print(f"{file.name}: {chosen.title} ({chosen.name})", highlight=False, markup=False)
        unit = currency or chosen.currency or get_settings().currency
        each = _price_of_the_rest(price, unit)
        with _progress(console) as report:
            outcome = import_log(
                sessions, source, chosen, shape, currency=unit, clock=SystemClock(), report=report
            )
        if not outcome.already_done:
            _keep_rejects(console, rejects, outcome.rejects)
        _print_outcome(console, outcome)
        _price_the_rest(console, sessions, each)
        _warn_of_currency(console, unit, get_settings().currency)


@import_app.command("catalogue")
def import_catalogue(
    files: Annotated[list[Path], typer.Argument(help="One file or several; they may be gzip.")],
    format_name: FormatOption = None,
    mapping: MapOption = None,
    rejects: RejectsOption = None,
    encoding: EncodingOption = "utf-8-sig",
    currency: CurrencyOption = None,
    deactivate_missing: Annotated[
        bool,
        typer.Option(help="Take products off the shelf that the file, a full feed, leaves out."),
    ] = False,
) -> None:
    """Import products, variants and prices: new ones are added, changed ones changed."""
    from core.clock import SystemClock
    from core.settings import get_settings
    from ingest.catalogue import store_feed
    from ingest.feeds import choose_catalogue_format
    from ingest.source import ImportRefusedError, Source

    with _session_factory() as (console, sessions), _clear_errors(console):
        _check(rejects, currency)
        if deactivate_missing and len(files) > 1:
            raise ImportRefusedError("--deactivate-missing takes one file: the whole catalogue")
        now = SystemClock().now()
        all_rejects: list[Reject] = []
        for file in files:
            source = Source(file, encoding)
            chosen, shape = choose_catalogue_format(
                source, name=format_name, mapping=mapping, now=now
            )
            unit = currency or chosen.currency or get_settings().currency
            with _progress(console) as report:
                report("reading", 0, None)
                feed = chosen.read(source, shape, unit)
                report("storing", 0, None)
                with sessions.begin() as session:
                    outcome = store_feed(
                        session, feed, now=now, deactivate_missing=deactivate_missing
                    )
            all_rejects += outcome.rejects
            console.print(f"{file.name}: {chosen.title} ({chosen.name})", markup=False)
            _print_catalogue(console, outcome)
        _keep_rejects(console, rejects, all_rejects)


@import_app.command("faq")
def import_faq(
    file: FileArgument,
    rejects: RejectsOption = None,
    encoding: EncodingOption = "utf-8-sig",
) -> None:
    """Import questions and answers: a table with question and answer, or TOML with [[faq]]."""
    from core.clock import SystemClock
    from ingest.faq import read_faq, store_faq
    from ingest.source import Source

    with _session_factory() as (console, sessions), _clear_errors(console):
        _check(rejects, None)
        rows, unread = read_faq(Source(file, encoding))
        with sessions.begin() as session:
            outcome = store_faq(session, rows, unread, now=SystemClock().now())
        _keep_rejects(console, rejects, outcome.rejects)
        _table(
            console,
            "Entries",
            {
                "added": outcome.added,
                "changed": outcome.changed,
                "unchanged": outcome.unchanged,
                "rejected": len(outcome.rejects),
                "read in all": outcome.rows_read,
            },
        )


@quarantine_app.command("list")
def list_quarantine() -> None:
    """What is held, by import and rule, and what each rule means."""
    from itertools import groupby

    from rich.table import Table

    from db.engine import read_session
    from ingest.cleaning import RULES
    from ingest.quarantine import list_rules

    meanings = {rule.name: rule.meaning for rule in RULES}
    with _session_factory() as (console, sessions):
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

    with _session_factory() as (console, sessions):
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

    with _session_factory() as (console, sessions):
        _known_rule(console, rule)
        _choose_some(console, rule, import_id)
        moved = release(sessions, rule=rule, import_id=import_id, now=SystemClock().now())
        _print_moved(console, moved, "released")


@quarantine_app.command("put-back")
def put_back_quarantine(rule: RuleArgument = None, import_id: ImportOption = None) -> None:
    """Take released rows out of the events and hold them again."""
    from ingest.quarantine import put_back

    with _session_factory() as (console, sessions):
        _known_rule(console, rule)
        _choose_some(console, rule, import_id)
        moved = put_back(sessions, rule=rule, import_id=import_id)
        _print_moved(console, moved, "put back")


@contextmanager
def _session_factory() -> Iterator[tuple["Console", "SessionFactory"]]:
    from rich.console import Console

    from core.settings import get_settings
    from db.engine import make_engine, make_session_factory
    from db.migrate import upgrade

    url = get_settings().database_url
    upgrade(url)
    engine = make_engine(url)
    try:
        yield Console(), make_session_factory(engine)
    finally:
        engine.dispose()


@contextmanager
def _clear_errors(console: "Console") -> Iterator[None]:
    from ingest.source import ImportRefusedError

    try:
        yield
    except ImportRefusedError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(2) from None


def _check(rejects: Path | None, currency: str | None) -> None:
    from babel.core import UnknownLocaleError
    from babel.numbers import UnknownCurrencyError, validate_currency

    from ingest.rejects import check_rejects_path
    from ingest.source import ImportRefusedError

    if rejects:
        check_rejects_path(rejects)
    if currency:
        try:
            validate_currency(currency)
        except (UnknownCurrencyError, UnknownLocaleError):
            raise ImportRefusedError(f"{currency!r} is no ISO 4217 currency, such as EUR") from None


def _price_of_the_rest(price: str | None, currency: str) -> "Money | None":
    from decimal import InvalidOperation

    from core.money import Money, to_minor
    from ingest.cleaning import LARGEST_PRICE
    from ingest.source import ImportRefusedError

    if price is None:
        return None
    try:
        amount = to_minor(price, currency)
    except (InvalidOperation, ValueError, OverflowError):
        amount = 0
    if not 0 < amount <= LARGEST_PRICE:
        raise ImportRefusedError(f"--price {price!r} is no price, such as 9.99")
    return Money(currency, amount)


def _price_the_rest(console: "Console", sessions: "SessionFactory", price: "Money | None") -> None:
    from core.clock import SystemClock
    from ingest.log_products import count_unpriced, price_unpriced

    with sessions.begin() as session:
        unpriced = count_unpriced(session)
        if unpriced and price:
            price_unpriced(session, price, now=SystemClock().now())
    if unpriced and price:
        console.print(f"{unpriced:,} products without a price cost {price.text('en')} now.")
    elif unpriced:
        console.print(
            f"{unpriced:,} products have no price: the shop neither shows nor suggests them. "
            "Import a catalogue with prices, or run this again with --price 9.99.",
            style="yellow",
        )


def _known_rule(console: "Console", rule: str | None) -> None:
    from ingest.cleaning import RULES

    names = [one.name for one in RULES]
    if rule and rule not in names:
        console.print(f"There is no rule {rule!r}: {', '.join(names)}.", style="red", markup=False)
        raise typer.Exit(2)


def _choose_some(console: "Console", rule: str | None, import_id: str | None) -> None:
    if not (rule or import_id):
        console.print("Name a rule, or an import with --import ID.", style="red")
        raise typer.Exit(2)


@contextmanager
def _progress(console: "Console") -> Iterator[Callable[[str, int, int | None], None]]:
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


def _keep_rejects(console: "Console", path: Path | None, rejects: list["Reject"]) -> None:
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


def _table(console: "Console", title: str, numbers: dict[str, int]) -> None:
    from rich.table import Table

    table = Table(title, "", show_edge=False)
    table.columns[1].justify = "right"
    for name, number in numbers.items():
        table.add_row(name, f"{number:,}")
    console.print(table)


def _print_outcome(console: "Console", outcome: "Outcome") -> None:
    if outcome.already_done:
        console.print("This file was imported before: nothing was changed.")
    _table(
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


def _print_catalogue(console: "Console", outcome: "CatalogueOutcome") -> None:
    _table(
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
    _table(
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


def _print_moved(console: "Console", moved: "Moved", what: str) -> None:
    console.print(f"{moved.moved:,} rows {what}.")
    if moved.stayed:
        console.print(
            f"{moved.stayed:,} rows stay: without a product, a shopper, at least one piece and a "
            "price that is not negative, a row can be no event."
        )


def _warn_of_currency(console: "Console", unit: str, shop: str) -> None:
    if unit != shop:
        console.print(
            f"Prices are in {unit}, the shop shows {shop}: set CARTWRIGHT_CURRENCY={unit}."
        )
