"""What the gates did under each policy, on the terminal and for the page."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.table import Table


class Gated(Protocol):
    """How one policy fared: what each gate ended, and how often it put something off."""

    @property
    def name(self) -> str:
        """The policy's."""
        ...

    @property
    def stopped(self) -> Mapping[str, int]:
        """By gate."""
        ...

    @property
    def waited(self) -> Mapping[str, int]:
        """By gate."""
        ...


def gates_of(fared: Sequence[Gated]) -> list[str]:
    """All gates that did something, the busiest first."""
    names = dict.fromkeys(gate for one in fared for gate in (*one.stopped, *one.waited))

    def busy(gate: str) -> int:
        return sum(one.stopped.get(gate, 0) + one.waited.get(gate, 0) for one in fared)

    return sorted(names, key=busy, reverse=True)


def gates_table(fared: Sequence[Gated]) -> Table:
    """A row for each gate that did something."""
    table = Table("gate", *(f"{one.name}: ended" for one in fared),
                  *(f"{one.name}: put off" for one in fared))  # fmt: skip
    for column in table.columns[1:]:
        column.justify = "right"
    for gate in gates_of(fared):
        ended = [f"{one.stopped.get(gate, 0):,}" for one in fared]
        table.add_row(gate, *ended, *(f"{one.waited.get(gate, 0):,}" for one in fared))
    return table
