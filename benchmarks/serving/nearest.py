"""The index of a large shop's items against looking at all of them.

`python -m benchmarks.serving.nearest [ITEMS]` prints what the index takes to make, what a request
takes of it and without it in processor time, and how many of the hundred likeliest items it finds.
The embeddings lie around centres, as many as a shop has categories, as those of training do.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.serving.made_up import UNITS
from recommender.nearest import NearestItems
from recommender.output_layer import OutputLayer
from recommender.protocol import Scores
from recommender.terms import Likeliest, Softmax

ITEMS = 200_000
PER_CENTRE = 100
STATES = 300
BEST = 100


def measure(items: int, *, seed: int = 1) -> dict[str, float]:
    """Seconds to make the index, milliseconds a request, megabytes, and recall of the best 100."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(0, 0.3, (max(items // PER_CENTRE, 1), UNITS))
    rows = centres[draw.integers(len(centres), size=items)] + draw.normal(0, 0.2, (items, UNITS))
    embedded, bias = rows.astype(np.float32), draw.normal(-2, 1.5, items).astype(np.float32)
    seen = np.ones(items, np.bool_)
    states = np.tanh(draw.normal(0, 1, (STATES, UNITS))).astype(np.float32)

    begin = time.process_time()
    index = NearestItems.fit(embedded, bias, seen)
    made = time.process_time() - begin
    whole = OutputLayer(embedded, bias, seen)
    some = OutputLayer(embedded, bias, seen, index)
    scratch, total = np.empty(items, np.float32), np.zeros(items, np.float32)
    one = np.float32(1)
    best = np.argpartition(-(states @ embedded.T + bias), BEST, axis=1)[:, :BEST]
    found = [len(np.intersect1d(index.find(state)[:BEST], own)) / BEST
             for state, own in zip(states, best, strict=True)]  # fmt: skip
    return {
        "items": items,
        "seconds_to_make": made,
        "megabytes": len(index.arrays()["graph"]) / 2**20,
        "ms_all": _each(
            lambda state: Softmax(whole, state, scratch, whole.logits(state, scratch)).add_to(
                total, one
            ),
            states,
        ),
        "ms_index": _each(lambda state: Likeliest(some, state).add_to(total, one), states),
        "recall": float(np.mean(found)),
    }


def _each(ask: Callable[[Scores], None], states: Scores) -> float:
    """Milliseconds of processor time for each state, the first ones to warm up."""
    for state in states[:5]:
        ask(state)
    begin = time.process_time()
    for state in states:
        ask(state)
    return (time.process_time() - begin) / len(states) * 1000


if __name__ == "__main__":
    for name, value in measure(int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS).items():
        print(f"{name}: {value:,.3f}")
