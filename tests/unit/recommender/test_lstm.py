"""The network: Keras and numpy agree, padding does nothing, the seed decides, it learns."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.compared import Comparing
from recommender.evaluation import find_cases, measure, rank_cases, scorer
from recommender.examples import NO_TARGET, examples, mini_batches, next_new, next_step
from recommender.facts import Facts
from recommender.item_content import ItemContent
from recommender.lstm import LstmConfig, _Network, one_cycle, train_lstm
from recommender.lstm_step import Lstm
from recommender.popular import Popular
from recommender.prepared import Prepared
from recommender.sequences import (
    Batch,
    Log,
    Vocabulary,
    build_log,
    encode,
    first_touches,
    starts,
)
from tests.unit.recommender.shop import BEGIN, planted_events, rows

TINY = LstmConfig(units=8, epochs=1, batch=32, seed=7)


def some_batch(log: Log) -> Batch:
    return examples(log).batch


def test_keras_and_numpy_agree(prepared: Prepared) -> None:
    items = len(prepared.vocabulary)
    network = _Network(items, TINY, None)
    found = examples(prepared.log)
    draw = np.random.default_rng(0)
    comparing = Comparing(found, items, drawn=0, soft=None)
    for number, part in enumerate(mini_batches(found, size=32, draw=draw)):
        network.step(part, comparing.of(part, draw), 0.05)
        if number == 5:
            break
    batch = some_batch(prepared.log)
    states = network.states(batch)
    last = states[np.arange(len(batch)), batch.length - 1]
    ours = Lstm(network.export(np.ones(len(prepared.vocabulary), np.bool_))).hidden(batch)
    np.testing.assert_allclose(ours, last, atol=1e-4)
    assert np.abs(ours).max() > 0.1


def test_tensorflow_and_numpy_remember_alike(prepared: Prepared) -> None:
    items = len(prepared.vocabulary)
    network = _Network(items, TINY, None, content=prepared.content)
    found = examples(prepared.log, length=4, memory=6)
    comparing, draw = Comparing(found, items, drawn=0, soft=None), np.random.default_rng(0)
    for part in mini_batches(found, size=32, draw=draw):
        network.step(part, comparing.of(part, draw), 0.05)
    batch = found.batch
    lstm = Lstm(network.export(np.ones(items, np.bool_)))
    memory = lstm.weights.memory
    assert memory is not None
    ours = memory.outlook(lstm.hidden(batch), memory.of(batch, lstm.weights.item))
    last = np.arange(len(batch)) * batch.item.shape[1] + batch.length - 1
    for told, theirs in zip(ours, network.outlook(batch), strict=True):
        np.testing.assert_allclose(told, theirs[last], atol=1e-4)
    assert (batch.older_item >= 0).any()
    assert ours.share.std() > 0.001


def test_padding_changes_no_state(prepared: Prepared, lstm: Lstm) -> None:
    batch = some_batch(prepared.log)
    padded = Batch(
        *(
            np.pad(getattr(batch, name), ((0, 0), (0, 5)), constant_values=fill)
            for name, fill in (("item", -1), ("action", 0), ("gap", 0), ("in_session", False))
        ),
        batch.length,
        batch.older_item,
        batch.older_action,
    )
    np.testing.assert_array_equal(lstm.hidden(padded), lstm.hidden(batch))


def test_the_same_seed_gives_the_same_weights(prepared: Prepared) -> None:
    items = len(prepared.vocabulary)
    first, second, other = (
        train_lstm(prepared.log, items, config=LstmConfig(**{**TINY.__dict__, "seed": seed}))
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first.weights.item, second.weights.item)
    np.testing.assert_array_equal(first.weights.recurrent, second.weights.recurrent)
    assert not np.array_equal(first.weights.item, other.weights.item)


@pytest.mark.parametrize("full_softmax", [50_000, 0])
def test_it_learns_the_planted_chains(prepared: Prepared, full_softmax: int) -> None:
    log = build_log(planted_events(sessions=800, seed=2), prepared.vocabulary)
    cases = find_cases(log, since=BEGIN, until=None, trained=log)
    trained = train_lstm(
        prepared.log,
        len(prepared.vocabulary),
        config=LstmConfig(units=16, epochs=8, batch=16, full_softmax=full_softmax, sampled=16),
    )
    popular = Popular.fit(prepared.log, len(prepared.vocabulary))
    items = len(prepared.vocabulary)
    every = np.ones(len(cases), np.bool_)
    learnt, counted = (
        measure(
            rank_cases(model.name, scorer(model, cases), cases, items=items, ks=(3,)), every, k=3
        )
        for model in (trained, popular)
    )
    assert learnt.recall > 0.75
    assert learnt.recall > counted.recall + 0.3


def test_training_goes_on_from_given_weights(prepared: Prepared) -> None:
    items = len(prepared.vocabulary)
    before = train_lstm(prepared.log, items, config=TINY)
    still = LstmConfig(**{**TINY.__dict__, "peak_rate": 0.0})
    after = train_lstm(prepared.log, items, config=still, start=before.weights)
    np.testing.assert_array_equal(before.weights.kernel, after.weights.kernel)


def test_progress_counts_every_step_to_the_end(prepared: Prepared) -> None:
    told: list[tuple[int, int, float]] = []
    train_lstm(
        prepared.log,
        len(prepared.vocabulary),
        config=TINY,
        on_step=lambda done, total, loss: told.append((done, total, loss)),
    )
    assert [done for done, _, _ in told] == list(range(1, told[-1][1] + 1))
    assert all(np.isfinite(loss) for _, _, loss in told)


def test_a_log_without_a_second_product_cannot_be_learnt_from() -> None:
    log = build_log(rows(("a", "1", "tent", "view", 0)), Vocabulary.of(["tent"]))
    with pytest.raises(ValueError, match="second product"):
        train_lstm(log, 1, config=TINY)


def test_an_item_that_training_never_met_is_unknown_to_it(prepared: Prepared, lstm: Lstm) -> None:
    scores = lstm.score(some_batch(prepared.log))
    assert np.isnan(scores[:, prepared.vocabulary.get("other17")]).all()
    np.testing.assert_allclose(np.nansum(scores, axis=1), 1, rtol=1e-4)


def test_every_target_is_trained_once_whatever_the_window() -> None:
    log = build_log(planted_events(sessions=300), Vocabulary.of(["tent", "mat", "stove", "boots"]))
    wanted = next_new(log)
    for length in (4, 7, 40):
        target = examples(log, length=length).target
        assert sorted(target[target >= 0].tolist()) == sorted(wanted[wanted >= 0].tolist())


def test_targets_are_what_evaluation_asks(prepared: Prepared) -> None:
    log = prepared.log
    touches = first_touches(log)
    touches = touches[touches > starts(log.session)[touches]]
    target = next_new(log)
    np.testing.assert_array_equal(target[touches - 1], log.item[touches])
    assert (target >= 0).sum() == len(touches)
    assert target[-1] == NO_TARGET


def test_a_repeated_product_is_a_next_step_but_no_new_one() -> None:
    log = build_log(
        rows(
            ("a", "1", "tent", "view", 0),
            ("a", "1", "tent", "add", 5),
            ("a", "1", "mat", "view", 9),
            ("b", "2", "mat", "view", 0),
        ),
        Vocabulary.of(["mat", "tent"]),
    )
    assert next_step(log).tolist() == [1, 0, NO_TARGET, NO_TARGET]
    assert next_new(log).tolist() == [NO_TARGET, 0, NO_TARGET, NO_TARGET]


def test_the_learning_rate_goes_up_and_then_down() -> None:
    rates = [one_cycle(step, 100, 1.0) for step in range(100)]
    top = int(np.argmax(rates))
    assert 20 < top < 40
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.01


def test_each_window_is_in_exactly_one_batch(prepared: Prepared) -> None:
    found = examples(prepared.log)
    drawn = list(mini_batches(found, size=32, draw=np.random.default_rng(1)))
    assert sum(len(part.item) for part in drawn) == len(found)
    assert sum((part.target >= 0).sum() for part in drawn) == (found.target >= 0).sum()
    for part in drawn:
        known = part.action > 0
        np.testing.assert_array_equal(prepared.log.item[part.position[known]], part.item[known])


def test_a_product_that_nobody_touched_is_expected_where_others_like_it_are() -> None:
    # Each tent leads to a mat of its own brand; the last brand's mat was never met.
    brands = 8
    draw = np.random.default_rng(3)
    names = [f"{kind}-{brand}" for kind in ("tent", "mat") for brand in range(brands)]
    items = Vocabulary.of(names)
    brand = np.array([int(name[-1]) for name in items.items], np.int32)
    category = np.array([name.startswith("mat") for name in items.items], np.int32)
    untouched = items.index[f"mat-{brands - 1}"]
    visits = draw.integers(0, brands - 1, 600).tolist()
    log = build_log(
        rows(
            *(
                (f"s{number}", "1", f"{kind}-{one}", "view", minute)
                for number, one in enumerate(visits)
                for minute, kind in enumerate(("tent", "mat"))
            )
        ),
        items,
    )
    facts = Facts.of(brand, category, np.full(len(items), np.nan))
    content = ItemContent.of(facts, np.zeros((len(items), 0), np.float32))
    network = train_lstm(
        log,
        len(items),
        config=LstmConfig(units=16, epochs=12, batch=32, name_dropout=0.3),
        content=content,
    )
    seen = encode([(f"tent-{brands - 1}", "view", BEGIN)], items)
    scores = network.score(seen)[0]
    tents = np.flatnonzero(category == 0)
    assert scores[untouched] > scores[tents].max()
    gone_on = train_lstm(
        log, len(items), config=replace(TINY, units=16), content=content, start=network.weights
    ).weights
    told = content.embedded(gone_on.kinds, gone_on.text)[untouched]
    np.testing.assert_array_equal(gone_on.item[untouched + 1], told)
    without = replace(content, codes=np.zeros_like(content.codes))
    silent = train_lstm(log, len(items), config=TINY, content=without)
    assert np.isnan(silent.score(seen)[0, untouched])


def test_training_goes_on_from_weights_with_content(prepared: Prepared) -> None:
    items = len(prepared.vocabulary)
    before = train_lstm(prepared.log, items, config=TINY, content=prepared.content)
    network = _Network(items, TINY, before.weights, content=prepared.content)
    again = network.export(before.weights.seen)
    np.testing.assert_allclose(again.item, before.weights.item, atol=1e-5)
    np.testing.assert_allclose(again.kinds, before.weights.kinds, atol=1e-5)
