"""`cartwright train` and `cartwright models`: train, judge, publish, go back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from recommender.fitting import TrainConfig
    from services.training import Outcome

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="TOML file of how to train (docs/training.md).")
]
models_app = typer.Typer(no_args_is_help=True, help="The recommender's trained versions.")


def train(
    config_file: ConfigFile = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same model.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training days.")
    ] = None,
    warm: Annotated[
        bool, typer.Option("--warm", help="Go on from the version in force, where that can be.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training that was stopped.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what was measured to this file.")
    ] = None,
) -> None:
    """Train the recommender on the shop's events and put it in force if it passes the gate."""
    from rich.console import Console

    from cli.evaluation_table import print_report
    from recommender.checkpoint import CheckpointError
    from services.training import NothingToLearnError
    from services.training_config import ConfigError
    from services.training_run import NotStoppedError, UnderWayError

    console = Console()
    if resume and (warm or config_file or seed is not None or epochs is not None):
        console.print(
            "--resume goes on as the stopped training began: leave --config, --seed, --epochs and "
            "--warm out, or leave out --resume to begin anew.",
            markup=False,
        )
        raise typer.Exit(2)
    try:
        if resume:
            outcome = _resumed(console)
        else:
            outcome = _begun(console, training_config(config_file, seed, epochs), warm=warm)
    except (
        ConfigError, UnderWayError, NotStoppedError, CheckpointError, NothingToLearnError,
    ) as error:  # fmt: skip
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    print_report(console, outcome.report)
    console.print(outcome.message, markup=False)
    if json_file is not None:
        json_file.write_text(json.dumps(outcome.report.to_json(), indent=1))


def training_config(file: Path | None, seed: int | None, epochs: int | None) -> "TrainConfig":
    """The file's settings, with what the command line says instead. Raises ConfigError."""
    from recommender.fitting import TrainConfig
    from services.training_config import read_config

    config = TrainConfig() if file is None else read_config(file)
    lstm = config.lstm
    network = replace(
        lstm,
        seed=lstm.seed if seed is None else seed,
        epochs=lstm.epochs if epochs is None else epochs,
    )
    return replace(config, lstm=network)


def _begun(console: "Console", config: "TrainConfig", *, warm: bool) -> "Outcome":
    from cli.training_progress import training_progress
    from core.clock import SystemClock
    from core.settings import get_settings
    from services.robots import left_out
    from services.training import read_frames
    from services.training_run import one_at_a_time, train_anew

    settings, now = get_settings(), SystemClock().now()
    with one_at_a_time(settings.models_dir), training_progress(console) as progress:
        frames = read_frames(settings, now=now, progress=progress)
        robots = left_out(frames.robots)
        if robots:
            console.print(robots, markup=False)
        return train_anew(settings, frames, config=config, now=now, progress=progress, warm=warm)


def _resumed(console: "Console") -> "Outcome":
    from cli.training_progress import training_progress
    from core.settings import get_settings
    from services.training_run import one_at_a_time, resume

    settings = get_settings()
    with one_at_a_time(settings.models_dir), training_progress(console) as progress:
        return resume(settings, progress=progress)


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
    from recommender.fitting import TrainConfig
    from services.training import (
        NothingToLearnError,
        model_in_force,
        read_frames,
    )
    from services.training_run import UnderWayError, one_at_a_time, train_anew

    settings = get_settings()
    now = SystemClock().now()
    try:
        with one_at_a_time(settings.models_dir), training_progress(console) as progress:
            frames = read_frames(settings, now=now, progress=progress)
            version = model_in_force(settings, frames)
            if version is None:
                outcome = train_anew(
                    settings, frames, config=TrainConfig(), now=now, progress=progress
                )
    except (NothingToLearnError, UnderWayError) as error:
        console.print(f"Recommender: {error}", markup=False)
        return
    console.print(
        "Recommender … ready." if version else f"Recommender: {outcome.message}", markup=False
    )
