"""Collaborative filtering places a shopper by what shoppers of alike taste met."""

from datetime import timedelta

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix

from recommender.blend import shares
from recommender.collaborative import CONFIDENCE, REGULARISATION, Collaborative
from recommender.facts import Facts
from recommender.newcomers import Newcomers
from recommender.sequences import ACTIONS, Batch, Log, Vocabulary, build_log, encode
from tests.unit.recommender.shop import BEGIN, rows

SIZE = 12
NAMES = Vocabulary.of([f"p{place:02}" for place in range(SIZE + 1)])
NEVER_MET = SIZE


@pytest.fixture(scope="module")
def log() -> Log:
    """Forty shoppers, half of whom meet only the first six products, half only the next six."""
    draw = np.random.default_rng(0)
    steps = [
        (f"s{shopper}", "v", NAMES.items[6 * (shopper % 2) + item], str(action), minute)
        for shopper in range(40)
        for minute, item in enumerate(draw.permutation(6)[:4].tolist())
        for action in (["view"] if draw.random() < 0.5 else ["view", "add"])
    ]
    return build_log(rows(*((*step[:4], float(step[4])) for step in steps)), NAMES)


@pytest.fixture(scope="module")
def fitted(log: Log) -> Collaborative:
    return Collaborative.fit(log, len(NAMES))


def did(*steps: tuple[int, str]) -> Batch:
    return encode(
        [
            (NAMES.items[item], action, BEGIN + timedelta(minutes=minute))
            for minute, (item, action) in enumerate(steps)
        ],
        NAMES,
    )


def test_who_met_some_of_a_crowds_products_is_led_to_its_others(fitted: Collaborative) -> None:
    scores = fitted.score(did((0, "view"), (1, "view")))[0]
    assert scores[2:6].min() > scores[6:].max()


def test_the_order_of_the_steps_does_not_matter(fitted: Collaborative) -> None:
    one, other = did((0, "view"), (7, "add")), did((7, "add"), (0, "view"))
    np.testing.assert_allclose(fitted.score(one), fitted.score(other), rtol=1e-4)


@pytest.mark.parametrize(("less", "more"), [("view", "add"), ("add", "purchase")])
def test_the_surer_step_leads_further(fitted: Collaborative, less: str, more: str) -> None:
    """Both shoppers viewed one product of the other crowd."""
    by_less = fitted.score(did((7, "view"), (0, less)))[0]
    by_more = fitted.score(did((7, "view"), (0, more)))[0]
    assert (by_more[1:6] > by_less[1:6]).all()


def test_taking_something_out_again_says_nothing(fitted: Collaborative) -> None:
    assert fitted.shopper(did((0, "remove")), 0) is None
    assert np.isnan(fitted.score(did((0, "remove")))).all()


def test_a_shoppers_vector_is_the_one_that_the_library_computes(
    fitted: Collaborative,
) -> None:
    steps = [(0, "view"), (0, "add"), (8, "view"), (3, "purchase")]
    confidence = np.zeros(len(NAMES), np.float32)
    for item, action in steps:
        confidence[item] += CONFIDENCE[action]
    library = AlternatingLeastSquares(
        factors=fitted.items.shape[1], regularization=REGULARISATION, num_threads=1
    )
    library.item_factors = fitted.items
    theirs = library.recalculate_user(0, csr_matrix(confidence[None]))
    np.testing.assert_allclose(fitted.shopper(did(*steps), 0), theirs, rtol=1e-3, atol=1e-6)


def test_for_one_shopper_the_shares_are_those_of_the_scores(fitted: Collaborative) -> None:
    batch = did((0, "view"), (7, "add"))
    term = fitted.term(batch, np.empty(len(fitted.items), np.float32))
    assert term is not None
    true = shares(fitted.score(batch))[0]
    every = np.arange(len(NAMES), dtype=np.int32)
    np.testing.assert_allclose(term.at(every, every), true, rtol=2e-2, atol=1e-4)
    total = np.zeros(len(NAMES), np.float32)
    term.add_to(total, np.float32(0.5))
    np.testing.assert_allclose(total, 0.5 * true, rtol=2e-2, atol=2e-3)


def test_what_training_never_met_has_no_score_above_0(fitted: Collaborative) -> None:
    assert fitted.score(did((0, "view")))[0, NEVER_MET] == 0


def test_a_shopper_who_met_only_what_came_later_is_unknown(fitted: Collaborative) -> None:
    nothing = np.full(len(NAMES) + 1, -1, np.int32)
    facts = Facts.of(nothing, nothing, np.full(len(NAMES) + 1, np.nan))
    grown = fitted.grown(
        Newcomers(("new",), facts, np.zeros((1, 0), np.float32), (np.zeros(0, np.int32),))
    )
    names = NAMES.grown(["new"])
    only = encode([("new", "view", BEGIN)], names)
    assert grown.shopper(only, 0) is None
    both = encode([("p00", "view", BEGIN), ("new", "add", BEGIN)], names)
    np.testing.assert_array_equal(grown.score(both)[0, :-1], fitted.score(did((0, "view")))[0])
    assert np.isnan(grown.score(both)[0, -1])


def test_the_same_seed_gives_the_same_vectors(log: Log, fitted: Collaborative) -> None:
    again = Collaborative.fit(log, len(NAMES))
    np.testing.assert_array_equal(again.items, fitted.items)
    assert not np.array_equal(Collaborative.fit(log, len(NAMES), seed=1).items, fitted.items)


def test_of_a_log_without_steps_nothing_is_learnt() -> None:
    empty = build_log(rows(), NAMES)
    assert not Collaborative.fit(empty, len(NAMES)).items.any()


def test_every_action_has_a_confidence_and_the_dearer_one_the_higher() -> None:
    assert set(CONFIDENCE) == set(ACTIONS)
    assert CONFIDENCE["view"] < CONFIDENCE["add"] < CONFIDENCE["purchase"]
