"""`cartwright evaluate`: how every model does on days it has not seen."""

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training days.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Train on the earlier days, rank on the last ones, and compare all models."""
    from rich.console import Console

    from cli.evaluation_table import print_report
    from cli.training_progress import training_progress
    from core.clock import SystemClock
    from core.settings import get_settings
    from services.training import NothingToLearnError, evaluate_models, read_frames

    console = Console()
    settings = get_settings()
    try:
        with training_progress(console) as progress:
            frames = read_frames(settings, now=SystemClock().now(), progress=progress)
            report = evaluate_models(
                frames, seed=seed, epochs=epochs, progress=progress, make_oracle=None
            )
    except NothingToLearnError as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    print_report(console, report)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=1))
