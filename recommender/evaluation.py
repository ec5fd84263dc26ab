"""Measures recommenders on days they have not seen, the strict way.

What a case is (every recommender, and the demo shop's best possible, is measured on the same):

- Sessions belong to the period in which they began; a test case comes from a session that began in
  the last `test_days` of the log.
- The target is a product that the shopper turns to for the first time in the running session, by a
  view, an add or a purchase, with at least one step before it in that session. A session that
  touches n distinct products gives up to n - 1 cases. A further step on a product already touched
  in the session (view then add) is no case; a product known from an earlier session is.
- What may be looked at is every step of the shopper before the target (earlier sessions too, of
  which models read the last `sequences.WINDOW` steps, and what was done with which product in
  the `sequences.MEMORY` before those), with product, action and time. Not the time
  of the target, nor anything after.
- All items of the vocabulary (catalogue and log) are ranked, in stock or not; only the products
  that the running session has already touched are left out, for all alike, because by definition
  they cannot be the target.
- A score that ties with the target's counts as ahead of it; a target scored NaN is a miss.
- A target without a step in the training days is reported in two ways: the case dropped, and kept,
  where a recommender that gives it no score has missed.

An `Oracle` (demo/ has one for the demo shop) takes the same cases as `Case` and answers with one
row of scores per case, in the order of the items it is given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recommender.protocol import Recommender, Scores, Step
from recommender.sequences import (
    MEMORY,
    WINDOW,
    Batch,
    Bools,
    Ints,
    Log,
    Vocabulary,
    first_touches,
    microseconds,
    score_chunks,
    sorted_steps,
    starts,
    windows,
)

type Floats = NDArray[np.float64]
MISS = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Case:
    """One test case in the shop's own words: what an oracle may look at, and the answer.

    `steps` are all earlier ones of the shopper, oldest first; the running session's begin at
    index `session_from`.
    """

    shopper: str
    session: str | None
    steps: tuple[Step, ...]
    session_from: int
    target: str


class Oracle(Protocol):
    """Knows the truth behind generated data and so the best any predictor could do."""

    def score(self, cases: Sequence[Case], items: Sequence[str]) -> Floats:
        """Probabilities, or anything that ranks alike, of shape (len(cases), len(items))."""
        ...


@dataclass(frozen=True)
class Cases:
    """Test cases as positions of their targets in the log."""

    log: Log
    position: NDArray[np.int64]
    seen: Bools

    def __len__(self) -> int:
        return len(self.position)

    @property
    def target(self) -> Ints:
        """The items to predict."""
        return self.log.item[self.position]

    @property
    def shopper(self) -> Ints:
        """The shopper of each case."""
        return self.log.shopper[self.position]

    def batch(self, part: slice, *, length: int = WINDOW) -> Batch:
        """What a recommender sees of the cases in `part`."""
        return self.batch_known(part, self.log, self.position[part], length=length)

    def batch_known(
        self, part: slice, known: Log, ends: NDArray[np.int64], *, length: int = WINDOW
    ) -> Batch:
        """The same where the steps of `known` up to `ends` (exclusive) are all that is known."""
        at = self.position[part]
        return windows(
            known, ends, session=self.log.session[at], shopper=self.log.shopper[at], length=length,
            memory=MEMORY,
        )  # fmt: skip


def find_cases(log: Log, *, since: datetime, until: datetime | None, trained: Log) -> Cases:
    """The cases of sessions that began in [since, until); `seen` marks targets in `trained`."""
    position = first_touches(log)
    first = starts(log.session)
    began = log.at[first[position]]
    keep = (position > first[position]) & (began >= microseconds(since))
    if until is not None:
        keep &= began < microseconds(until)
    position = position[keep]
    return Cases(log, position, np.isin(log.item[position], trained.item[trained.item >= 0]))


def told(cases: Cases, events: pl.DataFrame) -> list[Case]:
    """The cases for an oracle; `events` is the frame that the cases' log was built from."""
    frame = sorted_steps(events)
    targets = frame["product"].to_list()
    stories = before(cases.log, cases.position, cases.position, events)
    return [
        replace(story, target=targets[at])
        for story, at in zip(stories, cases.position.tolist(), strict=True)
    ]


def before(
    log: Log, position: NDArray[np.int64], ends: NDArray[np.int64], events: pl.DataFrame
) -> list[Case]:
    """What an oracle may look at where the steps up to `ends` (exclusive) are known, no answer.

    The sessions that run are those of the steps at `position`.
    """
    frame = sorted_steps(events)
    shoppers, sessions = frame["shopper"].to_list(), frame["session"].to_list()
    products = frame["product"].to_list()
    steps = [
        Step(product, action, at)
        for product, action, at in zip(
            products, frame["action"].to_list(), frame["at"].to_list(), strict=True
        )
    ]
    begins, runs = starts(log.shopper), starts(log.session)
    return [
        Case(
            shopper=shoppers[at],
            session=sessions[at],
            steps=tuple(steps[begins[at] : end]),
            session_from=int(runs[at] - begins[at]),
            target="",
        )
        for at, end in zip(position.tolist(), ends.tolist(), strict=True)
    ]


@dataclass(frozen=True)
class Ranking:
    """Where a recommender ranked each case's target (from 1; MISS where it never would)."""

    name: str
    rank: Ints
    shown: dict[int, Ints]
    """By k, how often each item (items,) stood among the first k of a case."""


def rank_cases(
    name: str,
    score: Callable[[slice], Floats | Scores],
    cases: Cases,
    *,
    items: int,
    ks: Sequence[int] = (20,),
    size: int = 512,
    progress: Callable[[int], None] = lambda _: None,
) -> Ranking:
    """Rank all `items` for every case; `score` gives the rows of a slice of the cases."""
    ranks = np.full(len(cases), MISS, np.int32)
    shown: dict[int, Ints] = {}
    for part in score_chunks(len(cases), items, size):
        scores = known_scores(score(part), cases.batch(part))
        ranks[part] = target_ranks(scores, cases.target[part])
        order = top_items(scores, max(ks))
        for k in ks:
            top = order[:, :k]
            counts = np.bincount(top[top >= 0], minlength=scores.shape[1]).astype(np.int32)
            shown[k] = shown[k] + counts if k in shown else counts
        progress(part.stop - part.start)
    return Ranking(name, ranks, shown)


def known_scores(scores: Floats | Scores, batch: Batch) -> Floats:
    """A copy in which NaN and the running session's own products have become -inf."""
    known = np.where(np.isnan(scores), -np.inf, scores).astype(np.float64)
    rows, columns = np.nonzero(batch.in_session & (batch.item >= 0))
    known[rows, batch.item[rows, columns]] = -np.inf
    return known


def target_ranks(scores: Floats | Scores, target: Ints) -> Ints:
    """Ranks from 1, with ties ahead of the target; MISS for one unknown or never suggested."""
    own = scores[np.arange(len(target)), np.maximum(target, 0)]
    ahead = (scores >= own[:, None]).sum(axis=1)
    return np.where((target >= 0) & np.isfinite(own), ahead, MISS).astype(np.int32)


def top_items(scores: Floats, k: int) -> NDArray[np.int64]:
    """The k best items of each row, best first, ties by index; -1 where fewer are known."""
    k = min(k, scores.shape[1])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found = np.isfinite(np.take_along_axis(scores, order, axis=1))
    return np.where(found, order, -1)


@dataclass(frozen=True)
class Metrics:
    """Means over the cases at one cut-off k; with one target a case, hit rate equals recall."""

    k: int
    cases: int
    recall: float
    precision: float
    f1: float
    mrr: float
    ndcg: float
    coverage: float


def measure(ranking: Ranking, keep: Bools, *, k: int) -> Metrics:
    """The metrics over the cases that `keep` marks (all of them, or those with a seen target)."""
    rank = ranking.rank[keep]
    if len(rank) == 0:
        nan = float("nan")
        return Metrics(k, 0, nan, nan, nan, nan, nan, nan)
    recall = float(hits(rank, k).mean())
    precision = recall / k
    return Metrics(
        k=k,
        cases=len(rank),
        recall=recall,
        precision=precision,
        f1=2 * precision * recall / (precision + recall) if recall else 0.0,
        mrr=float(reciprocal_ranks(rank, k).mean()),
        ndcg=float(discounted_gains(rank, k).mean()),
        coverage=float((ranking.shown[k] > 0).mean()),
    )


def novelty(ranking: Ranking, met: Scores, *, sessions: int, k: int) -> float:
    """How little known the products among the first k are, in bits.

    The mean over all places of -log2 of the share of `sessions` that turned to the product, by
    `met` (items,): mean self-information (Zhou et al. 2010). One that none turned to counts like
    half a session.
    """
    shown = ranking.shown[k]
    if not shown.sum() or not sessions:
        return float("nan")
    surprise = -np.log2(np.maximum(met, 0.5) / sessions)
    return float(shown @ surprise / shown.sum())


def popularity(ranking: Ranking, met: Scores, target: Ints, *, k: int) -> float:
    """Mean sessions, by `met` (items,), behind a product among the first k, over a target's mean.

    1 where what is shown is as popular as what shoppers turn to; more where the popular is pushed.
    """
    shown, wanted = ranking.shown[k], target[target >= 0]
    if not shown.sum() or not len(wanted) or not met[wanted].sum():
        return float("nan")
    return float((shown @ met) / shown.sum() / met[wanted].mean())


def hits(rank: Ints, k: int) -> Floats:
    """1 where the target is among the first k."""
    return (rank <= k).astype(np.float64)


def reciprocal_ranks(rank: Ints, k: int) -> Floats:
    """1/rank where the target is among the first k, else 0."""
    return np.where(rank <= k, 1.0 / rank, 0.0)


def discounted_gains(rank: Ints, k: int) -> Floats:
    """NDCG of one target: 1/log2(1 + rank) where it is among the first k, else 0."""
    return np.where(rank <= k, 1 / np.log2(1.0 + rank), 0.0)


@dataclass(frozen=True)
class Interval:
    """A mean and the 95 % bootstrap interval around it."""

    mean: float
    low: float
    high: float


def bootstrap(
    values: Floats, groups: NDArray[np.int32], *, seed: int = 0, resamples: int = 1000
) -> Interval:
    """The mean of `values` with its percentile interval, whole shoppers drawn with replacement.

    Cases of one shopper are alike, so drawing cases would make the interval too narrow. For a
    paired comparison, pass the differences. Efron & Tibshirani 1993, chapters 13 and 16.
    """
    if len(values) == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    _, group = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(group, weights=values), np.bincount(group)
    draw = np.random.default_rng(seed)
    count = len(sizes)
    means = np.empty(resamples)
    for index in range(resamples):
        weight = np.bincount(draw.integers(count, size=count), minlength=count)
        means[index] = (weight @ sums) / (weight @ sizes)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def difference(
    model: Ranking, baseline: Ranking, cases: Cases, *, k: int, of: Callable[[Ints, int], Floats]
) -> Interval:
    """How much better `model` is than `baseline` on the same cases, by `hits` or another value."""
    return bootstrap(of(model.rank, k) - of(baseline.rank, k), cases.shopper)


def scorer(recommender: Recommender, cases: Cases) -> Callable[[slice], Scores]:
    """The recommender's scores for a slice of the cases."""
    return lambda part: recommender.score(cases.batch(part))


def oracle_scorer(
    oracle: Oracle, cases: Cases, events: pl.DataFrame, vocabulary: Vocabulary
) -> Callable[[slice], Floats]:
    """The oracle's scores for a slice of the cases."""
    all_told = told(cases, events)
    return lambda part: oracle.score(all_told[part], vocabulary.items)
