"""`cartwright bench next-item`: what comes next, on public session logs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recommender.evaluation import Interval


def bench_next_item(
    data: Annotated[
        Path,
        typer.Option(
            help="A folder with train_full.tsv and test.tsv (and train_tr.tsv, train_valid.tsv), "
            "or with train_sessions.txt and test_prefix_target.tsv; .gz or not."
        ),
    ],
    seeds: Annotated[
        int, typer.Option(min=1, help="How often what learns by chance is trained.")
    ] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Recall@20 and MRR@20 among all items; settings are chosen on validation sessions only."""
    from rich.console import Console
    from rich.table import Table

    from benchmarks.next_item.compare import compare
    from benchmarks.next_item.splits import SplitError, read_split

    console = Console(markup=False, highlight=False)
    try:
        split = read_split(data)
    except SplitError as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    console.print(
        f"{split.name}: {split.items:,} items, {len(split.full):,} steps to train on, "
        f"{len(split.valid):,} questions to choose on, {len(split.test):,} to report"
    )
    shown = Table("model", "recall@20", "MRR@20", "training s")
    for column in shown.columns[1:]:
        column.justify = "right"
    rows = []
    with console.status("counting …") as status:
        for row in compare(split, seeds=seeds, say=lambda text: status.update(f"{text} …")):
            shown.add_row(row.model, _figure(row.recall), _figure(row.mrr), f"{row.seconds:.1f}")
            rows.append(row)
    console.print(shown)
    console.print("±: half the width of the 95 % interval, test sessions drawn anew.")
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(row) for row in rows], indent=2))


def _figure(of: "Interval") -> str:
    return f"{of.mean:.4f} ±{(of.high - of.low) / 2:.4f}"
