"""Chooses how sessions are compared, on the validation questions alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.next_item.ranks import SIZE, worth
from benchmarks.next_item.splits import Questions, Split
from recommender.evaluation import MISS
from recommender.neighbours import NeighbourConfig, SessionNeighbours
from recommender.protocol import Scores
from recommender.sequences import Ints, chunks

MOST_QUESTIONS = 2_500
ROUNDS = 2
CHOICES: dict[str, tuple[float, ...]] = {
    "query_decay": (0.5, 1.0, 1.5, 2.5, 4.0),
    "recency": (0.2, 0.5, 1.0, 2.0),
    "length": (0.0, 0.25, 0.5),
    "rarity": (0.5, 1.0, 2.0),
    "distance": (1.0, 1.5, 2.0, 3.0, 5.0),
    "before": (0.15, 0.3, 0.5, 0.8),
    "itself": (0.15, 0.3, 0.5, 0.8),
    "nearest": (100, 250, 500, 1000, 2000),
    "scored_rarity": (0.0, 0.5, 1.0),
}


def some(asked: Questions, most: int, seed: int = 0) -> Questions:
    """At most so many of the questions, drawn by the seed."""
    if len(asked) <= most:
        return asked
    drawn = np.random.default_rng(seed).choice(len(asked), most, replace=False)
    return asked.take(np.sort(drawn))


def choose_neighbours(split: Split) -> NeighbourConfig:
    """One setting after the other at its best value, starting from the defaults, ROUNDS times.

    Without a question to choose on the defaults stay.
    """
    if len(split.valid) == 0:
        return NeighbourConfig()
    asked = some(split.valid, MOST_QUESTIONS)
    sessions = [
        np.array(batch.session_items(row), np.int32)
        for batch in (asked.batch(part) for part in chunks(len(asked), SIZE))
        for row in range(len(batch))
    ]
    target = asked.target.tolist()
    fitted = SessionNeighbours.fit(split.train, split.items)

    with ThreadPoolExecutor() as threads:

        def value_of(config: NeighbourConfig) -> float:
            model = fitted.tuned(config)

            def ranked(part: slice) -> list[int]:
                found = model.after(sessions[part])
                return [rank_among(*one, to) for one, to in zip(found, target[part], strict=True)]

            ranks = threads.map(ranked, chunks(len(asked), SIZE))
            return worth(np.concatenate([np.array(part, np.int32) for part in ranks]))

        return climb(NeighbourConfig(), value_of)


def rank_among(items: Ints, values: Scores, target: int) -> int:
    """The target's rank among all items where all but these have no score."""
    own = values[items == target]
    return int((values >= own[0]).sum()) if len(own) else MISS


def climb(config: NeighbourConfig, value_of: Callable[[NeighbourConfig], float]) -> NeighbourConfig:
    """Coordinate ascent over CHOICES."""
    best = value_of(config)
    for _ in range(ROUNDS):
        before = config
        for name, values in CHOICES.items():
            change = partial(replace, config)
            for value in values:
                if value == getattr(config, name):
                    continue
                other = change(**{name: value})
                reached = value_of(other)
                if reached > best:
                    best, config = reached, other
        if config == before:
            break
    return config
