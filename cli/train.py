"""`cartwright train` and `cartwright models`: train, judge, publish, go back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

models_app = typer.Typer(no_args_is_help=True, help="The recommender's trained versions.")


def train(
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training days.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what was measured to this file.")
    ] = None,
) -> None:
    """Train the recommender on the shop's events and put it in force if it passes the gate."""
    from rich.console import Console

    from cli.training_progress import training_progress
    from core.clock import SystemClock
    from core.settings import get_settings
    from services.robots import left_out
    from services.training import NothingToLearnError, read_frames, train_and_publish

    console = Console()
    settings = get_settings()
    now = SystemClock().now()
    try:
        with training_progress(console) as progress:
            frames = read_frames(settings, now=now, progress=progress)
            outcome = train_and_publish(
                settings, frames, now=now, seed=seed, epochs=epochs, progress=progress
            )
    except NothingToLearnError as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    from cli.evaluation_table import print_report

    robots = left_out(frames.robots)
    if robots:
        console.print(robots, markup=False)
    print_report(console, outcome.report)
    console.print(outcome.message, markup=False)
    if json_file is not None:
        json_file.write_text(json.dumps(outcome.report.to_json(), indent=1))


@models_app.command("list")
def list_models() -> None:
    """Show the stored versions; the one in force is marked."""
    from rich.console import Console
    from rich.table import Table

    from core.settings import get_settings
    from recommender.protocol import NoModelError
    from recommender.registry import current, manifests

    console = Console()
    folder = get_settings().models_dir
    try:
        in_force: str | None = current(folder)
    except NoModelError:
        in_force = None
    table = Table("", "version", "trained", "gate", "sources", "recall@20", "MRR@20")
    for manifest in manifests(folder):
        table.add_row(
            "→" if manifest.version == in_force else "",
            manifest.version,
            manifest.trained_at,
            "passed" if manifest.accepted else "not passed",
            ", ".join(manifest.sources),
            _figure(manifest.metrics.get("recall")),
            _figure(manifest.metrics.get("mrr")),
        )
    console.print(table)
    if in_force is None:
        console.print("No version is in force: train one with `cartwright train`.")


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else ""


@models_app.command("rollback")
def rollback_model(
    version: Annotated[
        str | None, typer.Argument(help="The version to put in force; else the one before.")
    ] = None,
) -> None:
    """Put an earlier version in force; running processes take it up by themselves."""
    from rich.console import Console

    from core.settings import get_settings
    from recommender.protocol import NoModelError
    from recommender.registry import BrokenModelError, rollback

    console = Console()
    try:
        chosen = rollback(get_settings().models_dir, version)
    except (NoModelError, BrokenModelError, ValueError) as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    console.print(f"Version {chosen} is in force.", markup=False)


def train_if_missing(console: "Console") -> None:
    """Train where no version in force fits the catalogue and there are events to learn from."""
    from cli.training_progress import training_progress
    from core.clock import SystemClock
    from core.settings import get_settings
    from services.training import (
        NothingToLearnError,
        model_in_force,
        read_frames,
        train_and_publish,
    )

    settings = get_settings()
    now = SystemClock().now()
    with training_progress(console) as progress:
        frames = read_frames(settings, now=now, progress=progress)
        try:
            version = model_in_force(settings, frames)
            if version is None:
                outcome = train_and_publish(
                    settings, frames, now=now, seed=0, epochs=None, progress=progress
                )
        except NothingToLearnError as error:
            console.print(f"Recommender: {error}", markup=False)
            return
    console.print(
        "Recommender … ready." if version else f"Recommender: {outcome.message}", markup=False
    )
