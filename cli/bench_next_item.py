"""`cartwright bench next-item`: what comes next, on public session logs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recommender.evaluation import Interval


def bench_next_item(
    data: Annotated[
        Path,
        typer.Option(
            help="A folder with train_full.tsv and test.tsv (and train_tr.tsv, train_valid.tsv), "
            "or with train_sessions.txt and test_prefix_target.tsv; .gz or not."
        ),
    ],
    seeds: Annotated[
        int, typer.Option(min=1, help="How often what learns by chance is trained.")
    ] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Recall, MRR and NDCG at 20 among all items; settings are chosen on validation sessions only.

    Recall@20 is what published tables of sessions call P@20 or hit rate.
    """
    from rich.console import Console

    from benchmarks.next_item.compare import LeftOut, compare
    from benchmarks.next_item.figures import Figures
    from benchmarks.next_item.splits import SplitError, read_split

    console = Console(markup=False, highlight=False, soft_wrap=True)
    try:
        split = read_split(data)
        figures = Figures(split, json_file)
    except (SplitError, OSError) as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    console.print(
        f"{split.name}: {split.items:,} items, {len(split.full):,} steps to train on, "
        f"{len(split.valid):,} questions to choose on, {len(split.test):,} to report"
    )
    console.print(_line("model", ("recall@20", "MRR@20", "NDCG@20"), "training s"))
    with console.status("counting …") as status:
        for ready in compare(split, seeds=seeds, say=lambda text: status.update(f"{text} …")):
            if isinstance(ready, LeftOut):
                figures.leave_out(ready)
                console.print(f"{ready.model} is left out: {ready.why}")
                continue
            row = figures.add(ready)
            model = row.model if len(row.seeds) == 1 else f"{row.model}, {len(row.seeds)} seeds"
            measured = [_figure(one) for one in (row.recall, row.mrr, row.ndcg)]
            console.print(_line(model, measured, f"{row.seconds:.1f}"))
    for lead in figures.leads:
        console.print(
            f"blend over {lead.over}: recall {_signed(lead.recall)}, MRR {_signed(lead.mrr)}, "
            f"NDCG {_signed(lead.ndcg)}"
        )
    console.print("±, [ ]: 95 % intervals, test sessions drawn anew; leads are paired.")


def _line(model: str, measured: Sequence[str], seconds: str) -> str:
    return f"{model:<20}" + "".join(f"{one:>15}" for one in measured) + f"{seconds:>12}"


def _figure(of: "Interval") -> str:
    return f"{of.mean:.4f} ±{(of.high - of.low) / 2:.4f}"


def _signed(of: "Interval") -> str:
    return f"{of.mean:+.4f} [{of.low:+.4f}, {of.high:+.4f}]"
