"""What training expects beside a session's next step, and the items that it compares."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.compared import Comparing, SoftTargets
from recommender.examples import NO_TARGET, Examples, MiniBatch, examples, mini_batches, next_step
from recommender.lstm import LstmConfig, train_lstm
from recommender.neighbours import SessionNeighbours
from recommender.sequences import Batch, Log, Vocabulary, build_log
from tests.unit.recommender.shop import rows

ITEMS = Vocabulary.of(["cup", "lamp", "mat", "stove", "tent"])


def visits(*sessions: str) -> Log:
    return build_log(
        rows(
            *(
                (f"shopper{number:03}", "1", item, "view", 10 * number + minute)
                for number, session in enumerate(sessions)
                for minute, item in enumerate(session.split())
            )
        ),
        ITEMS,
    )


def soft_of(log: Log, *, most: int = 5) -> SoftTargets:
    near = SessionNeighbours.fit(log, len(ITEMS))
    return SoftTargets.of_neighbours(near, log, most=most, mass=0.3)


def test_what_is_expected_after_a_step_is_what_other_sessions_say() -> None:
    log = visits("tent mat", "tent stove", "cup lamp")
    soft = soft_of(log)
    likeliest = soft.item[0, 0]
    assert likeliest == ITEMS.get("stove")
    assert ITEMS.get("mat") not in soft.item[0][soft.share[0] > 0]


def test_a_session_like_no_other_expects_nothing_softly() -> None:
    assert not soft_of(visits("tent mat", "cup lamp")).share.any()


def test_nothing_is_expected_after_a_last_step() -> None:
    log = visits("tent mat", "tent mat", "cup", "tent mat")
    last = np.append(np.diff(log.session) != 0, True)
    soft = soft_of(log)
    assert not soft.share[last].any()
    np.testing.assert_allclose(soft.share[~last].sum(axis=1), 0.3, rtol=1e-6)


def test_the_likeliest_few_are_kept() -> None:
    log = visits("tent mat", "tent mat", "tent mat", "tent stove lamp cup")
    soft = soft_of(log, most=1)
    assert soft.item[0].tolist() == [ITEMS.get("mat")]
    np.testing.assert_allclose(soft.share[0], [0.3])


def test_steps_on_unknown_items_leave_the_others_theirs() -> None:
    log = visits("tent mat", "tent stove", "lamp tent mat", "cup stove")
    unknown = replace(log, item=np.where(log.item == ITEMS.get("lamp"), -1, log.item))
    without = visits("tent mat", "tent stove", "tent mat", "cup stove")
    at = unknown.item >= 0
    found, plain = soft_of(unknown), soft_of(without)
    np.testing.assert_allclose(found.share[at], plain.share, rtol=1e-6)


def batch_of(log: Log) -> tuple[Examples, MiniBatch]:
    found = examples(log, wanted=next_step)
    return found, next(mini_batches(found, size=100, draw=np.random.default_rng(0)))


def test_with_nothing_drawn_all_items_are_compared() -> None:
    log = visits("tent mat", "tent stove")
    found, batch = batch_of(log)
    comparing = Comparing(found, len(ITEMS), drawn=0, soft=soft_of(log))
    compared = comparing.of(batch, np.random.default_rng(0))
    assert len(compared.item) == 0
    np.testing.assert_array_equal(compared.target, batch.target)
    np.testing.assert_allclose(compared.share.sum(axis=1), 0.3, rtol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_drawn_items_stand_for_those_that_the_step_does_not_name(seed: int) -> None:
    log = visits("tent mat", "tent stove", "cup tent mat")
    found, batch = batch_of(log)
    soft = soft_of(log)
    comparing = Comparing(found, len(ITEMS), drawn=50, soft=soft)
    compared = comparing.of(batch, np.random.default_rng(seed))
    wanted = batch.target != NO_TARGET
    np.testing.assert_array_equal(compared.target == NO_TARGET, ~wanted)
    np.testing.assert_array_equal(compared.item[compared.target[wanted]], batch.target[wanted])
    some = compared.share > 0
    named = compared.item[compared.soft[some]]
    np.testing.assert_array_equal(named, soft.item[batch.position[wanted]][some])
    sure = set(named.tolist()) | set(batch.target[wanted].tolist())
    assert (compared.expected[: len(sure)] == 0).all()
    assert not sure & set(compared.item[len(sure) :].tolist())


def test_what_is_drawn_adds_up_to_the_sum_over_all_items_however_skewed_they_are() -> None:
    log = visits(*["tent mat"] * 60, *["tent stove"] * 9, "cup lamp")
    found, _ = batch_of(log)
    batch = next(mini_batches(found, size=1, draw=np.random.default_rng(1)))
    logits = np.array([1.5, -0.5, 0.3, 2.0, -1.0])
    comparing = Comparing(found, len(ITEMS), drawn=4, soft=None)
    draw = np.random.default_rng(2)
    sums = []
    for _ in range(4_000):
        compared = comparing.of(batch, draw)
        sums.append(np.exp(logits[compared.item] - compared.expected).sum())
    spread = np.std(sums) / np.sqrt(len(sums))
    assert np.mean(sums) == pytest.approx(np.exp(logits).sum(), abs=4 * spread)
    assert spread < 0.05 * np.exp(logits).sum()


@pytest.mark.parametrize("full_softmax", [50_000, 0])
def test_the_network_expects_what_soft_targets_say_as_much_as_they_weigh(
    full_softmax: int,
) -> None:
    log = visits(*["tent mat"] * 40, *["cup lamp"] * 40)
    stove = np.full((len(log), 1), ITEMS.get("stove"), np.int32)
    soft = SoftTargets(stove, np.full((len(log), 1), 0.3, np.float32))
    config = LstmConfig(
        memory=0, units=8, epochs=20, batch=8, full_softmax=full_softmax, sampled=8, seed=1
    )
    network = train_lstm(log, len(ITEMS), config=config, wanted=next_step, soft=soft)
    # Training met no stove, so its share is told by what the rest has lost of 1.
    logits = network.hidden(beginnings(log)) @ network.weights.item[1:].T
    logits += network.weights.item_bias
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(chance[:, ITEMS.get("stove")], 0.3, atol=0.1)
    own = [ITEMS.get("mat"), ITEMS.get("lamp")]
    np.testing.assert_allclose(chance[[0, -1], own], 0.65, atol=0.1)


def beginnings(log: Log) -> Batch:
    """The first step of each session."""
    found = examples(log, wanted=next_step).batch
    return replace(found, length=np.ones_like(found.length))
