"""`cartwright bench decisions`: what they earn on simulated shops, and if hold-outs tell true."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.decisions.earning import Covered, Share


def bench_decisions(
    shops: Annotated[int, typer.Option(min=0, help="Shops to compare policies on.")] = 8,
    coverage: Annotated[int, typer.Option(min=0, help="Shops to check hold-outs on.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of the first shop.")] = 101,
    shoppers: Annotated[int, typer.Option(min=100, help="Shoppers in each shop.")] = 1500,
    days: Annotated[int, typer.Option(min=20, help="Days of each shop.")] = 100,
    learning: Annotated[
        int, typer.Option(min=0, help="Stretches of as many days that each shop learned from.")
    ] = 8,
    hold_out: Annotated[
        float, typer.Option(min=0.05, max=0.5, help="Share held out where hold-outs are checked.")
    ] = 0.25,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """The shipped decision beside simple rules and the best possible, on simulated shops.

    Ends with 1 where it earns less than it has to, or hold-outs tell the truth too seldom.
    """
    from rich.console import Console
    from rich.table import Table

    from benchmarks.decisions.earning import covered, earned, shares, shortfalls
    from core.settings import Settings
    from db.pricing import DeliveryRule
    from nudges.policy import load_policy
    from nudges.simulate.compare import learned
    from nudges.simulate.shoppers import Scenario

    console = Console(markup=False, highlight=False)
    policy, rule = load_policy(), DeliveryRule.of(Settings())
    figures: dict[str, object] = {}
    earning: list[Share] = []
    checked: list[Covered] = []
    if shops:
        rows = []
        for number in range(seed, seed + shops):
            scenario = Scenario(number, shoppers, days)
            with console.status(f"Shop {number} learns …"):
                model = learned(scenario, policy, rule, rounds=learning)
            with console.status(f"Shop {number} …"):
                rows += list(earned(scenario, policy, model, rule))
        table = Table("policy", "share of the best (95 %)", "as the draws fell",
                      title=f"{shops} shops of {shoppers:,} shoppers over {days} days, seeds from "
                            f"{seed}", title_justify="left")  # fmt: skip
        earning = shares(rows)
        for one in earning:
            interval = f"{one.mean:.1%} ({one.low:.1%} to {one.high:.1%})"
            table.add_row(one.policy, interval, f"{one.drawn:.1%}")
        console.print(table)
        figures["earned"] = [asdict(row) for row in rows]
    if coverage:
        held = policy.hold_out.model_copy(update={"share": hold_out})
        with console.status("Learning …"):
            model = learned(Scenario(seed, shoppers, days), policy, rule, rounds=learning)
        for number in range(seed, seed + coverage):
            with console.status(f"Hold-out of shop {number} …"):
                scenario = Scenario(number, shoppers * 2 // 3, max(days // 2, 20))
                checked.append(
                    covered(scenario, policy.model_copy(update={"hold_out": held}), model, rule)
                )
        told = [one for one in checked if one.interval is not None]
        console.print(
            f"The hold-out's 95 % interval covers the true lift in {sum(o.holds for o in told)} of "
            f"{len(told)} shops; {len(checked) - len(told)} more said not enough data yet."
        )
        figures["covered"] = [asdict(one) for one in checked]
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2))
    found = shortfalls(earning, checked)
    for short in found:
        typer.echo(short, err=True)
    if found:
        raise typer.Exit(1)
