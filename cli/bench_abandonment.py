"""`cartwright bench abandonment`: telling visits that buy from those that leave."""

import json
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.bench_abandonment_demo import bench_demo

if TYPE_CHECKING:
    from benchmarks.abandonment.compare import Row

RANKING = ("AUC", "AP")
"""The measures shown with their interval; all intervals are in the JSON."""


def bench_abandonment(
    data: Annotated[
        Path | None, typer.Option(help="Visits in the layout of UCI Online Shoppers (CSV).")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Open carts of the demo shop's last days instead.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="With --demo: draw what came true of it as this PNG.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the cross-validation.")] = 10,
    repeats: Annotated[int, typer.Option(min=1, help="How often it is repeated.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the folds, or of the training.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Who leaves without buying, beside LightGBM and logistic regression.

    With --data by repeated stratified cross-validation, with --demo on days that nothing learnt
    from, beside the best possible.
    """
    if (data is None) != demo:
        raise typer.BadParameter("give either --data or --demo")
    if data is None:
        bench_demo(seed=seed, plot=plot, json_file=json_file)
        return
    from rich.console import Console
    from rich.table import Table

    from benchmarks.abandonment.compare import MEASURES, compare
    from benchmarks.abandonment.visits import VisitsError, read_visits
    from recommender.session_intent import PAGE_VALUE

    console = Console(markup=False, highlight=False)
    try:
        visits, bought = read_visits(data)
        fewest = min(int(bought.sum()), int((~bought).sum()))
        if fewest < folds:
            raise VisitsError(
                f"{data}: only {fewest} visits of one ending, too few for {folds} folds"
            )
    except (VisitsError, OSError) as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    console.print(f"{len(visits):,} visits, {bought.mean():.1%} bought; "
                  f"{repeats} × {folds} folds, seed {seed}")  # fmt: skip
    figures = {}
    views = {"without PageValues": visits.drop(PAGE_VALUE, strict=False)}
    if PAGE_VALUE in visits.columns:
        views = {"with PageValues": visits, **views}
    for view, table in views.items():
        shown = Table("model", *MEASURES, title=view, title_justify="left")
        for column in shown.columns[1:]:
            column.justify = "right"
        with console.status(f"{view} …"):
            rows = list(compare(table, bought, folds=folds, repeats=repeats, seed=seed))
        for row in rows:
            shown.add_row(row.model, *(_figure(row, name) for name in MEASURES))
        console.print(shown)
        figures[view] = [asdict(row) for row in rows]
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2))


def _figure(row: "Row", measure: str) -> str:
    if measure not in RANKING or isnan(row.half[measure]):
        return f"{row.mean[measure]:.4f}"
    return f"{row.mean[measure]:.4f} ±{row.half[measure]:.4f}"
