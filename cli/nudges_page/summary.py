"""A simulation on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

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
    gates = Table("gate", *(f"{one.name}: ended" for one in plays),
                  *(f"{one.name}: put off" for one in plays))  # fmt: skip
    for gate in gates_of(plays):
        ended = [f"{one.stopped.get(gate, 0):,}" for one in plays]
        gates.add_row(gate, *ended, *(f"{one.waited.get(gate, 0):,}" for one in plays))
    console.print(gates)


def gates_of(plays: Sequence[Play]) -> list[str]:
    """All gates that did something, the busiest first."""
    names = dict.fromkeys(gate for one in plays for gate in (*one.stopped, *one.waited))
    return sorted(
        names,
        key=lambda gate: -sum(one.stopped.get(gate, 0) + one.waited.get(gate, 0) for one in plays),
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
