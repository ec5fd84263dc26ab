"""A policy on the shop's own shoppers, in rows and sentences, and told on the terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from cli.nudges_page.gates import gates_of, gates_table
from core.money import Money
from core.settings import Settings
from nudges.rehearse.report import Rehearsal


def print_rehearsals(
    console: Console, rehearsals: Sequence[Rehearsal], *, settings: Settings
) -> None:
    """Each policy in a column."""
    first = rehearsals[0]
    console.print(
        f"The shop's own shoppers from {first.begin:%Y-%m-%d %H:%M} to {first.end:%Y-%m-%d %H:%M} "
        "UTC, with today's prices and stock. Nothing was sent; nobody answers what was not sent."
    )
    table = Table("", *(one.name for one in rehearsals))
    for name, cells in rehearsed_rows(rehearsals, settings=settings):
        table.add_row(name, *cells)
    console.print(table)
    if gates_of(rehearsals):
        console.print(gates_table(rehearsals))


def rehearsed_rows(
    rehearsals: Sequence[Rehearsal], *, settings: Settings
) -> list[tuple[str, list[str]]]:
    """What is shown of each rehearsal: a name, and a cell for each."""

    def money(amount: int) -> str:
        return _money(amount, settings)

    return [
        ("carts left", [f"{one.left:,}" for one in rehearsals]),
        ("messages", [f"{len(one.messages):,}" for one in rehearsals]),
        ("people written to", [f"{one.written_to:,}" for one in rehearsals]),
        ("by what they offer", [_counted(one.treatments) for one in rehearsals]),
        ("by channel", [_counted(one.channels) for one in rehearsals]),
        ("by local hour", [_hours(one.by_hour) for one in rehearsals]),
        ("held out", [f"{one.held_out:,}" for one in rehearsals]),
        ("coupons cost at most", [money(one.coupons_at_most) for one in rehearsals]),
        ("most in a day, of the budget", [f"{money(one.most_in_a_day)} of {money(one.daily_budget)}"
                                          for one in rehearsals]),
        ("bought within a week anyway", [f"{one.bought_anyway:,}" for one in rehearsals]),
        ("coupons to those, at most", [money(one.wasted_at_most) for one in rehearsals]),
    ]  # fmt: skip


def rehearsed_in_short(one: Rehearsal, *, settings: Settings) -> str:
    """What a policy would have done, in two sentences."""
    most, wasted = (
        _money(amount, settings) for amount in (one.coupons_at_most, one.wasted_at_most)
    )
    return (
        f"{one.name}: {one.written_to:,} people would have got {len(one.messages):,} messages "
        f"about {one.left:,} left carts, with coupons of {most} at most. {one.bought_anyway:,} of "
        f"the messages would have gone to somebody who bought within a week anyway, with coupons "
        f"of {wasted} at most."
    )


def _money(amount: int, settings: Settings) -> str:
    return Money(settings.currency, amount).text(settings.locale)


def _counted(counts: Mapping[str, int]) -> str:
    some = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {number:,}" for name, number in some) or "none"


def _hours(by_hour: Sequence[int]) -> str:
    used = [hour for hour, number in enumerate(by_hour) if number]
    return f"{used[0]}:00 to {used[-1]}:59" if used else "none"
