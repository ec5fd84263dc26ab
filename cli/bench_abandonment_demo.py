"""`cartwright bench abandonment --demo`: open carts of the demo shop, beside the best possible."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from demo.world import Scenario


def bench_demo(*, seed: int, plot: Path | None, json_file: Path | None) -> None:
    """Train on the demo shop's earlier days and ask about the carts of the last ones."""
    from rich.console import Console
    from rich.table import Table

    from benchmarks.abandonment.demo import compare_on_demo
    from benchmarks.abandonment.reliability import draw_reliability
    from cli.training_progress import training_progress
    from core.clock import SystemClock
    from core.settings import get_settings
    from services.training import prepared, read_frames

    console = Console(markup=False, highlight=False)
    scenario = _scenario()
    if scenario is None:
        console.print("This database holds no demo shop: fill one with `cartwright demo fill`.")
        raise typer.Exit(1)
    with training_progress(console) as progress:
        frames = read_frames(get_settings(), now=SystemClock().now(), progress=progress)
        found = compare_on_demo(prepared(frames), scenario, seed=seed, progress=progress)
    table = Table("steps after", "carts", "left", "model", "AUC", "AP left", "of the best",
                  "AP bought", "ECE", title="Will the open cart be left?",
                  title_justify="left")  # fmt: skip
    for column in (*table.columns[:3], *table.columns[4:]):
        column.justify = "right"
    after = None
    for row in found.rows:
        begins, after = row.after != after, row.after
        table.add_row(
            *((str(row.after), f"{row.carts:,}", f"{row.left:.1%}") if begins else ("", "", "")),
            row.model, f"{row.auc:.4f}", f"{row.ap:.4f}",
            f"{row.share:.1%} [{row.share_low:.1%}, {row.share_high:.1%}]",
            f"{row.ap_bought:.4f}", f"{row.ece:.4f}",
        )  # fmt: skip
    console.print(table)
    for name, error in found.ece.items():
        console.print(f"{name}: calibration error over all moments {error:.4f}")
    if plot is not None:
        draw_reliability(plot, found)
    if json_file is not None:
        figures = {"rows": [asdict(row) for row in found.rows], "ece": found.ece}
        json_file.write_text(json.dumps(figures, indent=2))


def _scenario() -> "Scenario | None":
    from core.settings import get_settings
    from db.engine import make_engine, make_session_factory, read_session
    from demo.fill import filled_with

    engine = make_engine(get_settings().database_url)
    try:
        with read_session(make_session_factory(engine)) as session:
            return filled_with(session)
    finally:
        engine.dispose()
