"""Writes an evaluation as a folder: one HTML page, and its figures beside it."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cli.evaluation_report.figures import draw_figures
from recommender.report import Report


def write_report(folder: Path, report: Report, *, shop: str, robots: str, now: datetime) -> Path:
    """Write `index.html` and the figures to a folder that is there; the page's path.

    `robots` says who was left out, empty where nobody was. Raises OSError where a file cannot be
    written.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = folder / "index.html"
    text = environment.get_template("report.html.jinja").render(
        report=report, shop=shop, robots=robots, now=now, figures=draw_figures(folder, report)
    )
    page.write_text(text, encoding="utf-8")
    return page
