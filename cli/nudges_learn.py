"""`cartwright nudges learn` and `compare`: what past decisions teach, and others would earn."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from nudges.compose import Nudging
    from nudges.uplift.estimators import Value
    from nudges.uplift.logged import Logged
    from nudges.uplift.model import Uplift


def learn_uplift() -> None:
    """Learn from past decisions what each treatment changes; used where it earns no less."""
    from core.ids import new_id
    from nudges.uplift.learn import learn, put_in_force

    with _decisions() as (nudging, log, before):
        now = nudging.clock.now()
        version = f"{now:%Y%m%d-%H%M%S}-{new_id()[:6]}"
        model, learned = learn(log, policy=nudging.policy, before=before, version=version)
        put_in_force(nudging.settings.models_dir, model, learned, now=now)
    typer.echo(f"{learned.decisions:,} settled decisions, {learned.bought:,} of them bought.")
    typer.echo(f"Against {learned.before}, on the newest part, a decision in minor units:")
    typer.echo(f"  doubly robust {_signed(learned.gained)}")
    typer.echo(f"  by inverse propensity {_signed(learned.by_propensity)}")
    kept = version if learned.accepted else learned.before
    typer.echo(f"In force: {kept}.")


def compare_policies() -> None:
    """Estimate what other models and simple rules would have earned on past decisions."""
    from rich.console import Console
    from rich.table import Table

    from core.money import Money
    from nudges.uplift.model import prior
    from nudges.uplift.offline import compare

    with _decisions() as (nudging, log, in_force):
        settings = nudging.settings
        found = compare(log, policy=nudging.policy, in_force=in_force)

    def money(value: "Value") -> str:
        mean, low, high = (
            Money(settings.currency, round(amount)).text(settings.locale)
            for amount in (value.mean, value.low, value.high)
        )
        return f"{mean} ({low} to {high})"

    console = Console(markup=False, highlight=False)
    console.print(
        f"The newest {found.decisions:,} settled decisions earned {money(found.earned)} each, "
        "after coupons and messages. What others would have earned, a decision (95 %):"
    )
    table = Table("policy", "doubly robust", "by inverse propensity", f"over {in_force.version}",
                  "agrees", "would have sent")  # fmt: skip
    for one in found.judged:
        name = f"{one.policy}, in force" if one.policy == in_force.version else one.policy
        over = "" if one.policy == in_force.version else money(one.gained)
        sent = ", ".join(f"{treatment} {share:.0%}" for treatment, share in one.shares.items())
        table.add_row(name, money(one.doubly_robust), money(one.by_propensity), over,
                      f"{one.agrees:,}", sent)  # fmt: skip
    console.print(table)
    if in_force.version != prior().version:
        console.print(
            f"{in_force.version} may have learned from these decisions, and then reads a little "
            "too well; the candidate has not seen them."
        )


@contextmanager
def _decisions() -> "Iterator[tuple[Nudging, Logged, Uplift]]":
    """What works on left carts, its settled decisions and the model in force."""
    from cli.nudges import open_nudging
    from nudges.uplift.learn import TooLittleError, in_force, read_log
    from recommender.registry import BrokenModelError

    with open_nudging() as nudging:
        try:
            model = in_force(nudging.settings.models_dir)
            with nudging.sessions() as session:
                log = read_log(session, now=nudging.clock.now())
            yield nudging, log, model
        except (TooLittleError, BrokenModelError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error


def _signed(value: "Value") -> str:
    return f"{value.mean:+.1f} (95 %: {value.low:+.1f} to {value.high:+.1f})"
