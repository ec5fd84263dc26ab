"""The blend: weights from validation, shares, and what happens where a source is silent."""

from datetime import timedelta

import numpy as np
import pytest

from recommender.blend import Blend, fit_weights, shares
from recommender.bundle import Bundle
from recommender.contexts import COMPARES, CONTEXTS, ELSEWHERE, LENGTHS, TOOK, context_rows
from recommender.popular import ItemToItem, Popular
from recommender.sequences import encode
from tests.unit.recommender.shop import BEGIN


def test_shares_add_up_to_one_and_an_ignorant_row_stays_unknown() -> None:
    given = np.array([[1, 3, np.nan], [np.nan, np.nan, np.nan]], np.float32)
    np.testing.assert_allclose(shares(given), [[0.25, 0.75, 0], [np.nan] * 3])


def test_the_source_that_foretells_the_targets_gets_the_weight() -> None:
    rows = np.zeros(500, np.int32)
    known = np.column_stack([np.full(500, 0.4), np.full(500, 0.01)])
    weights = fit_weights(known, rows)
    assert weights.shape == (CONTEXTS, 2)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights[0, 0] > 0.95


def test_weights_recover_the_mixture_that_made_the_targets() -> None:
    draw = np.random.default_rng(5)
    models = draw.dirichlet(np.ones(30) * 0.2, size=(2,))
    first = draw.random(20_000) < 0.7
    target = np.where(
        first, draw.choice(30, 20_000, p=models[0]), draw.choice(30, 20_000, p=models[1])
    )
    weights = fit_weights(models[:, target].T, np.zeros(20_000, np.int32))
    assert weights[0, 0] == pytest.approx(0.7, abs=0.02)


def test_a_context_without_cases_leans_on_all_cases_together() -> None:
    known = np.column_stack([np.full(500, 0.4), np.full(500, 0.1)])
    weights = fit_weights(known, np.zeros(500, np.int32))
    np.testing.assert_allclose(weights[-1], weights[1])


def test_without_any_case_all_sources_weigh_the_same() -> None:
    np.testing.assert_allclose(
        fit_weights(np.zeros((0, 4)), np.zeros(0, np.int32)), np.full((CONTEXTS, 4), 0.25)
    )


def test_a_source_that_knows_nothing_passes_its_weight_on(bundle: Bundle) -> None:
    silent, popular = bundle.source(ItemToItem.name), bundle.source(Popular.name)
    assert silent is not None
    assert popular is not None
    blend = Blend([silent, popular], np.tile([0.9, 0.1], (CONTEXTS, 1)))
    nobody = encode([], bundle.vocabulary)
    np.testing.assert_allclose(blend.score(nobody), shares(popular.score(nobody)), rtol=1e-5)


def test_the_parts_add_up_to_the_total(bundle: Bundle) -> None:
    batch = encode([("tent", "add", BEGIN), ("mat", "view", BEGIN)], bundle.vocabulary)
    mixed = bundle.blend.mix(batch)
    np.testing.assert_allclose(mixed.parts.sum(axis=0), mixed.total, rtol=1e-5)
    assert mixed.total.sum() == pytest.approx(1, abs=1e-3)


def test_weights_of_the_wrong_shape_are_refused(bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="shape"):
        Blend(bundle.blend.sources, np.ones((1, 2)))


def test_the_row_of_weights_goes_by_distinct_products_of_the_session(bundle: Bundle) -> None:
    steps = [("tent", "view", BEGIN), ("tent", "add", BEGIN), ("mat", "view", BEGIN)]
    other_session = ("lamp", "view", BEGIN - timedelta(days=1))
    batch = encode([other_session, *steps], bundle.vocabulary)
    assert LENGTHS[context_rows(batch, None)[0] // 3] == 2


@pytest.mark.parametrize(
    ("steps", "does"),
    [
        ([("tent", "view"), ("mat", "view"), ("mat", "add")], TOOK),
        ([("tent", "view"), ("mat", "view")], COMPARES),
        ([("tent", "view"), ("mat", "view"), ("mat", "remove")], COMPARES),
        ([("tent", "view"), ("bike", "view")], ELSEWHERE),
        ([("tent", "view")], ELSEWHERE),
        ([("tent", "view"), ("unheard-of", "view")], ELSEWHERE),
        ([], ELSEWHERE),
    ],
)
def test_the_row_of_weights_goes_by_what_was_done_last(
    bundle: Bundle, steps: list[tuple[str, str]], does: int
) -> None:
    category = np.zeros(len(bundle.vocabulary), np.int32)
    category[bundle.vocabulary.get("bike")] = 1
    batch = encode([(item, action, BEGIN) for item, action in steps], bundle.vocabulary)
    assert context_rows(batch, category)[0] % 3 == does


def test_a_source_that_seldom_speaks_weighs_what_it_is_worth_when_it_does() -> None:
    draw = np.random.default_rng(6)
    seldom = np.where(draw.random(2_000) < 0.9, 0.9, 1e-6)
    known = np.column_stack([seldom, np.full(2_000, 0.05)])
    known[draw.random(2_000) < 0.95, 0] = np.nan
    assert fit_weights(known, np.zeros(2_000, np.int32))[0, 0] > 0.7
