"""`cartwright prepare`: make what a shop needs to run and does not have yet."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from cli.processes import end_with_parent
from cli.waiting import waiting
from core.settings import Settings, get_settings

ROOT = Path(__file__).resolve().parent.parent


def prepare() -> None:
    """Create the database, fill the demo shop, train the recommender and the bot, where missing."""
    end_with_parent()
    console = Console()
    settings = get_settings()
    with _bot_training(console):
        _prepare_shop(console, settings)


def _prepare_shop(console: Console, settings: Settings) -> None:
    from cli.demo import fill_if_empty
    from cli.train import train_if_missing
    from db.migrate import upgrade

    upgrade(settings.database_url)
    console.print("Database … ready.")
    if settings.demo:
        fill_if_empty(console)
    train_if_missing(console)


@contextmanager
def _bot_training(console: Console) -> Iterator[None]:
    """Train the bot in a process beside what is done inside, and wait for its end."""
    log = ROOT / "var" / "bot-training.log"
    log.parent.mkdir(exist_ok=True)
    command = [str(ROOT / "bot/.venv/bin/python"), str(ROOT / "bot/launch.py"), "train"]
    with log.open("wb") as output:
        training = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )
    try:
        yield
        with waiting(console, "Training the bot"):
            status = training.wait()
    finally:
        if training.poll() is None:
            training.terminate()
            training.wait()
    if status:
        console.print(f"[bold red]The bot could not be trained; see {log.relative_to(ROOT)}.")
        raise typer.Exit(1)
    console.print("Bot … ready.")
