"""What the models' ranks come to: figures with intervals, and the blend's lead in pairs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.next_item.compare import LeftOut, Ranked
from benchmarks.next_item.ranks import K
from benchmarks.next_item.splits import Split
from core.files import replace_file
from recommender.evaluation import (
    Floats,
    Interval,
    bootstrap,
    discounted_gains,
    hits,
    reciprocal_ranks,
)
from recommender.sequences import Ints

type Measure = Callable[[Ints, int], Floats]

MEASURES: dict[str, Measure] = {
    "recall": hits,
    "mrr": reciprocal_ranks,
    "ndcg": discounted_gains,
}
"""Each up to rank K. With one target a question, recall is the hit rate, which is what published
tables of sessions call P@20; precision in its own sense is recall over K."""
LEADER = "blend"
BEHIND = ("item_to_item", "neighbours", "lstm")


@dataclass(frozen=True)
class Row:
    """A model's figures: means over the seeds, with 95 % intervals of the sessions drawn anew.

    `seeds` has the means of each seed; a model without chance in it has one. `seconds` are of all
    training for one seed.
    """

    model: str
    recall: Interval
    mrr: Interval
    ndcg: Interval
    precision: float
    seeds: tuple[dict[str, float], ...]
    seconds: float


@dataclass(frozen=True)
class Lead:
    """How far the blend is ahead of another model on the same questions."""

    over: str
    recall: Interval
    mrr: Interval
    ndcg: Interval


class Figures:
    """The figures of the models that are ready so far, kept in a file where one is given."""

    def __init__(self, split: Split, file: Path | None = None) -> None:
        """Raises OSError where the file cannot be written."""
        self.split, self.file = split, file
        self.rows: dict[str, Row] = {}
        self.leads: list[Lead] = []
        self.left_out: list[LeftOut] = []
        self._runs: dict[str, Sequence[Ints]] = {}
        self._keep()

    def add(self, ready: Ranked) -> Row:
        """The row of a model, in the place of what it had with fewer seeds."""
        self._runs[ready.model] = ready.runs
        row = self.rows[ready.model] = self._row(ready)
        if ready.model == LEADER:
            self.leads = [self._lead(other) for other in BEHIND if other in self._runs]
        self._keep()
        return row

    def leave_out(self, one: LeftOut) -> None:
        """Notes that there will be no row of a model, and why."""
        self.left_out.append(one)
        self._keep()

    def _row(self, ready: Ranked) -> Row:
        means = self._intervals(_values(ready.runs))
        return Row(
            model=ready.model,
            **means,
            precision=means["recall"].mean / K,
            seeds=tuple(
                {name: float(of(run, K).mean()) for name, of in MEASURES.items()}
                for run in ready.runs
            ),
            seconds=ready.seconds,
        )

    def _lead(self, over: str) -> Lead:
        own, other = _values(self._runs[LEADER]), _values(self._runs[over])
        return Lead(over, **self._intervals({name: own[name] - other[name] for name in own}))

    def _intervals(self, values: dict[str, Floats]) -> dict[str, Interval]:
        session = self.split.test.session
        return {name: bootstrap(of, session) for name, of in values.items()}

    def _keep(self) -> None:
        """Writes the file in one step, so that a stop never leaves half."""
        if self.file is None:
            return
        split = self.split
        told = {
            "data": {
                "name": split.name,
                "items": split.items,
                "steps": len(split.full),
                "validation_questions": len(split.valid),
                "test_questions": len(split.test),
            },
            "k": K,
            "models": [asdict(row) for row in self.rows.values()],
            "leads": [asdict(lead) for lead in self.leads],
            "left_out": [asdict(one) for one in self.left_out],
        }
        replace_file(self.file, json.dumps(told, indent=2, allow_nan=False).encode())


def _values(runs: Sequence[Ints]) -> dict[str, Floats]:
    """Each measure of each question, over the seeds."""
    return {name: np.mean([of(run, K) for run in runs], axis=0) for name, of in MEASURES.items()}
