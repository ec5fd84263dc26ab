"""Writes an evaluation as a folder: one HTML page, and its figures beside it."""

from datetime import datetime
from pathlib import Path

from cli.evaluation_report.figures import draw_figures
from cli.pages import write_html
from recommender.report import Report


def write_report(folder: Path, report: Report, *, shop: str, robots: str, now: datetime) -> Path:
    """Write `index.html` and the figures to a folder that is there; the page's path.

    `robots` says who was left out, empty where nobody was. Raises OSError where a file cannot be
    written.
    """
    page = folder / "index.html"
    write_html(
        page,
        Path(__file__).parent / "report.html.jinja",
        report=report,
        shop=shop,
        robots=robots,
        now=now,
        figures=draw_figures(folder, report),
    )
    return page
