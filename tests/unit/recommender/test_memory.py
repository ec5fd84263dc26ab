"""What the network remembers: order and padding, older steps, and the loss of its two outputs."""

from dataclasses import replace

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]

from recommender.bundle import Bundle
from recommender.examples import examples, mini_batches, next_step
from recommender.habits import Habits
from recommender.lstm import LstmConfig, train_lstm
from recommender.lstm_step import Lstm
from recommender.memory import HEADS, RANK, WIDTH, Memory, Outlook
from recommender.memory_fit import mixed_loss
from recommender.prepared import Prepared
from recommender.sequences import Batch, Vocabulary, build_log, encode
from tests.unit.recommender.shop import BEGIN, rows

TINY = LstmConfig(units=8, epochs=1, batch=32, seed=7)


def memory_of(lstm: Lstm) -> Memory:
    memory = lstm.weights.memory
    assert memory is not None
    return memory


def outlook_of(lstm: Lstm, batch: Batch) -> Outlook:
    memory = memory_of(lstm)
    return memory.outlook(lstm.hidden(batch), memory.of(batch, lstm.weights.item))


def test_steps_one_by_one_add_up_to_all_at_once(prepared: Prepared, lstm: Lstm) -> None:
    batch = examples(prepared.log, length=4, memory=6).batch
    row = int(np.argmax((batch.older_item >= 0).sum(axis=1)))
    memory, item = memory_of(lstm), lstm.weights.item
    met = np.append(batch.older_item[row], batch.item[row, : batch.length[row]])
    did = np.append(batch.older_action[row], batch.action[row, : batch.length[row]])
    remembered = memory.begin(1)
    for one, action in zip(met[:, None, None], did[:, None, None], strict=True):
        remembered = memory.after(remembered, item[one + 1], one, action)
    whole = memory.of(batch, item)
    np.testing.assert_allclose(remembered.sums[0], whole.sums[row], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(remembered.weight[0], whole.weight[row], rtol=1e-5)


def test_what_a_shopper_met_before_the_window_counts(prepared: Prepared, lstm: Lstm) -> None:
    batch = examples(prepared.log, length=4, memory=6).batch
    forgotten = replace(batch, older_item=np.full_like(batch.older_item, -1))
    told, without = outlook_of(lstm, batch), outlook_of(lstm, forgotten)
    older = (batch.older_item >= 0).any(axis=1)
    assert (np.abs(told.own - without.own).max(axis=1) > 0)[older].all()
    np.testing.assert_array_equal(told.own[~older], without.own[~older])


def test_padding_is_not_remembered(prepared: Prepared, lstm: Lstm) -> None:
    batch = examples(prepared.log, length=4, memory=6).batch
    padded = replace(
        batch,
        older_item=np.pad(batch.older_item, ((0, 0), (3, 0)), constant_values=-1),
        older_action=np.pad(batch.older_action, ((0, 0), (3, 0))),
    )
    for told, theirs in zip(outlook_of(lstm, batch), outlook_of(lstm, padded), strict=True):
        np.testing.assert_allclose(told, theirs, rtol=1e-4, atol=1e-6)


def test_mini_batches_have_no_more_padding_before_than_their_longest_needs(
    prepared: Prepared,
) -> None:
    found = examples(prepared.log, length=4, memory=6)
    for part in mini_batches(found, size=32, draw=np.random.default_rng(1)):
        older = part.older_action > 0
        assert older.shape[1] == older.sum(axis=1).max(initial=0)


def test_a_network_without_a_memory_expects_one_thing(prepared: Prepared) -> None:
    items = len(prepared.vocabulary)
    network = train_lstm(prepared.log, items, config=replace(TINY, memory=0))
    batch = examples(prepared.log).batch
    np.testing.assert_array_equal(network.expected(batch), network.score(batch))
    again = Lstm.from_arrays(network.arrays())
    assert again.weights.memory is None
    np.testing.assert_array_equal(again.score(batch), network.score(batch))


def test_it_learns_what_a_shopper_keeps_to_from_steps_that_the_window_has_lost() -> None:
    # Whoever began with a brand comes back to it after four visits to what everybody looks at.
    draw = np.random.default_rng(5)
    brands = 4
    names = [f"brand-{one}" for one in range(brands)] + [f"plain-{one}" for one in range(12)]
    items = Vocabulary.of(names)
    steps = []
    for number in range(400):
        brand = number % brands
        middle = [f"plain-{one}" for one in draw.integers(0, 12, 48)]
        walk = [f"brand-{brand}"] * 3 + middle + ["plain-0", f"brand-{brand}"]
        steps += [(f"s{number}", "1", one, "view", minute) for minute, one in enumerate(walk)]
    log = build_log(rows(*steps), items)
    # The brand was met in the same visit, so `next_step` is what asks for it again.
    config = LstmConfig(units=16, epochs=12, batch=32, dropout=0, output_dropout=0)
    network = train_lstm(log, len(items), config=config, wanted=next_step)
    right = 0
    for brand in range(brands):
        walk = [f"brand-{brand}"] * 3 + [f"plain-{1 + one % 11}" for one in range(48)] + ["plain-0"]
        scores = network.score(encode([(one, "view", BEGIN) for one in walk], items))[0]
        right += scores[items.get(f"brand-{brand}")] == scores[:brands].max()
    assert right == brands


def test_the_loss_and_its_gradient_are_those_of_the_mixture() -> None:
    draw = np.random.default_rng(2)
    rows_, items, units, smoothing = 6, 9, 5, 0.05
    values = [
        tf.Variable(draw.normal(size=shape).astype(np.float32))
        for shape in ((rows_, units), (rows_, units), (rows_,), (items + 1, units), (items,))
    ]
    target = tf.constant(draw.integers(0, items, rows_), tf.int32)

    def plain(led: tf.Tensor, own: tf.Tensor, logit: tf.Tensor, table: tf.Tensor, bias: tf.Tensor):  # type: ignore[no-untyped-def]
        shares = [
            tf.nn.softmax(tf.matmul(states, table[1:], transpose_b=True) + bias)
            for states in (led, own)
        ]
        first = tf.sigmoid(logit)[:, None]
        mixed = tf.gather(first * shares[0] + (1 - first) * shares[1], target, batch_dims=1)
        flat = sum(-tf.reduce_mean(tf.math.log(share)) / 2 for share in shares)
        return smoothing * flat - (1 - smoothing) * tf.reduce_mean(tf.math.log(mixed))

    with tf.GradientTape(persistent=True) as tape:
        expected = plain(*values)
        loss = mixed_loss(*values, target, smoothing)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    for ours, theirs in zip(
        tape.gradient(loss, values), tape.gradient(expected, values), strict=True
    ):
        np.testing.assert_allclose(ours, tf.convert_to_tensor(theirs), atol=1e-5)


def test_no_target_is_no_loss() -> None:
    none = tf.zeros((0, 3))
    loss = mixed_loss(
        none, none, tf.zeros(0), tf.zeros((5, 3)), tf.zeros(4), tf.zeros(0, tf.int32), 0.05
    )
    assert float(loss) == 0


def test_a_memory_is_what_its_arrays_say(lstm: Lstm) -> None:
    memory = memory_of(lstm)
    again = Memory.from_arrays(lstm.weights.arrays())
    assert again is not None
    np.testing.assert_array_equal(again.read, memory.read)
    assert memory.begin(2).sums.shape == (2, HEADS, WIDTH)
    assert memory.begin(2).asks.shape == (2, HEADS, RANK)


def test_habits_take_the_root_of_what_the_network_says_of_own_moves(trained: Bundle) -> None:
    habits = trained.source(Habits.name)
    assert isinstance(habits, Habits)
    assert habits.network is not None
    steps = [("tent", "view", BEGIN), ("mat", "add", BEGIN)]
    batch = encode(steps, trained.vocabulary)
    counted, both = habits.by(None).score(batch)[0], habits.score(batch)[0]
    expected = counted * np.exp(habits.network.own_logits(batch)[0] / 2)
    np.testing.assert_allclose(both, expected / expected.sum(), rtol=1e-4, atol=1e-7)


def test_a_version_that_is_read_again_gives_its_habits_their_network(
    trained: Bundle, grown: Bundle
) -> None:
    names = tuple(source.name for source in trained.blend.sources)
    again = Bundle.from_parts(
        trained.parts(), sources=names, catalogue=trained.vocabulary.fingerprint
    )
    for bundle in (again, grown):
        habits = bundle.source(Habits.name)
        assert isinstance(habits, Habits)
        assert habits.network is bundle.source(Lstm.name)
