"""The oracle knows the true distribution: what it says happens as often as it says."""

from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from demo.behaviour import LEFTOVER_NEXT, Did, Moments, next_probabilities
from demo.oracle import DemoOracle
from recommender.evaluation import Case, Cases, find_cases, told
from recommender.protocol import Step
from recommender.sequences import Vocabulary, build_log
from tests.unit.demo.conftest import Simulated


@pytest.fixture(scope="module")
def cases(small: Simulated) -> list[Case]:
    events = small.shopping
    vocabulary = Vocabulary.of([product.id for product in small.world.catalogue.products])
    log = build_log(events, vocabulary)
    since = small.scenario.now - timedelta(days=21)
    found: Cases = find_cases(log, since=since, until=None, trained=log)
    return told(found, events)


@pytest.fixture(scope="module")
def oracle(small: Simulated) -> DemoOracle:
    return DemoOracle.of(small.scenario)


def items(small: Simulated) -> list[str]:
    return [product.id for product in small.world.catalogue.products]


def ranks(scores: NDArray[np.float64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    own = scores[np.arange(len(targets)), targets]
    return np.asarray((scores >= own[:, None]).sum(axis=1))


def targets(small: Simulated, cases: list[Case]) -> NDArray[np.int64]:
    index = {item: row for row, item in enumerate(items(small))}
    return np.array([index[case.target] for case in cases])


def test_the_probabilities_of_a_case_add_up_to_one(
    small: Simulated, oracle: DemoOracle, cases: list[Case]
) -> None:
    scores = oracle.score(cases[:500], items(small))
    assert scores.min() >= 0
    assert scores.sum(axis=1) == pytest.approx(np.ones(500), abs=1e-4)


def test_nothing_that_the_session_has_touched_can_be_next(
    small: Simulated, oracle: DemoOracle, cases: list[Case]
) -> None:
    index = {item: row for row, item in enumerate(items(small))}
    scores = oracle.score(cases[:500], items(small))
    for row, case in enumerate(cases[:500]):
        here = [index[step.product_id] for step in case.steps[case.session_from :]]
        assert scores[row, here].max() == 0


@pytest.mark.parametrize("k", [1, 5, 20, 60])
def test_the_first_k_hold_the_target_as_often_as_the_oracle_says(
    small: Simulated, oracle: DemoOracle, cases: list[Case], k: int
) -> None:
    scores = oracle.score(cases, items(small))
    said = np.sort(scores, axis=1)[:, -k:].sum(axis=1)
    hit = ranks(scores, targets(small, cases)) <= k
    deviation = np.sqrt((said * (1 - said)).sum())
    assert len(cases) > 3000
    assert abs(said.sum() - hit.sum()) < 3.5 * deviation


def test_going_back_through_a_left_cart_happens_as_often_as_the_oracle_says(
    small: Simulated, oracle: DemoOracle, cases: list[Case]
) -> None:
    leftover = oracle.moments(cases).leftover
    rows = np.flatnonzero(leftover >= 0)
    taken = (leftover[rows] == targets(small, cases)[rows]).mean()
    assert len(rows) >= 100
    assert taken == pytest.approx(LEFTOVER_NEXT, abs=0.08)


def test_knowing_tastes_beats_the_average_which_beats_popularity(
    small: Simulated, oracle: DemoOracle, cases: list[Case]
) -> None:
    average = DemoOracle(
        oracle.scenario, oracle.world, oracle.tastes, oracle.row_of, knows_tastes=False
    )
    target = targets(small, cases)
    counted = np.bincount(target, minlength=len(items(small))).astype(np.float64)
    recalls = [
        (ranks(scores, target) <= 20).mean()
        for scores in (
            np.tile(counted, (len(cases), 1)),
            average.score(cases, items(small)),
            oracle.score(cases, items(small)),
        )
    ]
    popular, anybody, best = recalls
    assert popular < 0.25 < 0.5 < anybody < best < 0.85
    assert best - anybody > 0.05


def test_an_unknown_shopper_is_average(
    small: Simulated, oracle: DemoOracle, cases: list[Case]
) -> None:
    known = cases[0]
    stranger = Case("nobody", known.session, known.steps, known.session_from, known.target)
    average = DemoOracle(
        oracle.scenario, oracle.world, oracle.tastes, oracle.row_of, knows_tastes=False
    )
    expected = average.score([known], items(small))
    assert np.array_equal(oracle.score([stranger], items(small)), expected)


def test_products_and_steps_that_the_demo_shop_does_not_have_change_nothing(
    small: Simulated, oracle: DemoOracle, cases: list[Case]
) -> None:
    known = cases[0]
    foreign = Step("somewhere-else", "view", known.steps[-1].at)
    longer = Case(
        known.shopper, known.session, (*known.steps, foreign), known.session_from, known.target
    )
    scores = oracle.score([longer], [*items(small), "somewhere-else"])
    assert scores[0, -1] == 0
    assert np.array_equal(scores[:, :-1], oracle.score([known], items(small)))


def test_adding_leads_along_a_trail_more_than_looking(small: Simulated) -> None:
    world = small.world
    camping = world.stage[world.trails.index("camping")]
    tent = int(np.flatnonzero(camping == 0)[0])

    def onward(did: Did) -> float:
        moments = Moments(
            shopper=np.array([len(small.tastes.price_place)]),
            day=np.array([10]),
            last=np.array([tent]),
            did=np.array([int(did)]),
            previous=np.array([-1]),
            touched=np.eye(world.size, dtype=bool)[[tent]],
            leftover=np.array([-1]),
        )
        return float(next_probabilities(world, small.tastes, moments)[0, camping == 1].sum())

    assert onward(Did.ADD) > 2 * onward(Did.VIEW)
