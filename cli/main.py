"""The `cartwright` command: each group lives in a file of its own and imports its weight late."""

import typer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="A shopping assistant for your shop."
)


if __name__ == "__main__":
    app()
