"""How much a figure owes to chance: everything that learns by chance, trained by other seeds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recommender.blend import Blend
from recommender.evaluation import (
    Ranking,
    bootstrap,
    hits,
    rank_cases,
    reciprocal_ranks,
    scorer,
)
from recommender.fitting import HeldOut, TrainConfig, fit_models
from recommender.lstm_step import Lstm, WholeNetwork
from recommender.prepared import Prepared
from recommender.progress import Progress
from recommender.protocol import Recommender
from recommender.report import BASELINES, Chance, K, Lead, Repeated
from recommender.sequences import Ints

MEASURES = {"recall": hits, "mrr": reciprocal_ranks}


def repeat(
    first: Sequence[Ranking],
    held_out: HeldOut,
    prepared: Prepared,
    *,
    config: TrainConfig,
    seeds: int,
    progress: Progress,
) -> Chance:
    """The network and the blend by `seeds` seeds, on the very same cases.

    `first` are the rankings by the config's own seed; the seeds after it are trained here. The
    blend's leads are of each case's mean over the seeds, with whole shoppers drawn anew.
    """
    test, items = held_out.test, len(prepared.vocabulary)
    runs: dict[str, list[Ints]] = defaultdict(list)
    for ranking in first:
        runs[ranking.name].append(ranking.rank)
    own = config.lstm.seed
    for seed in range(own + 1, own + seeds):
        progress.tell(f"seed {seed}")
        other = replace(config, lstm=replace(config.lstm, seed=seed))
        fitted = fit_models(
            held_out.split.train, held_out.valid, prepared, config=other, progress=progress
        )
        networks = (one for one in fitted.sources if isinstance(one, Lstm))
        models: list[Recommender] = [WholeNetwork(one) for one in networks]
        models.append(fitted.blend)
        progress.begin("ranking", len(test) * len(models))
        for model in models:
            ranking = rank_cases(
                model.name, scorer(model, test), test, items=items, ks=(K,),
                progress=progress.advance,
            )  # fmt: skip
            runs[model.name].append(ranking.rank)
    values = {
        name: {of: np.array([measure(run, K) for run in some]) for of, measure in MEASURES.items()}
        for name, some in runs.items()
    }
    blend = {of: each.mean(axis=0) for of, each in values[Blend.name].items()}
    return Chance(
        models=tuple(
            Repeated(name, **{of: tuple(each.mean(axis=1).tolist()) for of, each in of_it.items()})
            for name, of_it in values.items()
            if len(runs[name]) == seeds
        ),
        leads=tuple(
            Lead(
                name,
                **{
                    of: bootstrap(blend[of] - each.mean(axis=0), test.shopper)
                    for of, each in values[name].items()
                },
            )
            for name in (*BASELINES, Lstm.name)
            if name in values
        ),
    )
