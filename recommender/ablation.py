"""What each source gives to the blend: how much worse the blend ranks without it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.blend import Blend, fit_weights, shares
from recommender.evaluation import (
    Cases,
    Interval,
    bootstrap,
    hits,
    known_scores,
    reciprocal_ranks,
    target_ranks,
)
from recommender.protocol import Source
from recommender.sequences import Ints, score_chunks
from recommender.taste import Taste

SIZE = 512


@dataclass(frozen=True)
class Ablation:
    """How recall and MRR change without a source (paired 95 % intervals); less than 0 is worse."""

    without: str
    recall: Interval
    mrr: Interval


@dataclass(frozen=True)
class Relearnt:
    """How recall and MRR change after a lesson (paired 95 % intervals); less than 0 is worse.

    `steps` is how many the lesson had to learn from.
    """

    name: str
    steps: int
    recall: Interval
    mrr: Interval


def ablate(
    sources: Sequence[Source],
    taste: Taste | None,
    *,
    learnt_from: tuple[NDArray[np.float64], Ints],
    test: Cases,
    items: int,
    k: int,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Ablation, ...]:
    """Leave out one source after the other, and taste, and weigh the others anew.

    `learnt_from` has the sources' shares of the validation targets and their rows, as `fit_weights`
    takes them. The sources themselves stay as they were trained.
    """
    known, rows = learnt_from
    everything = list(range(len(sources)))
    kept = {source.name: [one for one in everything if one != at] for at, source in
            enumerate(sources) if len(sources) > 1}  # fmt: skip
    blends = {
        "": (everything, Blend(sources, fit_weights(known, rows), taste)),
        **{
            name: (
                some,
                Blend([sources[at] for at in some], fit_weights(known[:, some], rows), taste),
            )
            for name, some in kept.items()
        },
    }
    if taste is not None and not taste.is_silent:
        blends["taste"] = everything, Blend(sources, fit_weights(known, rows))
    ranks = {name: np.zeros(len(test), np.int32) for name in blends}
    for part in score_chunks(len(test), items, SIZE):
        batch, target = test.batch(part), test.target[part]
        parts = shares(np.stack([source.score(batch) for source in sources]))
        for name, (some, blend) in blends.items():
            total = blend.combine(parts[some], batch).total
            scores = known_scores(np.where(total > 0, total, np.nan), batch)
            ranks[name][part] = target_ranks(scores, target)
        progress(len(target))
    whole = ranks.pop("")
    return tuple(
        Ablation(
            name,
            recall=bootstrap(hits(rank, k) - hits(whole, k), test.shopper),
            mrr=bootstrap(reciprocal_ranks(rank, k) - reciprocal_ranks(whole, k), test.shopper),
        )
        for name, rank in ranks.items()
    )
