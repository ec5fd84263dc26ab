"""Shows what was mined in the terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from recommender.mining.export import named
from recommender.mining.job import Found, What
from recommender.mining.rules import Rule

LUCK = 0.05
"""Rules that luck alone would give more often than this are not shown in the terminal."""


def print_found(
    console: Console, found: Found, *, what: What, who: str, names: Mapping[object, str], show: int
) -> None:
    """The strongest patterns and rules, `show` of each, and what to know about the run."""
    patterns = found.patterns
    console.print(
        f"{len(patterns):,} {what} in {patterns.sequences:,} {who}, "
        f"each in at least {patterns.min_support:,} of them"
        + ("." if patterns.complete else " (incomplete)."),
    )
    for note in found.notes:
        console.print(note)
    _print_patterns(console, found, what=what, who=who, names=names, show=show)
    _print_rules(console, found, what=what, who=who, names=names, show=show)


def telling(rules: list[Rule]) -> list[Rule]:
    """The rules that luck would hardly give, those of the largest lift first."""
    sure = [rule for rule in rules if rule.p_value <= LUCK and rule.lift > 1]
    return sorted(sure, key=lambda rule: (-rule.lift, -rule.count))


def _print_patterns(
    console: Console, found: Found, *, what: What, who: str, names: Mapping[object, str], show: int
) -> None:
    counted = found.patterns.steps() if what is What.SEQUENCES else found.patterns.lengths()
    several = found.patterns.select(counted >= 2)
    shown = several if len(several) else found.patterns
    if not len(shown):
        return
    table = Table(what.capitalize(), who, "share", title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"
    for pattern in shown.first(show):
        table.add_row(
            named(pattern.elements, names),
            f"{pattern.support:,}",
            f"{pattern.support / max(1, shown.sequences):.1%}",
        )
    console.print(table)
    left = len(shown) - show
    if left > 0:
        unit = "steps" if what is What.SEQUENCES else "items"
        console.print(f"… and {left:,} more of two {unit} and over.")


def _print_rules(
    console: Console, found: Found, *, what: What, who: str, names: Mapping[object, str], show: int
) -> None:
    sure = telling(found.rules)
    if not sure:
        return
    then = "then" if what is What.SEQUENCES else "also"
    table = Table("who took", f"{then} took", "confidence", "lift", who)
    for column in table.columns[2:]:
        column.justify = "right"
    for rule in sure[:show]:
        table.add_row(
            named(rule.antecedent, names),
            named(rule.consequent, names),
            f"{rule.confidence:.0%}",
            f"{rule.lift:.1f}",
            f"{rule.count:,} of {rule.antecedent_count:,}",
        )
    console.print(table)
    console.print(
        f"{len(found.rules):,} rules, {len(sure):,} of them more than luck; "
        "lift is how many times likelier than without the left side.",
    )
