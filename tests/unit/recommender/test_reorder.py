"""A blend's first suggestions are put in order by what was learnt of its sources."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from recommender.blend import Blend
from recommender.contexts import CONTEXTS
from recommender.protocol import Scores
from recommender.reorder import Reordered
from recommender.sequences import Batch, Ints

ITEMS = 30


@dataclass
class Told:
    """A source that gives each case's scores by the item of its only step, which numbers it."""

    scores: Scores
    name: str = "told"

    def score(self, batch: Batch) -> Scores:
        return self.scores[batch.item[:, 0]].copy()


@dataclass
class Asked:
    target: Ints

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, part: slice) -> Batch:
        number = np.arange(len(self.target), dtype=np.int32)[part, None]
        one = np.ones_like(number)
        none = np.zeros((len(number), 0), np.int32)
        return Batch(number, one, 0 * one, one > 0, one[:, 0], none, none)


@pytest.fixture
def cases() -> Asked:
    return Asked(np.random.default_rng(0).integers(ITEMS, size=400).astype(np.int32))


@pytest.fixture
def blend(cases: Asked) -> Blend:
    """Two sources that say nothing, and one that puts the target first, with little in the mix."""
    draw = np.random.default_rng(1)
    noise = draw.random((2, len(cases), ITEMS)).astype(np.float32)
    right = np.full((len(cases), ITEMS), 0.9, np.float32)
    right[np.arange(len(cases)), cases.target] = 1.0
    sources: list[Any] = [Told(noise[0] ** 8), Told(noise[1] ** 8), Told(right)]
    return Blend(sources, np.tile([0.45, 0.45, 0.1], (CONTEXTS, 1)))


def firsts(model: Blend | Reordered, cases: Asked) -> float:
    """How often the target is put first."""
    best = np.nanargmax(model.score(cases.batch(slice(None))), axis=1)
    return float((best == cases.target).mean())


def test_the_source_that_is_right_is_believed_however_little_it_weighs(
    blend: Blend, cases: Asked
) -> None:
    assert firsts(blend, cases) < 0.2
    assert firsts(Reordered.fit(blend, cases, items=ITEMS), cases) > 0.9


def test_with_nothing_to_learn_from_the_blends_order_stays(blend: Blend, cases: Asked) -> None:
    nothing = Asked(np.full(len(cases), -1, np.int32))
    batch = cases.batch(slice(None))
    reordered = Reordered.fit(blend, nothing, items=ITEMS).score(batch)
    np.testing.assert_allclose(reordered, blend.score(batch), rtol=1e-5)


def test_what_no_source_knows_stays_unknown(cases: Asked) -> None:
    unknown = np.full((len(cases), 200), np.nan, np.float32)
    unknown[:, :ITEMS] = np.random.default_rng(2).random((len(cases), ITEMS))
    sources: list[Any] = [Told(unknown), Told(unknown), Told(unknown)]
    model = Reordered.fit(Blend(sources, np.ones((CONTEXTS, 3))), cases, items=200)
    scores = model.score(cases.batch(slice(None)))
    assert np.isnan(scores[:, ITEMS:]).all()
    assert not np.isnan(scores[:, :ITEMS]).any()
