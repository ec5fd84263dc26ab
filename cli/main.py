"""The `cartwright` command: each group lives in a file of its own and imports its weight late."""

import typer

from cli.demo import demo_app

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="A shopping assistant for your shop."
)
app.add_typer(demo_app, name="demo")


if __name__ == "__main__":
    app()
