"""The `cartwright` command: each group lives in a file of its own and imports its weight late."""

import typer

from cli.bench import bench_app
from cli.demo import demo_app
from cli.evaluate import evaluate
from cli.import_ import import_app
from cli.mine import mine
from cli.nudges import nudges_app
from cli.prepare import prepare
from cli.quarantine import quarantine_app
from cli.train import models_app, train
from cli.train_daily import train_daily
from cli.up import up

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="A shopping assistant for your shop."
)
app.command("up")(up)
app.command("prepare")(prepare)
app.add_typer(demo_app, name="demo")
app.add_typer(import_app, name="import")
app.add_typer(quarantine_app, name="quarantine")
app.command("train")(train)
app.command("train-daily")(train_daily)
app.command("evaluate")(evaluate)
app.command("mine")(mine)
app.add_typer(models_app, name="models")
app.add_typer(nudges_app, name="nudges")
app.add_typer(bench_app, name="bench")


if __name__ == "__main__":
    app()
