"""`cartwright import`: a shop's own logs, catalogues and answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.database import open_database
from cli.import_report import (
    keep_rejects,
    print_catalogue,
    print_counts,
    print_outcome,
    rows_progress,
    warn_of_currency,
)

if TYPE_CHECKING:
    from core.money import Money
    from db.engine import SessionFactory
    from ingest.tables import Reject

import_app = typer.Typer(no_args_is_help=True, help="Bring in your shop's logs and catalogue.")

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

    console = Console()
    with open_database() as sessions, _clear_errors(console):
        _check(rejects, currency)
        source = Source(file, encoding)
        chosen, shape = choose_log_format(source, name=format_name, mapping=mapping)
        console.print(f"{file.name}: {chosen.title} ({chosen.name})", highlight=False, markup=False)
        unit = currency or chosen.currency or get_settings().currency
        each = _price_of_the_rest(price, unit)
        with rows_progress(console) as report:
            outcome = import_log(
                sessions, source, chosen, shape, currency=unit, clock=SystemClock(), report=report
            )
        if not outcome.already_done:
            keep_rejects(console, rejects, outcome.rejects)
        print_outcome(console, outcome)
        _price_the_rest(console, sessions, each)
        warn_of_currency(console, unit, get_settings().currency)


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

    console = Console()
    with open_database() as sessions, _clear_errors(console):
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
            with rows_progress(console) as report:
                report("reading", 0, None)
                feed = chosen.read(source, shape, unit)
                report("storing", 0, None)
                with sessions.begin() as session:
                    outcome = store_feed(
                        session, feed, now=now, deactivate_missing=deactivate_missing
                    )
            all_rejects += outcome.rejects
            console.print(f"{file.name}: {chosen.title} ({chosen.name})", markup=False)
            print_catalogue(console, outcome)
        keep_rejects(console, rejects, all_rejects)


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

    console = Console()
    with open_database() as sessions, _clear_errors(console):
        _check(rejects, None)
        rows, unread = read_faq(Source(file, encoding))
        with sessions.begin() as session:
            outcome = store_faq(session, rows, unread, now=SystemClock().now())
        keep_rejects(console, rejects, outcome.rejects)
        print_counts(
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


@contextmanager
def _clear_errors(console: Console) -> Iterator[None]:
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


def _price_the_rest(console: Console, sessions: "SessionFactory", price: "Money | None") -> None:
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
