"""Ranks the item that came next among all items, ties and unknown targets against the model."""

from collections.abc import Callable

import numpy as np

from benchmarks.next_item.splits import Questions
from recommender.evaluation import hits, reciprocal_ranks, target_ranks
from recommender.protocol import Scores
from recommender.sequences import Batch, Ints, score_chunks

K = 20
SIZE = 256


def ranks_of(score: Callable[[Batch], Scores], asked: Questions, *, items: int) -> Ints:
    """The rank of each question's target; items of the session may come again, so all are ranked.

    NaN scores rank below all others; a target with such a score, or unknown to training, is a miss.
    """
    ranks = np.empty(len(asked), np.int32)
    for part in score_chunks(len(asked), items, SIZE):
        scores = score(asked.batch(part))
        known = np.where(np.isnan(scores), np.float32(-np.inf), scores)
        ranks[part] = target_ranks(known, asked.target[part])
    return ranks


def worth(ranks: Ints) -> float:
    """What settings are chosen by: recall@20 and MRR@20, which is about half as large, alike."""
    return float(hits(ranks, K).mean() + 2 * reciprocal_ranks(ranks, K).mean())
