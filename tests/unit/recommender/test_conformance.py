"""What every recommender must do, whatever it is; a new one is added to NAMES and nowhere else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.blend import Blend
from recommender.bundle import SOURCES, Bundle
from recommender.habits import Habits
from recommender.protocol import History, Recommender, Step, Surface
from recommender.sequences import ACTIONS, Batch, encode
from recommender.serving import Suggester
from tests.unit.recommender.shop import BEGIN, ITEMS

NAMES = (*SOURCES, Blend.name)
ids = st.sampled_from((*ITEMS, "a-new-mat", "new-thing", "unheard-of", ""))
histories = st.lists(st.tuples(ids, st.sampled_from(ACTIONS), st.integers(0, 10_000)), max_size=60)
fast = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module", params=["trained", "grown"])
def bundle(request: pytest.FixtureRequest, trained: Bundle, grown: Bundle) -> Bundle:
    """As it was trained, and after products came that are newer."""
    return trained if request.param == "trained" else grown


@pytest.fixture(params=NAMES)
def recommender(request: pytest.FixtureRequest, bundle: Bundle) -> Recommender:
    if request.param == Blend.name:
        return bundle.blend
    source = bundle.source(request.param)
    assert source is not None
    return source


def batch_of(bundle: Bundle, steps: list[tuple[str, str, int]]) -> Batch:
    return encode(
        [(product, action, BEGIN + timedelta(seconds=at)) for product, action, at in steps],
        bundle.vocabulary,
    )


@given(steps=histories)
@fast
def test_scores_are_one_row_of_all_items_at_least_zero_or_nan(
    recommender: Recommender, bundle: Bundle, steps: list[Any]
) -> None:
    scores = recommender.score(batch_of(bundle, steps))
    assert scores.shape == (1, len(bundle.vocabulary))
    assert (np.isnan(scores) | (scores >= 0)).all()
    assert not np.isinf(scores).any()


def test_an_empty_history_is_no_error(recommender: Recommender, bundle: Bundle) -> None:
    assert recommender.score(batch_of(bundle, [])).shape == (1, len(bundle.vocabulary))


def test_a_product_nobody_knows_is_no_error(recommender: Recommender, bundle: Bundle) -> None:
    batch = batch_of(bundle, [("unheard-of", "view", 0), ("unheard-of", "add", 5)])
    assert recommender.score(batch).shape == (1, len(bundle.vocabulary))


def test_a_batch_of_nobody_is_no_error(recommender: Recommender, bundle: Bundle) -> None:
    whole = batch_of(bundle, [("tent", "view", 0)])
    empty = Batch(*(getattr(whole, name)[:0] for name in Batch.__dataclass_fields__))
    assert recommender.score(empty).shape == (0, len(bundle.vocabulary))


@given(steps=histories)
@fast
def test_the_same_history_gives_the_same_scores(
    recommender: Recommender, bundle: Bundle, steps: list[Any]
) -> None:
    batch = batch_of(bundle, steps)
    np.testing.assert_array_equal(recommender.score(batch), recommender.score(batch))


def test_a_shopper_scores_the_same_alone_and_in_a_crowd(
    recommender: Recommender, bundle: Bundle
) -> None:
    alone = batch_of(bundle, [("tent", "view", 0), ("tent", "add", 9), ("mat", "view", 30)])
    crowd = Batch(
        *(np.repeat(getattr(alone, name), 3, axis=0) for name in Batch.__dataclass_fields__)
    )
    once, thrice = recommender.score(alone), recommender.score(crowd)
    np.testing.assert_allclose(thrice, np.repeat(once, 3, axis=0), rtol=1e-4)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_comes_back_from_its_arrays(name: str, bundle: Bundle) -> None:
    source = bundle.source(name)
    assert source is not None
    again = SOURCES[name].from_arrays(source.arrays())
    if isinstance(source, Habits) and isinstance(again, Habits):
        # Its network is a source itself, which the bundle gives back to it.
        again = again.by(source.network)
    batch = batch_of(bundle, [("tent", "view", 0), ("mat", "add", 40)])
    np.testing.assert_array_equal(source.score(batch), again.score(batch))


@pytest.fixture(params=NAMES)
def suggester(request: pytest.FixtureRequest, bundle: Bundle) -> Suggester:
    """A suggester that listens to one source alone, or to the blend."""
    blend = bundle.blend
    if request.param != Blend.name:
        weights = np.zeros_like(blend.weights)
        weights[:, [source.name for source in blend.sources].index(request.param)] = 1
        blend = Blend(blend.sources, weights, known=blend.known)
    return Suggester(replace(bundle, blend=blend), version="test")


some_ids = st.lists(ids, max_size=12).map(tuple)


@given(
    steps=histories,
    cart=some_ids,
    owned=some_ids,
    exclude=some_ids,
    available=st.none() | some_ids | some_ids.map(frozenset),
    surface=st.sampled_from(Surface),
    anchor=st.none() | ids,
    k=st.sampled_from((1, 3, 10_000)),
)
@settings(parent=fast, max_examples=40)
def test_nothing_unwanted_is_ever_suggested(
    suggester: Suggester,
    steps: list[tuple[str, str, int]],
    cart: tuple[str, ...],
    owned: tuple[str, ...],
    exclude: tuple[str, ...],
    available: Any,
    surface: Surface,
    anchor: str | None,
    k: int,
) -> None:
    history = History(
        tuple(Step(item, action, BEGIN + timedelta(seconds=at)) for item, action, at in steps),
        cart,
        owned,
    )
    suggested = suggester.suggest(
        history, k=k, surface=surface, exclude=exclude, available=available, anchor=anchor
    )
    shown = [one.product_id for one in suggested]
    assert len(shown) == len(set(shown)) <= k
    assert not set(shown) & {*cart, *owned, *exclude, anchor}
    assert available is None or set(shown) <= set(available)
    assert [one.rank for one in suggested] == list(range(1, len(shown) + 1))
    scores = [one.score for one in suggested]
    assert scores == sorted(scores, reverse=True)
    for one in suggested:
        assert sum(one.shares.values()) == pytest.approx(1, abs=0.01)
        assert one.reason.people is None or one.reason.people >= 5
