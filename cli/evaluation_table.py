"""Prints what a training or an evaluation measured."""

from rich.console import Console
from rich.table import Table

from recommender.evaluation import Interval
from recommender.training import Report


def print_report(console: Console, report: Report) -> None:
    """The models' table, the blend's lead over each baseline, and the gate."""
    console.print(
        f"{report.events:,} steps of {report.people:,} shoppers in {report.sessions:,} sessions, "
        f"{report.items:,} products; the last {report.days_held_out:.1f} days are the test "
        f"({report.test_cases:,} cases), the {report.days_held_out:.1f} before them the "
        f"validation ({report.valid_cases:,})."
    )
    if report.rows:
        console.print(_models(report))
    if report.leads:
        console.print(_leads(report))
    if report.accepted:
        console.print("[green]Gate passed:[/] the blend is ahead of every baseline.")
    else:
        console.print("[yellow]Gate not passed:[/]")
        for problem in report.problems:
            console.print(f"  • {problem}", markup=False)


def _models(report: Report) -> Table:
    k = report.k
    table = Table(title=f"Held-out days, all products ranked, cut at {k}", title_justify="left")
    table.add_column("model")
    for title in (
        f"recall@{k}",
        f"MRR@{k}",
        "precision",
        "F1",
        "NDCG",
        "coverage",
        f"recall@{k}, unseen dropped",
        f"MRR@{k}, unseen dropped",
    ):
        table.add_column(title, justify="right")
    for row in report.rows:
        table.add_row(
            row.name.replace("_", " "),
            _interval(row.recall),
            _interval(row.mrr),
            f"{row.every.precision:.4f}",
            f"{row.every.f1:.4f}",
            f"{row.every.ndcg:.4f}",
            f"{row.every.coverage:.1%}",
            f"{row.seen.recall:.4f}",
            f"{row.seen.mrr:.4f}",
            style="bold" if row.name == "blend" else None,
        )
    return table


def _leads(report: Report) -> Table:
    table = Table(title="The blend's lead, paired 95 % intervals", title_justify="left")
    table.add_column("over")
    table.add_column(f"recall@{report.k}", justify="right")
    table.add_column(f"MRR@{report.k}", justify="right")
    for lead in report.leads:
        table.add_row(
            lead.baseline.replace("_", " "),
            _interval(lead.recall, sign="+"),
            _interval(lead.mrr, sign="+"),
        )
    return table


def _interval(interval: Interval, *, sign: str = "") -> str:
    return f"{interval.mean:{sign}.4f} [{interval.low:{sign}.4f}, {interval.high:{sign}.4f}]"
