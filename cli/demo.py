"""`cartwright demo`: fill the demo shop, and say how well its past could be predicted at best."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from demo.best import Best
    from demo.fill import Filled
    from demo.world import Scenario

demo_app = typer.Typer(no_args_is_help=True, help="The demo shop and its simulated past.")


@demo_app.command("fill")
def fill_shop(
    shoppers: Annotated[int, typer.Option(min=50, help="How many shoppers to simulate.")] = 6000,
    days: Annotated[int, typer.Option(min=14, max=365, help="How many days, up to now.")] = 90,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same past.")] = 1,
    again: Annotated[
        bool, typer.Option("--again", help="Replace an earlier demo shop, orders and all.")
    ] = False,
) -> None:
    """Fill an empty shop with the demo catalogue and the simulated past of its shoppers."""
    from rich.console import Console

    from core.clock import SystemClock
    from core.settings import get_settings
    from db.migrate import upgrade
    from demo.fill import NotEmptyError, scenario_now
    from demo.world import Scenario

    console = Console()
    upgrade(get_settings().database_url)
    scenario = Scenario(scenario_now(SystemClock().now()), seed, shoppers, days)
    try:
        _report(console, _fill(console, scenario, again=again))
    except NotEmptyError as error:
        console.print(str(error), markup=False)


def fill_if_empty(console: "Console") -> None:
    """Fill the demo shop where the database holds no shop yet."""
    from core.clock import SystemClock
    from demo.fill import NotEmptyError, scenario_now
    from demo.world import Scenario

    try:
        filled = _fill(console, Scenario(scenario_now(SystemClock().now())), again=False)
    except NotEmptyError:
        console.print("Shop … ready.")
    else:
        _report(console, filled)


def _fill(console: "Console", scenario: "Scenario", *, again: bool) -> "Filled":
    from cli.training_progress import training_progress
    from core.settings import get_settings
    from db.engine import make_engine, make_session_factory
    from demo.fill import fill

    settings = get_settings()
    engine = make_engine(settings.database_url)
    try:
        with training_progress(console) as progress:
            return fill(
                make_session_factory(engine),
                scenario,
                settings=settings,
                again=again,
                progress=progress,
            )
    finally:
        engine.dispose()


def _report(console: "Console", filled: "Filled") -> None:
    console.print(
        f"Shop filled: {filled.products} products, {filled.shoppers:,} shoppers, "
        f"{filled.events:,} event rows, {filled.orders:,} orders, "
        f"{filled.open_carts:,} carts left open.",
        highlight=False,
    )


@demo_app.command("best-possible")
def best_possible() -> None:
    """How well the last days of the demo shop's past could be predicted at best."""
    from rich.console import Console

    from cli.training_progress import training_progress
    from core.clock import SystemClock
    from core.settings import get_settings
    from demo.best import NotDemoError
    from demo.best import best_possible as measure_best

    console = Console()
    settings = get_settings()
    try:
        with training_progress(console) as progress:
            found = measure_best(settings, now=SystemClock().now(), progress=progress)
    except NotDemoError as error:
        console.print(str(error), markup=False)
        raise typer.Exit(1) from None
    _print_best(console, found)


def _print_best(console: "Console", found: "Best") -> None:
    from rich.table import Table

    table = Table(
        "predictor",
        f"recall@{found.k}",
        f"MRR@{found.k}",
        title=f"{found.cases:,} cases of the last {found.days:.1f} days",
    )
    for row in found.rows:
        table.add_row(row.name, f"{row.recall:.4f}", f"{row.mrr:.4f}")
    console.print(table)
