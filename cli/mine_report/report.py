"""Writes what was mined as one HTML page that needs nothing else: plots as SVG, tables, words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.mine_report.flows import Flow, FlowPlot, lay_out
from cli.mine_report.scatter import ScatterPlot, place_rules
from cli.mine_table import in_short, is_repeat, telling
from cli.pages import write_html
from recommender.mining.export import named
from recommender.mining.job import Found, What
from recommender.mining.patterns import Pattern
from recommender.mining.rules import Rule

MOST_FLOWS, MOST_AGAIN, MOST_ROWS, MOST_DOTS, NUMBERED = 18, 10, 25, 400, 10
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6d31", "#6a51a3")
"""Apart for the colour-blind too, after Okabe & Ito."""


@dataclass(frozen=True, slots=True)
class Again:
    """A product that people took again, with the length of its bar from 0 to 1."""

    name: str
    people: int
    length: float


def write_report(
    path: Path,
    found: Found,
    *,
    what: What,
    who: str,
    shop: str,
    names: Mapping[object, str],
    now: datetime,
) -> None:
    """Write the page; raises OSError where the file cannot be written."""
    patterns = [p for p in found.patterns.first(5_000) if _steps(p, what) >= 2]
    rules = [
        (rule, f"{in_short(rule.antecedent, names)} ⇒ {in_short(rule.consequent, names)}")
        for rule in telling(found.rules, what=what)[:MOST_DOTS]
    ]
    write_html(
        path,
        Path(__file__).parent / "report.html.jinja",
        what=what,
        who=who,
        shop=shop,
        now=now,
        found=found,
        flows=_flow_plot(patterns, names) if what is What.SEQUENCES else None,
        again=_again(patterns, names) if what is What.SEQUENCES else [],
        patterns=[(in_short(p.elements, names), p.support) for p in patterns if not is_repeat(p)][
            :MOST_ROWS
        ],
        scatter=_scatter(rules),
        rules=[
            (in_short(rule.antecedent, names), in_short(rule.consequent, names), rule)
            for rule, _ in rules[:MOST_ROWS]
        ],
        numbered=NUMBERED,
        colours=COLOURS,
    )


def _steps(pattern: Pattern, what: What) -> int:
    return len(pattern.elements) if what is What.SEQUENCES else pattern.length


def _flow_plot(patterns: list[Pattern], names: Mapping[object, str]) -> FlowPlot | None:
    """The strongest sequences of different steps; one that only begins a longer one is left out."""
    chosen: list[Pattern] = []
    for pattern in patterns:
        if len(set(pattern.elements)) < len(pattern.elements) or len(pattern.elements) > 4:
            continue
        chosen = [p for p in chosen if p.elements != pattern.elements[: len(p.elements)]]
        chosen.append(pattern)
        if len(chosen) == MOST_FLOWS:
            break
    if not chosen:
        return None
    flows = [
        Flow(tuple(in_short((element,), names) for element in p.elements), p.support)
        for p in chosen
    ]
    return lay_out(flows, colours=len(COLOURS))


def _again(patterns: list[Pattern], names: Mapping[object, str]) -> list[Again]:
    """What people took a second time, the most people first."""
    repeats = [p for p in patterns if len(p.elements) == 2 and is_repeat(p)]
    most = max((p.support for p in repeats), default=1)
    return [
        Again(named(p.elements[:1], names), p.support, p.support / most)
        for p in repeats[:MOST_AGAIN]
    ]


def _scatter(rules: list[tuple[Rule, str]]) -> ScatterPlot | None:
    return place_rules(rules, numbered=NUMBERED) if rules else None
