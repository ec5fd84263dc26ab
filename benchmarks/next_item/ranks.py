"""Ranks the item that came next among all items, ties and unknown targets against the model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from benchmarks.next_item.splits import Questions
from recommender.evaluation import Interval, bootstrap, hits, reciprocal_ranks, target_ranks
from recommender.protocol import Scores
from recommender.sequences import Batch, Ints, chunks

K = 20
SIZE = 256


def ranks_of(score: Callable[[Batch], Scores], asked: Questions) -> Ints:
    """The rank of each question's target; items of the session may come again, so all are ranked.

    NaN scores rank below all others; a target with such a score, or unknown to training, is a miss.
    """
    ranks = np.empty(len(asked), np.int32)
    for part in chunks(len(asked), SIZE):
        scores = score(asked.batch(part)).astype(np.float64)
        np.nan_to_num(scores, copy=False, nan=-np.inf)
        ranks[part] = target_ranks(scores, asked.target[part])
    return ranks


def worth(ranks: Ints) -> float:
    """What settings are chosen by: recall@20 and MRR@20, which is about half as large, alike."""
    return float(hits(ranks, K).mean() + 2 * reciprocal_ranks(ranks, K).mean())


@dataclass(frozen=True)
class Row:
    """A model's figures: means over the seeds, with 95 % intervals of the sessions drawn anew.

    `seeds` has recall and MRR for each seed; a model without chance in it has one.
    """

    model: str
    recall: Interval
    mrr: Interval
    seeds: tuple[tuple[float, float], ...]
    seconds: float

    @classmethod
    def of(cls, model: str, runs: list[Ints], session: Ints, *, seconds: float) -> Self:
        """From the ranks of each seed's run."""
        found, near = (
            np.stack([hits(ranks, K) for ranks in runs]),
            np.stack([reciprocal_ranks(ranks, K) for ranks in runs]),
        )
        return cls(
            model,
            bootstrap(found.mean(axis=0), session),
            bootstrap(near.mean(axis=0), session),
            tuple(zip(found.mean(axis=1).tolist(), near.mean(axis=1).tolist(), strict=True)),
            seconds,
        )
