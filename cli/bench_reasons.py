"""`cartwright bench reasons`: whether a suggestion stands lower without what its reason names."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchmarks.reasons.occlude import Occluded


def bench_reasons(
    count: Annotated[int, typer.Option(min=1, help="Reasons to take the named product from.")] = (
        1000
    ),
    seed: Annotated[int, typer.Option(help="Of the moments that are drawn.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Suggest as on the held-out days, take what each reason names away, and suggest again."""
    from rich.console import Console
    from rich.table import Table

    from benchmarks.reasons.occlude import NAMING, SURFACES, moments, occlude
    from core.clock import SystemClock
    from core.settings import get_settings
    from recommender.progress import Silent
    from recommender.protocol import NoModelError
    from recommender.registry import BrokenModelError
    from recommender.serving import Suggester
    from services.training import NothingToLearnError, prepared, read_frames

    console = Console(markup=False, highlight=False)
    settings, now = get_settings(), SystemClock().now()
    try:
        suggester = Suggester.load(settings.models_dir, min_people=settings.min_people, now=now)
        frames = read_frames(settings, now=now, progress=Silent())
        cases = moments(prepared(frames), seed=seed)
        with console.status("Suggesting …"):
            found = occlude(suggester, cases, count=count)
    except (NoModelError, BrokenModelError, NothingToLearnError) as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    table = Table("surface", "reason", "shown", "taken away", "score fell")
    for surface in SURFACES:
        here = [one for one in found if one.surface is surface]
        for kind, shown in Counter(one.suggested.reason.kind for one in here).most_common():
            own = [one for one in here if one.suggested.reason.kind is kind]
            table.add_row(
                surface, kind, f"{shown:,}", *(_fell(own) if kind in NAMING else ("", ""))
            )
    console.print(table)
    people = [one.suggested.reason.people for one in found]
    fewest = min((count for count in people if count is not None), default=None)
    taken, share = _fell(found)
    console.print(f"The score fell in {share} of {taken} cases. The fewest people that a reason "
                  f"counts: {fewest} (at least {settings.min_people} are asked for).")  # fmt: skip
    if json_file is not None:
        figures = {"taken_away": taken, "fell": share, "fewest_people": fewest}
        json_file.write_text(json.dumps(figures, indent=2))


def _fell(found: "list[Occluded]") -> tuple[str, str]:
    """How many were asked again, and the share of them whose score fell."""
    asked = [one.falls for one in found if one.without is not None]
    return f"{len(asked):,}", f"{sum(asked) / len(asked):.1%}" if asked else ""
