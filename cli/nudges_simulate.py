"""`cartwright nudges simulate`: a policy or two, on simulated or real shoppers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nudges.policy import Policy
    from nudges.simulate.shoppers import Scenario

FOR_SIMULATED = ("shoppers", "seed", "learning")
FOR_REAL = ("until",)


def simulate_policy(
    context: typer.Context,
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
    real: Annotated[
        bool, typer.Option("--real", help="Replay the shop's own shoppers, not simulated ones.")
    ] = False,
    until: Annotated[
        datetime | None, typer.Option(help="With --real: the end, UTC; the newest event's time.")
    ] = None,
    who: Annotated[Path | None, typer.Option(help="Write each message to this file (CSV).")] = None,
) -> None:
    """Who would be written to, what it would cost and bring; nothing is sent, nothing stored."""
    from nudges.simulate.shoppers import Scenario

    for name in FOR_SIMULATED if real else FOR_REAL:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            kind = "simulated shoppers" if real else "real ones"
            hint = "leave out --real" if real else "add --real"
            raise typer.BadParameter(f"--{name} is for {kind}: {hint}, or leave it out")
    policies = _policies(policy, against)
    if real:
        _rehearse(policies, days=days, until=until, page=page, who=who)
    else:
        scenario = Scenario(seed, shoppers, days)
        _simulate(policies, scenario, learning=learning, page=page, who=who)


def _policies(policy: Path | None, against: Path | None) -> "list[tuple[str, Policy]]":
    from core.settings import get_settings
    from nudges.policy import SHIPPED, PolicyError, load_policy

    settings = get_settings()
    paths = [policy or settings.nudge_policy or SHIPPED, *([against] if against else [])]
    try:
        return [(path.name if path != SHIPPED else "shipped", load_policy(path)) for path in paths]
    except PolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _simulate(
    policies: "list[tuple[str, Policy]]",
    scenario: "Scenario",
    *,
    learning: int,
    page: Path | None,
    who: Path | None,
) -> None:
    from rich.console import Console

    from cli.nudges_page.page import write_simulated
    from cli.nudges_page.summary import print_summary
    from cli.nudges_who import write_who
    from core.settings import get_settings
    from db.pricing import DeliveryRule
    from nudges.simulate.report import play
    from nudges.simulate.state import Sent

    console = Console(markup=False, highlight=False)
    settings = get_settings()
    rule = DeliveryRule.of(settings)
    plays = []
    for name, each in policies:
        with console.status(f"{name}: {scenario.shoppers:,} shoppers over {scenario.days} days …"):
            plays.append(play(name, scenario, each, rule, rounds=learning))
    print_summary(console, scenario, plays)
    if page is not None:
        with _written(page):
            write_simulated(page, scenario, plays, settings=settings)
        console.print(f"The page with plots: {page}")
    if who is not None:
        with _written(who):
            write_who(who, Sent, {one.name: one.sent for one in plays})
        console.print(f"Each message: {who}")
    if any(one.violations for one in plays):
        raise typer.Exit(1)


def _rehearse(
    policies: "list[tuple[str, Policy]]",
    *,
    days: int,
    until: datetime | None,
    page: Path | None,
    who: Path | None,
) -> None:
    from datetime import UTC

    from rich.console import Console

    from cli.nudges import open_nudging
    from cli.nudges_page.page import write_real
    from cli.nudges_rehearsal import print_rehearsals
    from cli.nudges_who import write_who
    from db.pricing import DeliveryRule
    from nudges.rehearse.report import WouldSend
    from nudges.rehearse.run import newest_event, rehearse
    from nudges.uplift.decider import UpliftDecider
    from nudges.uplift.learn import following

    console = Console(markup=False, highlight=False)
    with open_nudging() as nudging:
        settings = nudging.settings
        end = until.replace(tzinfo=UTC) if until else newest_event(nudging.sessions)
        if end is None:
            typer.echo("The shop has no events yet: there is nothing to replay.", err=True)
            raise typer.Exit(1)
        rehearsals = []
        for name, policy in policies:
            rule = DeliveryRule.of(settings)
            with console.status(f"{name}: {days} days of the shop's own shoppers …"):
                rehearsals.append(
                    rehearse(
                        name,
                        nudging.sessions,
                        policy,
                        settings=settings,
                        channels=sorted(nudging.channel_names),
                        decider=UpliftDecider(following(settings.models_dir), policy, rule),
                        begin=end - timedelta(days=days),
                        end=end,
                        leaving=nudging.leaving,
                    )
                )
    print_rehearsals(console, rehearsals, settings=settings)
    if page is not None:
        with _written(page):
            write_real(page, rehearsals, settings=settings)
        console.print(f"The page with plots: {page}")
    if who is not None:
        with _written(who):
            write_who(who, WouldSend, {one.name: one.messages for one in rehearsals})
        console.print(f"Each message: {who}")


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Ends the command with a message where the file cannot be written."""
    try:
        yield
    except OSError as error:
        typer.echo(f"{path}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
