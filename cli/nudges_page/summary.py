"""A simulation on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from cli.nudges_page.gates import gates_table
from core.money import Money
from demo.catalogue import CURRENCY
from nudges.simulate.compare import Measured
from nudges.simulate.report import Play
from nudges.simulate.shoppers import Scenario

LOCALE = "en"


def rows(plays: Sequence[Play]) -> list[tuple[str, list[str]]]:
    """What is shown of each play: a name, and a cell for each."""

    def cells(*values: str) -> list[str]:
        return list(values)

    return [
        ("carts left", cells(*(f"{one.left:,}" for one in plays))),
        ("messages", cells(*(f"{one.messages:,}" for one in plays))),
        ("people written to", cells(*(f"{one.written_to:,}" for one in plays))),
        ("coupons issued, used", cells(*(f"{one.coupons_issued:,}, {one.coupons_used:,}"
                                         for one in plays))),
        ("coupons cost", cells(*(money(one.coupon_costs) for one in plays))),
        ("most reserved in a day", cells(*(money(one.most_in_a_day) for one in plays))),
        ("margin over writing to nobody", cells(*(money(one.brought) for one in plays))),
        ("share of the best possible", cells(*(_share(one.share_of_best) for one in plays))),
        ("hold-out says, a person", cells(*(_lift(one.hold_out) for one in plays))),
        ("broken promises", cells(*(_broken(one) for one in plays))),
    ]  # fmt: skip


def print_summary(console: Console, scenario: Scenario, plays: Sequence[Play]) -> None:
    """What was played, and what each gate did."""
    console.print(
        f"{scenario.shoppers:,} simulated shoppers over {scenario.days} days, "
        f"seed {scenario.seed}. Nothing was sent."
    )
    table = Table("", *(one.name for one in plays))
    for name, cells in rows(plays):
        table.add_row(name, *cells)
    console.print(table)
    console.print(gates_table(plays))


def in_short(one: Play) -> str:
    """What a policy does and brings, in two sentences."""
    share = one.share_of_best
    of_best = (
        ""
        if share is None
        else f" ({share:.0%} of the best possible decisions' in the mean of all draws)"
    )
    return (
        f"{one.name}: {one.written_to:,} people get {one.messages:,} messages about {one.left:,} "
        f"left carts. They bring {money(one.brought)} more margin than writing to nobody{of_best}; "
        f"{one.coupons_used:,} of {one.coupons_issued:,} coupons were used and cost "
        f"{money(one.coupon_costs)}."
    )


def money(amount: float) -> str:
    """An amount in minor units as people read it."""
    return Money(CURRENCY, round(amount)).text(LOCALE)


def _share(share: float | None) -> str:
    return "nothing to gain" if share is None else f"{share:.0%}"


def _lift(found: Measured) -> str:
    if found.margin is None:
        return f"not enough data yet: {found.missing}"
    lift = found.margin
    return f"{money(lift.value)} ({money(lift.low)} to {money(lift.high)})"


def _broken(one: Play) -> str:
    broken = [f"{name}: {count:,}" for name, count in one.violations.items()]
    return ", ".join(broken) or "none"
