"""A policy on the shop's own shoppers, told on the terminal and, message by message, in a file."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.money import Money
from core.settings import Settings
from nudges.rehearse.report import Rehearsal, WouldSend


def print_rehearsals(
    console: Console, rehearsals: Sequence[Rehearsal], *, settings: Settings
) -> None:
    """Each policy in a column."""

    def money(amount: int) -> str:
        return Money(settings.currency, amount).text(settings.locale)

    first = rehearsals[0]
    console.print(
        f"The shop's own shoppers from {first.begin:%Y-%m-%d %H:%M} to {first.end:%Y-%m-%d %H:%M} "
        "UTC, with today's prices and stock. Nothing was sent; nobody answers what was not sent."
    )
    table = Table("", *(one.name for one in rehearsals))
    for name, cells in (
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
    ):  # fmt: skip
        table.add_row(name, *cells)
    console.print(table)
    busy = _gates(rehearsals)
    if not busy:
        return
    gates = Table("gate", *(f"{one.name}: ended" for one in rehearsals),
                  *(f"{one.name}: put off" for one in rehearsals))  # fmt: skip
    for gate in busy:
        ended = [f"{one.stopped.get(gate, 0):,}" for one in rehearsals]
        gates.add_row(gate, *ended, *(f"{one.waited.get(gate, 0):,}" for one in rehearsals))
    console.print(gates)


def write_who(path: Path, rehearsals: Sequence[Rehearsal]) -> None:
    """Every message that would have gone out, one a line (CSV). Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        names = ["policy", *(field.name for field in fields(WouldSend))]
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for one in rehearsals:
            writer.writerows({"policy": one.name, **asdict(message)} for message in one.messages)


def _gates(rehearsals: Sequence[Rehearsal]) -> list[str]:
    """All gates that did something, the busiest first."""
    names = dict.fromkeys(gate for one in rehearsals for gate in (*one.stopped, *one.waited))

    def busy(gate: str) -> int:
        return sum(one.stopped.get(gate, 0) + one.waited.get(gate, 0) for one in rehearsals)

    return sorted(names, key=busy, reverse=True)


def _counted(counts: Mapping[str, int]) -> str:
    some = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {number:,}" for name, number in some) or "none"


def _hours(by_hour: Sequence[int]) -> str:
    used = [hour for hour, number in enumerate(by_hour) if number]
    return f"{used[0]}:00 to {used[-1]}:59" if used else "none"
