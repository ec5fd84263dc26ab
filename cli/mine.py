"""`cartwright mine`: what shoppers do one after the other, or take together, with rules."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import open_database

if TYPE_CHECKING:
    from rich.console import Console

    from recommender.mining.job import Found, Job
    from recommender.mining.run import Limits

DEFAULT_TOP = 50
MOST_PATTERNS = 10_000_000
EVENTS_AT_ONCE = 2_000_000


def mine(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Mine this file instead of the shop's events: SPMF or plain (one sequence a "
            "line), perhaps .gz; or .parquet or .csv with columns sequence, item and at."
        ),
    ] = None,
    what: Annotated[
        str, typer.Option(help="sequences: in order; itemsets: taken together in one basket.")
    ] = "sequences",
    min_support: Annotated[
        str | None,
        typer.Option(help="A count (25), a share (0.01) or a percentage (1%) of the people."),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(help=f"The strongest so many instead of a support. [default: {DEFAULT_TOP}]"),
    ] = None,
    keep: Annotated[
        str, typer.Option(help="all; closed: no larger one as frequent; maximal: no larger one.")
    ] = "all",
    algorithm: Annotated[
        str, typer.Option(help="prefixspan, spade or apriori-all; all find the same.")
    ] = "prefixspan",
    engine: Annotated[
        str,
        typer.Option(
            help="in-process; or spark, for what one machine cannot hold: needs the extra 'spark', "
            "Java, a --min-support, and for --data a .parquet table."
        ),
    ] = "in-process",
    min_confidence: Annotated[
        float, typer.Option(help="Of the rules: of those with the left side, how many go on.")
    ] = 0.1,
    min_steps: Annotated[
        int | None, typer.Option(help="Fewest steps of a sequence, or items of an itemset.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(help="Most items of a pattern.")] = None,
    min_gap: Annotated[
        list[str] | None,
        typer.Option(help="Least distance to the next step: in events (2) or time ('1 day')."),
    ] = None,
    max_gap: Annotated[
        list[str] | None, typer.Option(help="Largest distance to the next step: 3, or '7 days'.")
    ] = None,
    max_span: Annotated[
        list[str] | None, typer.Option(help="Largest distance from first to last: 5, or '30 days'.")
    ] = None,
    must: Annotated[
        list[str] | None, typer.Option(help="A product that must occur, by id or title; again …")
    ] = None,
    must_not: Annotated[
        list[str] | None, typer.Option(help="A product that must not occur; again …")
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(
            help="What people did: view, search, add, remove, purchase; again … [default: purchase]"
        ),
    ] = None,
    together: Annotated[
        str, typer.Option(help="What is one step of a person: a moment, a session or a day.")
    ] = "session",
    at_once: Annotated[
        int,
        typer.Option(
            min=1, help="Of the shop's events about so many are in memory; more are mined in parts."
        ),
    ] = EVENTS_AT_ONCE,
    out: Annotated[
        Path | None, typer.Option(help="Write the patterns: .csv, .parquet, .json or .spmf.")
    ] = None,
    rules_out: Annotated[
        Path | None, typer.Option(help="Write the rules: .csv, .parquet or .json.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a page with plots to this .html file.")
    ] = None,
    store: Annotated[
        bool, typer.Option(help="Keep the results in the shop's database, until they expire.")
    ] = False,
    expires: Annotated[
        str, typer.Option(help="When stored results expire: '30 days'.")
    ] = "30 days",
    show: Annotated[int, typer.Option(min=0, help="Rows of each table in the terminal.")] = 20,
    max_patterns: Annotated[
        int, typer.Option(min=1, help="Stop with an estimate when more are found.")
    ] = MOST_PATTERNS,
) -> None:
    """Find what shoppers do one after the other, or take together, and the rules in it.

    Ctrl-C stops a run with what it has found so far.
    """
    from rich.console import Console

    from cli.mine_options import parse_distance, parse_support
    from cli.mine_sources import Engine, file_source, shop_source
    from cli.mine_table import print_found
    from core.clock import SystemClock
    from core.settings import get_settings
    from recommender.mining.constraints import ConstraintError, Constraints
    from recommender.mining.export import (
        PATTERN_ENDINGS,
        RULE_ENDINGS,
        check_ending,
        write_patterns,
        write_rules,
    )
    from recommender.mining.job import Algorithm, Found, Job, Keep, What
    from services.mining import Together, mine_people, product_named

    console = Console(markup=False, highlight=False)
    with _clear_errors(console), TemporaryDirectory(prefix="cartwright-mine-") as folder:
        for path, endings in (
            (out, PATTERN_ENDINGS),
            (rules_out, RULE_ENDINGS),
            (report, (".html",)),
        ):
            if path is not None:
                check_ending(path, endings)
        support = None if min_support is None else parse_support(min_support)
        unasked = support is None and top is None
        gaps = {
            name: parse_distance(given or [], option=f"--{name.replace('_', '-')}")
            for name, given in (("min_gap", min_gap), ("max_gap", max_gap), ("max_span", max_span))
        }
        kind = _choice(What, what, "--what")
        if store and data is not None:
            raise ConstraintError("--store is for what the shop's own people did, not for --data")
        _, lasts = parse_distance([expires], option="--expires")
        if not lasts:
            raise ConstraintError(f"--expires {expires!r}: give a time such as '30 days'")
        chosen = _choice(Engine, engine, "--engine")
        source = (
            shop_source(
                console,
                actions=action or ["purchase"],
                together=_choice(Together, together, "--together"),
                engine=chosen,
                at_once=at_once,
                folder=Path(folder),
            )
            if data is None
            else file_source(data, engine=chosen)
        )
        names = source.names
        job = Job(
            what=kind,
            min_support=support,
            top=DEFAULT_TOP if unasked else top,
            keep=_choice(Keep, keep, "--keep"),
            min_steps=min_steps or (2 if unasked else 1),
            min_confidence=min_confidence,
            algorithm=_choice(Algorithm, algorithm, "--algorithm"),
            within_elements=data is None,
            constraints=Constraints(
                max_length=max_length,
                min_gap=1 if gaps["min_gap"][0] is None else gaps["min_gap"][0],
                min_gap_seconds=gaps["min_gap"][1] or 0.0,
                max_gap=gaps["max_gap"][0],
                max_gap_seconds=gaps["max_gap"][1],
                max_span=gaps["max_span"][0],
                max_span_seconds=gaps["max_span"][1],
                required=frozenset(product_named(text, names) for text in must or []),
                excluded=frozenset(product_named(text, names) for text in must_not or []),
            ),
        )
        with _progress(console, max_patterns=max_patterns) as limits:

            def run(job: Job) -> Found:
                return source.run(job, limits)

            if source.people is None:
                found = run(job)
            else:
                least = get_settings().min_people
                found = mine_people(run, job, people=source.people, min_people=least)
        who = "people" if data is None else "sequences"
        print_found(console, found, what=kind, who=who, names=names, show=show)
        if out is not None:
            write_patterns(found.patterns, out, names=names)
            console.print(f"{len(found.patterns):,} patterns written to {out}")
        if rules_out is not None:
            write_rules(found.rules, rules_out, names=names)
            console.print(f"{len(found.rules):,} rules written to {rules_out}")
        if report is not None:
            from cli.mine_report.report import write_report

            shop = get_settings().shop_name if data is None else data.name
            now = SystemClock().now()
            write_report(report, found, what=kind, who=who, shop=shop, names=names, now=now)
            console.print(f"Report written to {report}")
        if store:
            _store(found, job, actions=action or ["purchase"], keep=timedelta(seconds=lasts))
            console.print(f"Stored; the results expire after {expires}.")


def _store(found: "Found", job: "Job", *, actions: list[str], keep: timedelta) -> None:
    from core.clock import SystemClock
    from core.settings import get_settings
    from services.mining import store

    with open_database() as sessions, sessions.begin() as session:
        store(
            session,
            found,
            job,
            min_people=get_settings().min_people,
            actions=actions,
            now=SystemClock().now(),
            keep=keep,
        )


def _choice[C: StrEnum](kind: type[C], text: str, option: str) -> C:
    try:
        return kind(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is none of {', '.join(kind)}", param_hint=option
        ) from None


@contextmanager
def _clear_errors(console: "Console") -> Iterator[None]:
    from recommender.mining.constraints import ConstraintError
    from recommender.mining.database import DatabaseError
    from recommender.mining.export import UnknownEndingError
    from recommender.mining.spark import NoSparkError
    from services.mining import NothingToMineError, UnknownProductError

    try:
        yield
    except (
        ConstraintError,
        DatabaseError,
        NoSparkError,
        NothingToMineError,
        OSError,
        UnknownEndingError,
        UnknownProductError,
    ) as error:
        console.print(str(error))
        raise typer.Exit(1) from None


@contextmanager
def _progress(console: "Console", *, max_patterns: int) -> "Iterator[Limits]":
    """Limits that move a bar while the block runs."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from recommender.mining.run import Limits

    columns = (
        TextColumn("Mining"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[found]:,} found"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=1.0, found=0)

        def tell(share: float, found: int) -> None:
            bars.update(task, completed=share, found=found)

        yield Limits(max_patterns=max_patterns, on_progress=tell)
