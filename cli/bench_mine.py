"""`cartwright bench mine`: the miners beside their peers on one file."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def bench_mine(
    data: Annotated[Path, typer.Option(help="Sequences: SPMF's format or plain, perhaps .gz.")],
    minsup: Annotated[str, typer.Option(help="A count (25), a share (0.01), a percentage (1%).")],
    algorithm: Annotated[
        list[str] | None,
        typer.Option(
            help="prefixspan, spade, apriori-all, itemsets; again … [default: prefixspan and spade]"
        ),
    ] = None,
    spmf_jar: Annotated[
        Path | None, typer.Option(help="SPMF's spmf.jar, to run beside (needs Java).")
    ] = None,
    rusket_python: Annotated[
        Path | None, typer.Option(help="A Python that has rusket, to run beside.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Time the miners on a file, beside SPMF and rusket where you say where they are."""
    from rich.console import Console
    from rich.table import Table

    from benchmarks.mining.side_by_side import ALGORITHMS, compare
    from cli.mine_options import parse_support
    from recommender.mining.constraints import ConstraintError
    from recommender.mining.database import DatabaseError

    console = Console(markup=False, highlight=False)
    chosen = tuple(algorithm or ("prefixspan", "spade"))
    unknown = set(chosen) - set(ALGORITHMS)
    if unknown:
        raise typer.BadParameter(
            f"{min(unknown)!r} is none of {', '.join(ALGORITHMS)}", param_hint="--algorithm"
        )
    contenders = []
    try:
        for contender in compare(
            data, parse_support(minsup), chosen, spmf_jar=spmf_jar, rusket_python=rusket_python
        ):
            console.print(f"{contender.name} … {contender.problem or 'done'}")
            contenders.append(contender)
    except (ConstraintError, DatabaseError, OSError) as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    table = Table("", "whole call", "mining", "first call", "peak memory", "patterns", "equal")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in contenders:
        table.add_row(
            one.name,
            *(f"{t:.3f} s" if t is not None else "" for t in (one.whole, one.mining, one.first)),
            f"{one.peak_mb:,.0f} MB" if one.peak_mb else "",
            f"{one.patterns:,}" if one.patterns is not None else "failed",
            {True: "yes", False: "NO", None: ""}[one.equal],
        )
    console.print(table)
    console.print(
        "Whole call: from the file to a file with all patterns, after the first call (Java: with "
        "the start of its machine). Mining: in memory; SPMF's own figure has reading and writing "
        "in it."
    )
    if json_file is not None:
        figures = {"file": data.name, "minsup": minsup, "contenders": [*map(asdict, contenders)]}
        json_file.write_text(json.dumps(figures, indent=1))
    if any(one.equal is False or one.problem for one in contenders):
        raise typer.Exit(1)
