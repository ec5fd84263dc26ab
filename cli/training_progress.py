"""Shows how training goes: stage, bar, loss, time left, and what each epoch led to."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class TrainingProgress:
    """One bar a stage; where output is no terminal, one line a stage."""

    def __init__(self, bars: Progress, console: Console) -> None:
        self._bars = bars
        self._console = console
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int) -> None:
        """A stage of `total` steps begins."""
        if not self._console.is_terminal:
            self._console.print(f"{stage} …")
        self._task = self._bars.add_task(stage, total=max(total, 1), note="")

    def advance(self, by: int, note: str = "") -> None:
        """`by` more steps are done."""
        if self._task is not None:
            self._bars.update(self._task, advance=by, note=note)

    def tell(self, line: str) -> None:
        """A line above the bars that stays."""
        self._console.print(f"  {line}", markup=False, highlight=False)


@contextmanager
def training_progress(console: Console) -> Iterator[TrainingProgress]:
    """Bars on the console while the block runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield TrainingProgress(bars, console)
