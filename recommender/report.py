"""What was measured, as `cartwright train` and `cartwright evaluate` tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recommender.ablation import Ablation, Relearnt
from recommender.blend import Blend
from recommender.contexts import LENGTHS, length_rows
from recommender.evaluation import (
    Cases,
    Interval,
    Metrics,
    Ranking,
    bootstrap,
    difference,
    hits,
    measure,
    novelty,
    popularity,
    reciprocal_ranks,
)
from recommender.popular import ItemToItem, Popular, PopularInCategory
from recommender.protocol import Scores
from recommender.sequences import Bools, Log, Split, chunks

BASELINES = (Popular.name, PopularInCategory.name, ItemToItem.name)
K = 20
POPULAR_SHARE = 0.1
"""Of the products that training met, those met most often."""

type Group = tuple[str, Bools]


@dataclass(frozen=True)
class Part:
    """How a model did on some of the cases."""

    of: str
    cases: int
    recall: float
    mrr: float


@dataclass(frozen=True)
class Row:
    """One model's figures: over cases whose target training met, and over all cases."""

    name: str
    seen: Metrics
    every: Metrics
    recall: Interval
    mrr: Interval
    novelty: float
    """Bits of surprise in a product shown, as `evaluation.novelty` says."""
    popularity: float
    """Sessions behind a product shown, over those behind one turned to."""
    by_length: tuple[Part, ...] = ()
    """By the products that the session had met."""
    by_frequency: tuple[Part, ...] = ()
    """By how often training met the product that was turned to."""


@dataclass(frozen=True)
class Lead:
    """How far the blend is ahead of a baseline, with paired 95 % intervals, over all cases."""

    baseline: str
    recall: Interval
    mrr: Interval


@dataclass(frozen=True)
class Repeated:
    """A model's recall and MRR over all cases by each of some seeds, in the same order."""

    name: str
    recall: tuple[float, ...]
    mrr: tuple[float, ...]


@dataclass(frozen=True)
class Chance:
    """What learns by chance, by some seeds, and the blend's leads over the mean of them."""

    models: tuple[Repeated, ...]
    leads: tuple[Lead, ...]


@dataclass(frozen=True)
class Report:
    """What was measured and whether the gate opened; `problems` says why not."""

    events: int
    people: int
    sessions: int
    items: int
    days_held_out: float
    valid_from: str | None
    test_from: str | None
    valid_cases: int
    test_cases: int
    k: int
    rows: tuple[Row, ...]
    leads: tuple[Lead, ...]
    weights: dict[str, list[float]]
    problems: tuple[str, ...]
    ablations: tuple[Ablation, ...] = ()
    fusion: tuple[Relearnt, ...] = ()
    """The blend without each class of events."""
    noise: tuple[Relearnt, ...] = ()
    """The blend that learnt from noisy events."""
    chance: Chance | None = None
    """What learns by chance, by other seeds too."""

    @property
    def accepted(self) -> bool:
        """Whether the blend beat every baseline on recall and MRR."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The report as plain values; NaN, which JSON lacks, becomes None."""
        plain: dict[str, Any] = _plain({**asdict(self), "accepted": self.accepted})
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def make_report(
    log: Log,
    items: int,
    split: Split | None,
    days: float,
    valid: Cases,
    test: Cases,
    rankings: Sequence[Ranking],
    weights: Mapping[str, Sequence[float]],
    problems: Sequence[str],
) -> Report:
    """The report on the rankings of the test cases; `weights` are each source's, by context."""
    leads = _leads(rankings, test)
    rows: tuple[Row, ...] = ()
    if split is not None and len(test):
        met = np.nan_to_num(Popular.fit(split.train, items).weights)
        sessions = len(np.unique(split.train.session))
        groups = _by_length(test), _by_frequency(test, met)
        rows = tuple(_row(one, test, met, sessions, *groups) for one in rankings)
    return Report(
        events=len(log),
        people=len(np.unique(log.shopper)),
        sessions=len(np.unique(log.session)),
        items=items,
        days_held_out=days,
        valid_from=split.valid_from.isoformat() if split else None,
        test_from=split.test_from.isoformat() if split else None,
        valid_cases=len(valid),
        test_cases=len(test),
        k=K,
        rows=rows,
        leads=leads,
        weights={name: [round(weight, 4) for weight in one] for name, one in weights.items()},
        problems=(*problems, *_losses(leads)),
    )


def _row(
    ranking: Ranking,
    test: Cases,
    met: Scores,
    sessions: int,
    by_length: Sequence[Group],
    by_frequency: Sequence[Group],
) -> Row:
    return Row(
        name=ranking.name,
        seen=measure(ranking, test.seen, k=K),
        every=measure(ranking, np.ones(len(test), np.bool_), k=K),
        recall=bootstrap(hits(ranking.rank, K), test.shopper),
        mrr=bootstrap(reciprocal_ranks(ranking.rank, K), test.shopper),
        novelty=novelty(ranking, met, sessions=sessions, k=K),
        popularity=popularity(ranking, met, test.target, k=K),
        by_length=_parts(ranking, by_length),
        by_frequency=_parts(ranking, by_frequency),
    )


def _parts(ranking: Ranking, groups: Sequence[Group]) -> tuple[Part, ...]:
    measured = [(name, measure(ranking, keep, k=K)) for name, keep in groups]
    return tuple(Part(name, one.cases, one.recall, one.mrr) for name, one in measured if one.cases)


def _by_length(test: Cases) -> list[Group]:
    """By how many products the session had met."""
    rows = np.concatenate([length_rows(test.batch(part)) for part in chunks(len(test), 512)])
    last = [*(str(following - 1) for following in LENGTHS[1:]), "more"]
    names = [str(first) if str(first) == to else f"{first} to {to}"
             for first, to in zip(LENGTHS, last, strict=True)]  # fmt: skip
    return [(name, rows == row) for row, name in enumerate(names)]


def _by_frequency(test: Cases, met: Scores) -> list[Group]:
    """By how often training met the product that was turned to."""
    known = np.sort(met[met > 0])[::-1]
    often = met[np.maximum(test.target, 0)] * (test.target >= 0)
    top = known[round(POPULAR_SHARE * (len(known) - 1))] if len(known) else np.inf
    half = known[len(known) // 2] if len(known) else np.inf
    return [
        ("the most popular tenth", often >= top),
        ("up to half of all", (often < top) & (often >= half)),
        ("the rarer half", (often < half) & (often > 0)),
        ("never met", often == 0),
    ]


def _leads(rankings: Sequence[Ranking], test: Cases) -> tuple[Lead, ...]:
    by_name = {ranking.name: ranking for ranking in rankings}
    if Blend.name not in by_name or len(test) == 0:
        return ()
    blend = by_name[Blend.name]
    return tuple(
        Lead(
            name,
            recall=difference(blend, by_name[name], test, k=K, of=hits),
            mrr=difference(blend, by_name[name], test, k=K, of=reciprocal_ranks),
        )
        for name in BASELINES
    )


def _losses(leads: tuple[Lead, ...]) -> list[str]:
    return [
        f"not clearly ahead of {lead.baseline} in {name}: "
        f"{interval.mean:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
        for lead in leads
        for name, interval in ((f"recall@{K}", lead.recall), (f"MRR@{K}", lead.mrr))
        if not interval.low > 0
    ]
