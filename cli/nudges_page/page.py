"""What policies would do, as one HTML page that needs nothing else: plots as SVG, tables, words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cli.nudges_page.gates import Gated, gates_of
from cli.nudges_page.plot import COLOURS, Series, draw
from cli.nudges_page.summary import in_short, money, rows
from cli.nudges_rehearsal import rehearsed_in_short, rehearsed_rows
from cli.pages import write_html
from core.settings import Settings
from nudges.operators import OperatorWords
from nudges.rehearse.report import Rehearsal
from nudges.simulate.report import Play
from nudges.simulate.shoppers import Scenario

MOST_GATES = 14
_HERE = Path(__file__).parent


class Fared(Gated, Protocol):
    """How one policy fared, simulated or on the shop's own days."""

    @property
    def treatments(self) -> Mapping[str, int]:
        """Messages by what they offer."""
        ...

    @property
    def channels(self) -> Mapping[str, int]:
        """Messages by where they go."""
        ...

    @property
    def by_hour(self) -> Sequence[int]:
        """Messages by the recipient's local hour."""
        ...


def write_simulated(
    path: Path, scenario: Scenario, plays: Sequence[Play], *, settings: Settings
) -> None:
    """The page of simulated shoppers; raises OSError where the file cannot be written."""
    series = []
    for one, colour in zip(plays, COLOURS, strict=False):
        best = f"{one.name}, best possible"
        series.append(Series(best, colour, one.best_by_day, dashed=True))
        series.append(Series(one.name, colour, one.by_day))
    write_html(
        path,
        _HERE / "simulated.html.jinja",
        scenario=scenario,
        plot=draw(series, amount=money, day=lambda at: f"day {at + 1}"),
        rows=rows(plays),
        lead=[in_short(one) for one in plays],
        **_shared(plays, settings),
    )


def write_real(path: Path, rehearsals: Sequence[Rehearsal], *, settings: Settings) -> None:
    """The page of a shop's own days; raises OSError where the file cannot be written."""
    words, first = OperatorWords.of(settings), rehearsals[0]
    days = [first.day(at) for at in range(len(first.by_day))]
    series = [
        Series(one.name, colour, one.by_day)
        for one, colour in zip(rehearsals, COLOURS, strict=False)
    ]
    write_html(
        path,
        _HERE / "real.html.jinja",
        begin=words.time(first.begin),
        end=words.time(first.end),
        plot=draw(
            series, amount=lambda number: f"{number:,.0f}", day=lambda at: f"{days[at]:%d %b}"
        ),
        rows=rehearsed_rows(rehearsals, settings=settings),
        lead=[rehearsed_in_short(one, settings=settings) for one in rehearsals],
        **_shared(rehearsals, settings),
    )


def _shared(fared: Sequence[Fared], settings: Settings) -> dict[str, object]:
    words, gates = OperatorWords.of(settings), gates_of(fared)[:MOST_GATES]
    offered = [
        *_counted([(words.treatment(name), name) for name in _names(fared, "treatments")],
                  [one.treatments for one in fared]),
        *_counted([(f"by {words.channel(name)}", name) for name in _names(fared, "channels")],
                  [one.channels for one in fared]),
    ]  # fmt: skip
    at_gates = [one.get(gate, 0) for each in fared for one in (each.stopped, each.waited)
                for gate in gates]  # fmt: skip
    return {
        "fared": fared,
        "words": words,
        "gates": gates,
        "most_at_a_gate": max(at_gates, default=0),
        "offered": offered,
        "most_offered": max((count for _, counts in offered for count in counts), default=0),
        "most_in_an_hour": max(max(one.by_hour) for one in fared),
        "colours": COLOURS,
    }


def _names(fared: Sequence[Fared], what: str) -> list[str]:
    return list(dict.fromkeys(name for one in fared for name in getattr(one, what)))


def _counted(
    names: Sequence[tuple[str, str]], counts: Sequence[Mapping[str, int]]
) -> list[tuple[str, list[int]]]:
    return [(said, [one.get(name, 0) for one in counts]) for said, name in names]
