"""The training step's written-out parts do what TensorFlow's own would, only faster."""

import numpy as np
import pytest
import tensorflow as tf

from recommender.lstm_fit import Adam, soft_loss

ITEMS, UNITS, ROWS = 50, 8, 20


def drawn(*shape: int, seed: int) -> tf.Variable:
    return tf.Variable(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("most", [0, 1, 6])
def test_the_loss_and_its_gradient_are_cross_entropy_of_what_is_expected(
    smoothing: float, most: int
) -> None:
    states, bias = drawn(ROWS, UNITS, seed=1), drawn(ITEMS, seed=2)
    items = drawn(ITEMS + 1, UNITS, seed=3)
    draw = np.random.default_rng(4)
    target = tf.constant(draw.integers(0, ITEMS, ROWS), tf.int32)
    soft = draw.integers(0, ITEMS, (ROWS, most)).astype(np.int32)
    share = (0.1 * draw.random((ROWS, most))).astype(np.float32)
    with tf.GradientTape() as tape:
        ours = soft_loss(states, tf.convert_to_tensor(items), bias, target, smoothing, soft, share)
    gradient = tape.gradient(ours, [states, items, bias])
    wanted = np.full((ROWS, ITEMS), smoothing / ITEMS, np.float32)
    np.add.at(wanted, (np.arange(ROWS)[:, None], soft), share)
    wanted[np.arange(ROWS), target] += 1 - smoothing - share.sum(axis=1)
    with tf.GradientTape() as tape:
        logits = tf.matmul(states, items[1:], transpose_b=True) + bias
        plain = -tf.reduce_mean(tf.reduce_sum(wanted * tf.nn.log_softmax(logits), axis=1))
    expected = tape.gradient(plain, [states, items, bias])
    np.testing.assert_allclose(ours, plain, rtol=1e-5)
    for found, value in zip(gradient, expected, strict=True):
        np.testing.assert_allclose(found, tf.convert_to_tensor(value), atol=1e-6)


def test_the_padding_row_takes_no_part_in_the_loss() -> None:
    items = drawn(ITEMS + 1, UNITS, seed=3)
    with tf.GradientTape() as tape:
        loss = soft_loss(
            drawn(ROWS, UNITS, seed=1),
            tf.convert_to_tensor(items),
            drawn(ITEMS, seed=2),
            tf.zeros(ROWS, tf.int32),
            0.05,
            tf.zeros((ROWS, 2), tf.int32),
            tf.fill((ROWS, 2), 0.1),
        )
    assert not tape.gradient(loss, items).numpy()[0].any()


def test_a_step_of_adam_is_that_of_keras() -> None:
    keras = pytest.importorskip("keras")
    start = np.random.default_rng(5).normal(size=(6, 3)).astype(np.float32)
    ours, theirs = tf.Variable(start), tf.Variable(start)
    own = Adam([ours], clip=1e9)
    other = keras.optimizers.Adam(0.01)
    for seed in range(5):
        gradient = drawn(6, 3, seed=10 + seed).value()
        own.apply([gradient], 0.01)
        other.apply_gradients([(gradient, theirs)])
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
