"""In a large shop the network's likeliest items come from an index, and nothing else changes."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from recommender import nearest
from recommender.bundle import Bundle
from recommender.filters import allowed
from recommender.live import LiveBlend
from recommender.lstm_step import Lstm
from recommender.nearest import INDEXED_FROM, NearestItems, indexed
from recommender.output_layer import OutputLayer
from recommender.protocol import History, Scores, Step, Surface
from recommender.rule_sources import AssociationRules
from recommender.sequences import Bools
from recommender.terms import Likeliest, Softmax
from tests.unit.recommender.shop import BEGIN

ITEMS, UNITS, STATES = 5_000, 32, 40


@pytest.fixture(scope="module")
def draw() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture(scope="module")
def items(draw: np.random.Generator) -> Scores:
    """Embeddings around some centres, as training makes them."""
    centres = draw.normal(0, 0.5, (60, UNITS))
    return (centres[draw.integers(60, size=ITEMS)] + draw.normal(0, 0.3, (ITEMS, UNITS))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def bias(draw: np.random.Generator) -> Scores:
    """How common each item is: a few are, most are not."""
    return draw.normal(-2, 1.5, ITEMS).astype(np.float32)


@pytest.fixture(scope="module")
def seen() -> Bools:
    met = np.ones(ITEMS, np.bool_)
    met[::7] = False
    return met


@pytest.fixture(scope="module")
def states(draw: np.random.Generator) -> Scores:
    return np.tanh(draw.normal(0, 1, (STATES, UNITS))).astype(np.float32)


@pytest.fixture(scope="module")
def index(items: Scores, bias: Scores, seen: Bools) -> NearestItems:
    return NearestItems.fit(items, bias, seen)


def test_nearly_all_of_the_hundred_likeliest_items_are_found(
    index: NearestItems, items: Scores, bias: Scores, seen: Bools, states: Scores
) -> None:
    logits = np.where(seen, states @ items.T + bias, -np.inf)
    best = np.argsort(-logits, axis=1)[:, :100]
    found = [
        len(np.intersect1d(index.find(state, 100), own)) / 100
        for state, own in zip(states, best, strict=True)
    ]
    assert np.mean(found) > 0.98


def test_an_item_that_training_never_met_is_not_found(
    index: NearestItems, seen: Bools, states: Scores
) -> None:
    for state in states:
        assert seen[index.find(state)].all()


def test_it_comes_back_from_its_arrays(index: NearestItems, states: Scores) -> None:
    again = NearestItems.from_arrays(index.arrays())
    assert again.items == ITEMS
    for state in states:
        np.testing.assert_array_equal(again.find(state), index.find(state))


def test_what_is_not_looked_at_is_estimated_so_that_shares_stay_what_they_are(
    index: NearestItems, items: Scores, bias: Scores, seen: Bools, states: Scores
) -> None:
    whole, some = OutputLayer(items, bias, seen), OutputLayer(items, bias, seen, index)
    place = np.full(ITEMS, -1, np.int32)
    for state in states:
        likeliest = Likeliest(some, state)
        best = index.find(state, 20)
        logits = np.empty(ITEMS, np.float32)
        highest = whole.logits(state, logits)
        true = Softmax(whole, state, logits, highest).at(best, place)
        np.testing.assert_allclose(likeliest.at(best, place), true, rtol=0.1)


def test_later_items_that_are_like_none_take_nothing_from_the_estimate(
    index: NearestItems, items: Scores, bias: Scores, seen: Bools, states: Scores
) -> None:
    later = 4_000
    grown = OutputLayer(
        np.concatenate([items, np.zeros((later, UNITS), np.float32)]),
        np.pad(bias, (0, later)),
        np.pad(seen, (0, later)),
        index,
    )
    some = OutputLayer(items, bias, seen, index)
    for state in states:
        assert Likeliest(grown, state).mass == Likeliest(some, state).mass


def test_a_small_shop_has_no_index(trained: Bundle) -> None:
    assert len(trained.vocabulary) < INDEXED_FROM
    assert indexed(trained.blend.sources) is None


@pytest.mark.parametrize("shop", ["trained", "grown"])
def test_a_shop_with_an_index_suggests_what_it_does_without(
    shop: str, trained: Bundle, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "FOUND", 8)
    network = next(one for one in trained.blend.sources if isinstance(one, Lstm)).weights
    index = NearestItems.fit(network.item[1:], network.item_bias, network.seen)
    bundle: Bundle = request.getfixturevalue(shop)
    rules = bundle.source(AssociationRules.name)
    assert isinstance(rules, AssociationRules)
    steps = [Step(item, "view", BEGIN + timedelta(minutes=at))
             for at, item in enumerate(("tent", "mat", "boots"))]  # fmt: skip
    shown = []
    for one in (bundle, replace(bundle, nearest=index)):
        blend = LiveBlend(one, one.evidence(5), rules)
        live = blend.follow(History(tuple(steps)))
        every = allowed(one.vocabulary)
        shown.append(blend.suggest(live, k=8, surface=Surface.HOME, available=every))
    assert [one.product_id for one in shown[0]] == [one.product_id for one in shown[1]]
    # What the network says of those further down is shared out among all that taste leans, so each
    # gains alike but for what habit says of it.
    gains = [after.score / before.score for before, after in zip(*shown, strict=True)]
    assert 1 < gains[0] < 1.1
    assert gains == pytest.approx([gains[0]] * 8, rel=4e-3)
