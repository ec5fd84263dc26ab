"""Everything trained once on the small planted shop."""

from string import ascii_lowercase
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from recommender.abandonment import KINDS, Carts
from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.contexts import CONTEXTS
from recommender.fitting import fit_counts
from recommender.habits import Habits
from recommender.lstm_step import Lstm, Weights
from recommender.memory import HEADS, PROFILE, READ, Memory
from recommender.newcomers import Newcomers
from recommender.prepared import Prepared, prepare
from recommender.protocol import Source
from recommender.sequences import ACTIONS, GAP_BUCKETS
from recommender.spoken import Spoken
from recommender.taste import Taste, with_weights
from tests.unit.recommender.shop import item_frame, planted_events

NEW_MAT = {"product": "a-new-mat", "category": "kind 1", "brand": "brand 0", "amount": 1000}
NEW_MAT |= {"title": "mat"}
NEW_THING = {"product": "new-thing", "category": "kind 9", "brand": "brand 9", "amount": None}
NEW_THING |= {"title": "thing"}


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
            leaving=some(units + KINDS),
            kinds=some(prepared.content.kinds, units),
            text=some(len(ascii_lowercase), units),
            memory=Memory(
                read=some(units, READ),
                telling=some(len(ACTIONS) + 1, HEADS),
                prior=np.exp(some(HEADS)),
                inner=some(PROFILE, units),
                inner_bias=some(units),
                # What comes of them is no larger than a state, as in networks that are trained.
                own=some(units, units) / 4,
                own_bias=some(units) / 4,
                lead=some(units, units) / 4,
                share=some(2 * units + 1),
            ),
        )
    )


@pytest.fixture(scope="session")
def trained(prepared: Prepared, lstm: Lstm) -> Bundle:
    """All sources with equal weights, and taste."""
    leanings = np.array([0.7, 0.3, 1.8, 0.6, 0.4, -0.2, 1.1], np.float32)
    habits = Habits.fit(prepared.log, prepared.facts, leanings, network=lstm)
    sources: list[Source] = [lstm, *fit_counts(prepared.log, prepared), habits]
    weights = np.full((CONTEXTS, len(sources)), 1 / len(sources))
    nothing = np.zeros(len(prepared.vocabulary), np.bool_)
    suits = np.array([0.7, 0.3, 1.8, 0.6, 0.4], np.float32)
    taste = with_weights(Taste.fit(prepared.log, prepared.facts), suits, np.float32(0.3))
    blend = Blend(sources, weights, taste)
    spoken = Spoken.mine(prepared.log, min_people=5)
    carts = Carts.fit(prepared.log, prepared.amount)
    return Bundle(prepared.vocabulary, prepared.category, blend, nothing, spoken, carts)


@pytest.fixture(scope="session")
def bundle(trained: Bundle) -> Bundle:
    """What most tests look at; those of every bundle look at the grown one too."""
    return trained


@pytest.fixture(scope="session")
def grown(trained: Bundle) -> Bundle:
    """The same after two products came: another mat, and one of a category that nobody knows."""
    return trained.grown(placed(trained, NEW_MAT, NEW_THING))


def placed(bundle: Bundle, *new: dict[str, Any]) -> Newcomers:
    """Products placed among those of the planted shop, whose titles are their names."""
    old = item_frame().with_columns(title=pl.col("product"))
    catalogue = pl.concat([old, pl.DataFrame(list(new), old.schema)])
    items = [one["product"] for one in new]
    return Newcomers.placed(items, catalogue, bundle.vocabulary, bundle.facts, by_letters)


def by_letters(texts: list[str]) -> NDArray[np.float32]:
    """Unit vectors of texts by which letters they have."""
    counts = np.array([[text.count(letter) for letter in ascii_lowercase] for text in texts])
    vectors = counts.reshape(len(texts), 26) + 1e-9
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
