"""Everything trained once on the small planted shop."""

import numpy as np
import pytest

from recommender.blend import LENGTHS, Blend
from recommender.bundle import Bundle
from recommender.lstm_step import Lstm, Weights
from recommender.protocol import Source
from recommender.sequences import ACTIONS, GAP_BUCKETS
from recommender.spoken import Spoken
from recommender.taste import Taste
from recommender.training import Prepared, fit_counts, prepare
from tests.unit.recommender.shop import item_frame, planted_events


@pytest.fixture(scope="session")
def prepared() -> Prepared:
    """The planted shop's log."""
    return prepare(planted_events(), item_frame())


@pytest.fixture(scope="session")
def lstm(prepared: Prepared) -> Lstm:
    """A network with random weights: enough for what does not depend on what was learnt."""
    draw = np.random.default_rng(0)
    items, units = len(prepared.vocabulary), 8

    def some(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return draw.normal(0, 0.5, shape).astype(np.float32)

    seen = np.ones(items, np.bool_)
    seen[prepared.vocabulary.get("other17")] = False
    return Lstm(
        Weights(
            item=some(items + 1, units),
            action=some(len(ACTIONS) + 1, units),
            gap=some(GAP_BUCKETS, units),
            kernel=some(units, 4 * units),
            recurrent=some(units, 4 * units),
            bias=some(4 * units),
            item_bias=some(items),
            seen=seen,
        )
    )


@pytest.fixture(scope="session")
def bundle(prepared: Prepared, lstm: Lstm) -> Bundle:
    """All sources with equal weights, and taste."""
    sources: list[Source] = [lstm, *fit_counts(prepared.log, prepared)]
    weights = np.full((len(LENGTHS), len(sources)), 1 / len(sources))
    nothing = np.zeros(len(prepared.vocabulary), np.bool_)
    suits = np.array([0.7, 0.3, 1.8, 0.6], np.float32)
    blend = Blend(sources, weights, Taste.fit(prepared.log, prepared.facts, suits))
    spoken = Spoken.mine(prepared.log, min_people=5)
    return Bundle(prepared.vocabulary, prepared.category, blend, nothing, spoken)
