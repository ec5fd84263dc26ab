"""One call for all that is asked of a run: which patterns, which of them to keep, which rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recommender.mining.apriori_all import apriori_all
from recommender.mining.constraints import ConstraintError, Constraints
from recommender.mining.database import SequenceDatabase
from recommender.mining.itemsets import frequent_itemsets, in_one_element
from recommender.mining.parted import PartedDatabase, mine_parted
from recommender.mining.patterns import Patterns
from recommender.mining.prefixspan import prefixspan
from recommender.mining.rules import Rule, association_rules, sequential_rules
from recommender.mining.run import ExplosionError, Limits, StoppedError
from recommender.mining.select import Database, Miner, closed, maximal, top_k
from recommender.mining.spade import spade


class What(StrEnum):
    """Whether the order counts."""

    SEQUENCES = "sequences"
    ITEMSETS = "itemsets"


class Algorithm(StrEnum):
    """The miners of sequences; all find the same."""

    PREFIXSPAN = "prefixspan"
    SPADE = "spade"
    APRIORI_ALL = "apriori-all"


class Keep(StrEnum):
    """Which of the frequent patterns are wanted."""

    ALL = "all"
    CLOSED = "closed"
    MAXIMAL = "maximal"


MINERS: dict[Algorithm, Miner[SequenceDatabase]] = {
    Algorithm.PREFIXSPAN: prefixspan,
    Algorithm.SPADE: spade,
    Algorithm.APRIORI_ALL: apriori_all,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be mined."""

    what: What = What.SEQUENCES
    min_support: float | None = None
    """A count, or a share below 1. May be left out where `top` is given."""
    top: int | None = None
    """Only so many patterns, those of the largest support."""
    keep: Keep = Keep.ALL
    min_steps: int = 1
    """Fewest elements of a sequence, or items of an itemset, that is kept; rules need all."""
    min_confidence: float = 0.1
    constraints: Constraints = field(default_factory=Constraints)
    algorithm: Algorithm = Algorithm.PREFIXSPAN
    """For sequences; itemsets are always mined with SPADE's id-lists."""
    within_elements: bool = False
    """For itemsets: a basket is an element, not the whole sequence."""

    def __post_init__(self) -> None:
        if self.min_support is None and self.top is None:
            raise ConstraintError("give a minimum support, or how many patterns you want (top)")
        if self.min_support is not None and self.top is not None:
            raise ConstraintError("give either a minimum support or top, not both")
        if self.min_steps < 1:
            raise ConstraintError(f"min_steps is {self.min_steps}: it must be at least 1")

    def steps(self, patterns: Patterns) -> NDArray[np.int64]:
        """For each pattern what `min_steps` counts."""
        return patterns.steps() if self.what is What.SEQUENCES else patterns.lengths()


@dataclass(frozen=True, slots=True)
class Found:
    """Patterns and rules of one run, the strongest first."""

    patterns: Patterns
    rules: list[Rule]
    notes: list[str]
    """What the reader must know: why the run is incomplete, why rules are missing."""


def mine(
    database: SequenceDatabase | PartedDatabase, job: Job, *, limits: Limits = Limits()
) -> Found:
    """Run the job; a run that is stopped or would explode gives what it has, with a note.

    Raises ConstraintError for what makes no sense.
    """
    if isinstance(database, SequenceDatabase):
        return _mine(_miner(job), database, job, limits)
    return _mine(_parted_miner(job), database, job, limits)


def _mine[D: Database](miner: Miner[D], database: D, job: Job, limits: Limits) -> Found:
    # Rules need the counts of sides that lack a required item, so those are left out only later.
    unfiltered = replace(job.constraints, required=frozenset())
    notes: list[str] = []

    def run(support: float) -> Patterns:
        return miner(database, support, constraints=unfiltered, limits=limits)

    kept = None
    try:
        if job.top is None:
            assert job.min_support is not None  # noqa: S101 held by Job
            every = run(job.min_support)
        else:
            kept = top_k(
                miner,
                database,
                job.top,
                constraints=unfiltered,
                limits=limits,
                among=lambda patterns: _wanted(patterns, job),
            )
            every = run(int(kept.supports.min())) if len(kept) else kept
    except (ExplosionError, StoppedError) as stopped:
        notes.append(str(stopped))
        every = stopped.patterns
        if job.top is not None:
            kept = _wanted(every, job).strongest_first().first(job.top)
    return found_in(every, job, kept=kept, notes=notes)


def found_in(
    every: Patterns, job: Job, *, kept: Patterns | None = None, notes: Sequence[str] = ()
) -> Found:
    """The result of a job whose frequent patterns are `every`, required items not yet asked for.

    `kept` are those that the job wants, where it is known.
    """
    notes = list(notes)
    rules = _rules(every, job, notes)
    kept = _wanted(every, job) if kept is None else kept
    return Found(kept.strongest_first(), rules, notes)


def _wanted(patterns: Patterns, job: Job) -> Patterns:
    unfiltered = replace(job.constraints, required=frozenset())
    if job.keep is Keep.CLOSED:
        patterns = closed(patterns, constraints=unfiltered)
    elif job.keep is Keep.MAXIMAL:
        patterns = maximal(patterns, constraints=unfiltered)
    patterns = patterns.select(job.steps(patterns) >= job.min_steps)
    return patterns.containing(job.constraints.required)


def _miner(job: Job) -> Miner[SequenceDatabase]:
    if job.what is What.SEQUENCES:
        return MINERS[job.algorithm]

    def itemsets(
        database: SequenceDatabase,
        min_support: float,
        *,
        constraints: Constraints = Constraints(),
        limits: Limits = Limits(),
    ) -> Patterns:
        return frequent_itemsets(
            database,
            min_support,
            constraints=constraints,
            limits=limits,
            within_elements=job.within_elements,
        )

    return itemsets


def _parted_miner(job: Job) -> Miner[PartedDatabase]:
    """Whichever algorithm is asked for: all find the same."""
    if job.what is What.SEQUENCES:
        return mine_parted

    def itemsets(
        database: PartedDatabase,
        min_support: float,
        *,
        constraints: Constraints = Constraints(),
        limits: Limits = Limits(),
    ) -> Patterns:
        return mine_parted(
            replace(database, baskets=not job.within_elements),
            min_support,
            constraints=in_one_element(constraints),
            limits=limits,
        )

    return itemsets


def _rules(patterns: Patterns, job: Job, notes: list[str]) -> list[Rule]:
    draw: Callable[..., list[Rule]] = (
        sequential_rules if job.what is What.SEQUENCES else association_rules
    )
    try:
        rules = draw(patterns, min_confidence=job.min_confidence)
    except ConstraintError as error:
        if not 0 <= job.min_confidence <= 1:
            raise
        notes.append(f"No rules: {error}.")
        return []
    required = job.constraints.required
    return [
        rule
        for rule in rules
        if required <= {i for side in (rule.antecedent, rule.consequent) for e in side for i in e}
    ]
