"""Shows what was mined in the terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from recommender.mining.export import named
from recommender.mining.job import Found, What
from recommender.mining.patterns import Element, Pattern
from recommender.mining.rules import Rule

MOST_STEPS, MOST_TOGETHER = 6, 4
"""Longer patterns are shown by their ends."""

LUCK = 0.05
"""Rules that luck alone would give more often than this are not shown in the terminal."""


def print_found(
    console: Console, found: Found, *, what: What, who: str, names: Mapping[object, str], show: int
) -> None:
    """The strongest patterns and rules, `show` of each, and what to know about the run."""
    patterns = found.patterns
    kind = "sequences" if what is What.SEQUENCES else "combinations"
    console.print(
        f"{len(patterns):,} {kind} in {patterns.sequences:,} {who}, "
        f"each in at least {patterns.min_support:,} of them"
        + ("." if patterns.complete else " (incomplete)."),
    )
    for note in found.notes:
        console.print(note)
    _print_patterns(console, found, what=what, who=who, names=names, show=show)
    _print_rules(console, found, what=what, who=who, names=names, show=show)


def telling(rules: list[Rule], *, what: What) -> list[Rule]:
    """The rules that luck would hardly give, those of the largest lift first.

    Of those that split one and the same pattern only the most confident is told.
    """
    best: dict[object, Rule] = {}
    for rule in rules:
        if rule.p_value <= LUCK and rule.lift > 1:
            whole = (*rule.antecedent, *rule.consequent)
            pattern = whole if what is What.SEQUENCES else frozenset(i for e in whole for i in e)
            known = best.get(pattern)
            if known is None or rule.confidence > known.confidence:
                best[pattern] = rule
    return sorted(best.values(), key=lambda rule: (-rule.lift, -rule.count))


def in_short(elements: tuple[Element, ...], names: Mapping[object, str]) -> str:
    """Elements as people read them, with what is left out of a long pattern counted."""

    def together(element: Element) -> str:
        if len(element) <= MOST_TOGETHER:
            return named((element,), names)
        shown = element[: MOST_TOGETHER - 1]
        return f"{named((shown,), names)} + {len(element) - len(shown)} more"

    steps = [together(element) for element in elements]
    if len(steps) > MOST_STEPS:
        half = MOST_STEPS // 2
        steps[half:-half] = [f"({len(steps) - 2 * half} more steps)"]
    return " → ".join(steps)


def is_repeat(pattern: Pattern) -> bool:
    """Whether it says no more than that the same thing was taken again."""
    return len(pattern.elements) > 1 and len(set(pattern.elements)) == 1


def _print_patterns(
    console: Console, found: Found, *, what: What, who: str, names: Mapping[object, str], show: int
) -> None:
    def words(pattern: Pattern) -> str:
        if not is_repeat(pattern):
            return in_short(pattern.elements, names)
        times = len(pattern.elements)
        return in_short(pattern.elements[:1], names) + (f" ({times} times)" if times > 2 else "")

    in_order = what is What.SEQUENCES
    counted = found.patterns.steps() if in_order else found.patterns.lengths()
    several = found.patterns.select(counted >= 2)
    shown = list(several if len(several) else found.patterns)
    again = [pattern for pattern in shown if is_repeat(pattern)]
    others = [pattern for pattern in shown if not is_repeat(pattern)]
    for title, patterns, unit in (
        ("Sequences" if in_order else "Taken together", others, "steps" if in_order else "items"),
        ("Taken again", again, "times"),
    ):
        if not patterns:
            continue
        table = Table(title, who, "share", title_justify="left")
        table.columns[1].justify = table.columns[2].justify = "right"
        for pattern in patterns[:show]:
            table.add_row(
                words(pattern),
                f"{pattern.support:,}",
                f"{pattern.support / max(1, found.patterns.sequences):.1%}",
            )
        console.print(table)
        left = len(patterns) - show
        if left > 0:
            console.print(f"… and {left:,} more of two {unit} and over.")


def _print_rules(
    console: Console, found: Found, *, what: What, who: str, names: Mapping[object, str], show: int
) -> None:
    sure = telling(found.rules, what=what)
    if not sure:
        return
    then = "then" if what is What.SEQUENCES else "also"
    table = Table("who took", f"{then} took", "confidence", "lift", who)
    for column in table.columns[2:]:
        column.justify = "right"
    for rule in sure[:show]:
        table.add_row(
            in_short(rule.antecedent, names),
            in_short(rule.consequent, names),
            f"{rule.confidence:.0%}",
            f"{rule.lift:.1f}",
            f"{rule.count:,} of {rule.antecedent_count:,}",
        )
    console.print(table)
    console.print(
        f"{len(sure):,} rules that are more than luck, of {len(found.rules):,} found. "
        f"Confidence: of those with the left side, so many {then} took the right one. "
        "Lift: how many times likelier they were to than anybody.",
    )
