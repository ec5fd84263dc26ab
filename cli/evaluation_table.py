"""Prints what a training or an evaluation measured."""

from collections.abc import Sequence
from statistics import fmean, stdev

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from recommender.ablation import Relearnt
from recommender.evaluation import Interval
from recommender.report import Lead, Repeated, Report


def print_report(console: Console, report: Report) -> None:
    """The models' table, the blend's lead over each baseline, and the gate."""
    held_out = _duration(report.days_held_out)
    console.print(
        f"{report.events:,} steps of {report.people:,} shoppers in {report.sessions:,} sessions, "
        f"{report.items:,} products; the last {held_out} are the test "
        f"({report.test_cases:,} cases), the {held_out} before them the "
        f"validation ({report.valid_cases:,})."
    )
    if report.rows:
        console.print(_models(report))
    if any(row.seen.cases < row.every.cases for row in report.rows):
        console.print(_seen(report))
    if report.leads:
        console.print(_leads("The blend's lead, paired", report.leads))
    if report.ablations:
        console.print(_ablations(report))
    if report.chance is not None:
        console.print(_seeds(report.chance.models))
        console.print(_leads("The blend's lead, over all seeds, paired", report.chance.leads))
    for title, relearnt in (
        ("The blend without a class of events", report.fusion),
        ("The blend that learnt from noisy events", report.noise),
    ):
        if relearnt:
            console.print(_relearnt(title, relearnt))
    if report.accepted:
        console.print("[green]Gate passed:[/] the blend is ahead of every baseline.")
    else:
        console.print("[yellow]Gate not passed:[/]")
        for problem in report.problems:
            console.print(f"  • {problem}", markup=False)


def _duration(days: float) -> str:
    """Days, or hours and minutes where a log is short."""
    for unit, length in (("days", 1.0), ("hours", 1 / 24)):
        if days >= length:
            return f"{days / length:.1f} {unit}"
    return f"{days * 24 * 60:.1f} minutes"


def _models(report: Report) -> Table:
    """Means with half the width of their 95 % intervals, over all cases."""
    table = _table(f"Held-out days, all products ranked, cut at {report.k}")
    table.add_column("model")
    for title in ("recall", "MRR", "prec.", "F1", "NDCG", "cover"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(
            row.name.replace("_", " "),
            _spread(row.recall),
            _spread(row.mrr),
            f"{row.every.precision:.4f}",
            f"{row.every.f1:.4f}",
            f"{row.every.ndcg:.4f}",
            f"{row.every.coverage:.1%}",
            style="bold" if row.name == "blend" else None,
        )
    return table


def _seen(report: Report) -> Table:
    """The same without the cases whose product training never met."""
    table = _table("Without products that training never met")
    for title in ("model", "cases", "recall", "MRR", "NDCG"):
        table.add_column(title, justify="left" if title == "model" else "right")
    for row in report.rows:
        table.add_row(
            row.name.replace("_", " "),
            f"{row.seen.cases:,}",
            f"{row.seen.recall:.4f}",
            f"{row.seen.mrr:.4f}",
            f"{row.seen.ndcg:.4f}",
        )
    return table


def _leads(title: str, leads: Sequence[Lead]) -> Table:
    table = _table(f"{title} 95 % intervals")
    for title in ("over", "recall", "MRR"):
        table.add_column(title, justify="left" if title == "over" else "right", no_wrap=True)
    for lead in leads:
        table.add_row(lead.baseline.replace("_", " "), _interval(lead.recall), _interval(lead.mrr))
    return table


def _ablations(report: Report) -> Table:
    table = _table("The blend without one of its parts, paired 95 % intervals")
    for title in ("without", "recall", "MRR"):
        left = title == "without"
        table.add_column(title, justify="left" if left else "right", no_wrap=True)
    for one in report.ablations:
        table.add_row(one.without.replace("_", " "), _interval(one.recall), _interval(one.mrr))
    return table


def _seeds(found: Sequence[Repeated]) -> Table:
    table = _table(f"By {len(found[0].recall)} seeds, mean and standard deviation")
    for column in ("model", "recall", "MRR"):
        table.add_column(column, justify="left" if column == "model" else "right", no_wrap=True)
    for one in found:
        table.add_row(one.name, _by_seeds(one.recall), _by_seeds(one.mrr))
    return table


def _by_seeds(values: Sequence[float]) -> str:
    return f"{fmean(values):.4f} ±{stdev(values):.4f}"


def _relearnt(title: str, found: Sequence[Relearnt]) -> Table:
    table = _table(f"{title}, trained anew, paired 95 % intervals")
    for column in ("events", "steps", "recall", "MRR"):
        left = column == "events"
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    for one in found:
        table.add_row(one.name, f"{one.steps:,}", _interval(one.recall), _interval(one.mrr))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _spread(interval: Interval) -> str:
    half = (interval.high - interval.low) / 2
    return f"{interval.mean:.4f} ±{half:.3f}".replace("±0.", "±.")


def _interval(interval: Interval) -> str:
    return f"{interval.mean:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
