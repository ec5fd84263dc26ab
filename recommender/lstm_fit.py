"""What an LSTM's training step costs most: the loss over all items, and the optimizer.

Both are bound by memory, so each passes over its arrays as rarely as can be. Written with
TensorFlow's own automatic gradient and Keras' Adam, a step took 1.4 times the processor time.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf  # type: ignore[import-untyped]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


@tf.custom_gradient  # type: ignore[untyped-decorator]
def whole_loss(
    states: Any, items: Any, bias: Any, target: Any, smoothing: Any
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Mean cross-entropy of the targets among all items, smoothed over all of them.

    The gradient is written out: with smoothing it is the items' shares, less `smoothing / items`
    everywhere and `1 - smoothing` at the target, neither of which needs a matrix of its own.
    """
    share = tf.nn.softmax(tf.matmul(states, items, transpose_b=True) + bias)
    own = tf.gather(items, target)
    middle = tf.reduce_mean(items, axis=0)
    count = tf.cast(tf.shape(target)[0], tf.float32)
    each = smoothing / tf.cast(tf.shape(items)[0], tf.float32)
    likely = tf.gather(share, target, batch_dims=1)
    flat = tf.reduce_sum(states * (own - middle), axis=1)
    flat += tf.gather(bias, target) - tf.reduce_mean(bias)
    loss = tf.reduce_mean(smoothing * flat - tf.math.log(tf.maximum(likely, 1e-30)))

    def gradient(upstream: Any) -> tuple[Any, ...]:
        part = upstream / count
        of_states = (tf.matmul(share, items) - (1 - smoothing) * own - smoothing * middle) * part
        scaled = states * part
        at = target[:, None]
        of_items = tf.matmul(share, scaled, transpose_a=True) - each * tf.reduce_sum(scaled, axis=0)
        of_items = tf.tensor_scatter_nd_sub(of_items, at, (1 - smoothing) * scaled)
        parts = tf.fill(tf.shape(target), part)
        of_bias = tf.linalg.matvec(share, parts, transpose_a=True) - each * upstream
        of_bias = tf.tensor_scatter_nd_sub(of_bias, at, (1 - smoothing) * parts)
        return of_states, of_items, of_bias, None, None

    return loss, gradient


def drawn_loss(own: Any, others: Any) -> Any:
    """Mean cross-entropy of the targets' logits against those of the drawn items."""
    logits = tf.concat([own[:, None], others], axis=1)
    # The raw operation: the library's function takes it apart where results must be reproducible,
    # which is needed on graphics cards only.
    loss, _ = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(
        features=logits, labels=tf.zeros_like(own, tf.int32)
    )
    return tf.reduce_mean(loss)


class Adam:
    """Adam (Kingma & Ba 2015) in one pass over each variable, gradients clipped by their norm."""

    def __init__(self, variables: Sequence[Any], clip: float) -> None:
        self._variables = list(variables)
        self._clip = clip
        self._means = [tf.Variable(tf.zeros(one.shape)) for one in variables]
        self._squares = [tf.Variable(tf.zeros(one.shape)) for one in variables]
        self._powers = tf.Variable([1.0, 1.0])

    @property
    def state(self) -> list[Any]:
        """The variables that the next step depends on."""
        return [*self._means, *self._squares, self._powers]

    def apply(self, gradients: Sequence[Any], rate: Any) -> None:
        """One step; to be called while a function is traced."""
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
        scale = self._clip / tf.maximum(tf.linalg.global_norm(dense), self._clip)
        powers = self._powers.assign(self._powers * [BETA_1, BETA_2])
        slots = zip(self._variables, self._means, self._squares, dense, strict=True)
        for variable, mean, square, gradient in slots:
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle, m=mean.handle, v=square.handle,
                beta1_power=powers[0], beta2_power=powers[1], lr=rate,
                beta1=BETA_1, beta2=BETA_2, epsilon=EPSILON, grad=gradient * scale,
            )  # fmt: skip
