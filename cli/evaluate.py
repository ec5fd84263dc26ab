"""`cartwright evaluate`: how every model does on days it has not seen."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.train import ConfigFile, training_config

if TYPE_CHECKING:
    from core.settings import Settings
    from recommender.evaluation import Oracle


def evaluate(
    config_file: ConfigFile = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same figures.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training days.")
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Train by so many seeds, and say how far the figures differ."),
    ] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
    report_folder: Annotated[
        Path | None, typer.Option("--report", help="Write a page with plots to this folder.")
    ] = None,
    fusion: Annotated[
        bool,
        typer.Option(
            "--fusion",
            help="Train again without views, searches, cart, purchases and chat, one after the "
            "other, and say what each gives.",
        ),
    ] = False,
    noise: Annotated[
        bool,
        typer.Option(
            "--noise",
            help="Train again from noisy events, the shop's own noise and planted, and say what it "
            "costs.",
        ),
    ] = False,
) -> None:
    """Train on the earlier days, rank on the last ones, and compare all models."""
    from rich.console import Console

    from cli.evaluation_table import print_report
    from cli.training_progress import training_progress
    from core.clock import SystemClock
    from core.settings import get_settings
    from services.robots import left_out
    from services.training import NothingToLearnError, evaluate_models, read_frames
    from services.training_config import ConfigError

    console = Console()
    settings = get_settings()
    if report_folder is not None:
        try:
            report_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            typer.echo(f"{report_folder}: {error.strerror}", err=True)
            raise typer.Exit(1) from error
    now = SystemClock().now()
    try:
        config = training_config(config_file, seed, epochs)
        with training_progress(console) as progress:
            frames = read_frames(settings, now=now, progress=progress, aside=noise)
            report = evaluate_models(
                frames,
                config=config,
                progress=progress,
                oracles=_demo_oracles(settings),
                seeds=seeds,
                fusion=fusion,
                noise_at=now if noise else None,
            )
    except (ConfigError, NothingToLearnError) as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    robots = left_out(frames.robots)
    if robots:
        console.print(robots, markup=False)
    print_report(console, report)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=1))
    if report_folder is not None:
        from cli.evaluation_report.page import write_report

        page = write_report(
            report_folder, report, shop=settings.shop_name, robots=robots or "", now=now
        )
        console.print(f"The page with plots: {page}", markup=False)


def _demo_oracles(settings: "Settings") -> "dict[str, Callable[[], Oracle]]":
    """The best possible on the demo shop's past, with and without knowing each shopper's tastes."""
    from db.engine import make_engine, make_session_factory, read_session
    from demo.fill import filled_with
    from demo.oracle import DemoOracle

    engine = make_engine(settings.database_url)
    try:
        with read_session(make_session_factory(engine)) as session:
            scenario = filled_with(session)
    finally:
        engine.dispose()
    if scenario is None:
        return {}
    return {
        "best possible": partial(DemoOracle.of, scenario),
        "best for strangers": partial(DemoOracle.of, scenario, knows_tastes=False),
    }
