"""`cartwright nudges simulate`: a policy, or two side by side, on simulated shoppers."""

from pathlib import Path
from typing import Annotated

import typer


def simulate_policy(
    days: Annotated[int, typer.Option(min=1, max=3660, help="Days to play.")] = 30,
    shoppers: Annotated[int, typer.Option(min=10, help="How many simulated shoppers.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of the shoppers; the same gives the same.")] = 1,
    policy: Annotated[
        Path | None, typer.Option(help="A policy file; the one in force by default.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another policy file, played beside it.")
    ] = None,
    learning: Annotated[
        int,
        typer.Option(
            min=0, help="Stretches of as many days, of other shoppers, learned from before."
        ),
    ] = 1,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with plots to this file (HTML).")
    ] = None,
) -> None:
    """Who would be written to, what it would cost and bring; nothing is sent, nothing stored."""
    from rich.console import Console

    from cli.nudges_page.page import write_page
    from cli.nudges_page.summary import print_summary
    from core.settings import get_settings
    from db.pricing import DeliveryRule
    from nudges.policy import SHIPPED, PolicyError, load_policy
    from nudges.simulate.report import play
    from nudges.simulate.shoppers import Scenario

    settings = get_settings()
    console = Console(markup=False, highlight=False)
    paths = [policy or settings.nudge_policy or SHIPPED, *([against] if against else [])]
    scenario = Scenario(seed, shoppers, days)
    rule = DeliveryRule.of(settings)
    try:
        read = [(path.name if path != SHIPPED else "shipped", load_policy(path)) for path in paths]
    except PolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    plays = []
    for name, each in read:
        with console.status(f"{name}: {shoppers:,} shoppers over {days} days …"):
            plays.append(play(name, scenario, each, rule, rounds=learning))
    print_summary(console, scenario, plays)
    if page is not None:
        try:
            write_page(page, scenario, plays)
        except OSError as error:
            typer.echo(f"{page}: {error.strerror}", err=True)
            raise typer.Exit(1) from error
        console.print(f"The page with plots: {page}")
    if any(one.violations for one in plays):
        raise typer.Exit(1)
