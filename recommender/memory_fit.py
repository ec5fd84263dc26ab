"""The network's memory while it is trained, and the loss of its two outputs together.

Memory and loss as recommender/memory.py has them; tests hold both equal.
"""

from collections.abc import Callable
from typing import Any

import keras  # type: ignore[import-untyped]
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]

from recommender.memory import (
    ANSWERS,
    ASKS,
    HEADS,
    PRIOR,
    PROFILE,
    RANK,
    READ,
    VALUES,
    WIDTH,
    Memory,
)
from recommender.sequences import ACTIONS

type Reader = Callable[[Any, Any], Any]
"""Items' embeddings times a matrix, by their places from 1: (..., columns)."""


class MemoryLayer:
    """The memory's variables, and what they make of steps."""

    def __init__(
        self, units: int, *, dropout: float, seed: int, start: Memory | None, scale: float
    ) -> None:
        draw = np.random.default_rng(seed)

        def drawn(rows: int, columns: int, spread: float = 1.0) -> Any:
            values = draw.normal(0, spread * rows**-0.5, (rows, columns))
            return tf.Variable(values.astype(np.float32))

        self._scale = scale
        self._dropout = keras.layers.Dropout(dropout, seed=seed)
        self.read = drawn(units, READ)
        self.telling = tf.Variable(tf.zeros((len(ACTIONS) + 1, HEADS)))
        # Through a softplus, which keeps it above 0.
        self.prior = tf.Variable(np.full(HEADS, np.log(np.expm1(PRIOR)), np.float32))
        self.inner = drawn(PROFILE, units)
        self.inner_bias = tf.Variable(tf.zeros(units))
        self.own = drawn(units, units)
        self.own_bias = tf.Variable(tf.zeros(units))
        # What the steps lead to begins as it is without a memory.
        self.lead = tf.Variable(tf.zeros((units, units)))
        self.share = tf.Variable(tf.zeros(2 * units + 1))
        if start is not None:
            self._load(start)

    @property
    def variables(self) -> list[Any]:
        """What is learnt."""
        return [
            self.read, self.telling, self.prior, self.inner, self.inner_bias,
            self.own, self.own_bias, self.lead, self.share,
        ]  # fmt: skip

    @property
    def drawing(self) -> list[Any]:
        """What decides what dropout draws next."""
        return [one.value for one in self._dropout.non_trainable_variables]

    def profiles(
        self, reads: Reader, item: Any, action: Any, older_item: Any, older_action: Any
    ) -> Any:
        """The profile (n, steps, PROFILE) after each step of windows; older steps come first."""
        places = tf.concat([older_item, item], axis=1) + 1
        shape = tf.shape(places)
        known = tf.cast(places > 0, tf.float32)[..., None]
        read = reads(places, self.read) * known
        asks, answers, values = tf.split(read, [ASKS, ANSWERS, VALUES], axis=2)
        asked = tf.pad(asks[:, :-1], ((0, 0), (1, 0), (0, 0)))
        form = tf.reshape(asked * answers, (shape[0], shape[1], HEADS, RANK))
        told = tf.gather(self.telling, tf.concat([older_action, action], axis=1))
        gate = tf.sigmoid(tf.reduce_sum(form, axis=3) + told) * known
        weighed = values * tf.repeat(gate, WIDTH, axis=2)
        both = tf.concat([weighed, gate], axis=2)
        older = tf.shape(older_item)[1]
        before = tf.reduce_sum(both[:, :older], axis=1, keepdims=True)
        summed = before + tf.cumsum(both[:, older:], axis=1)
        weight = summed[..., VALUES:]
        mean = summed[..., :VALUES] / tf.repeat(weight + tf.nn.softplus(self.prior), WIDTH, axis=2)
        return tf.concat([mean, tf.math.log1p(weight)], axis=2)

    def outlook(self, states: Any, profiles: Any, *, training: bool) -> tuple[Any, Any, Any]:
        """What is led to and the shopper's own, (m, d) each, and the logit of the first's share."""
        inner = tf.tanh(tf.matmul(profiles, self.inner) + self.inner_bias)
        inner = self._dropout(inner, training=training)
        logit = tf.linalg.matvec(tf.concat([states, inner], axis=1), self.share[:-1])
        return (
            states + tf.matmul(inner, self.lead),
            tf.matmul(inner, self.own) + self.own_bias,
            logit + self.share[-1],
        )

    def export(self) -> Memory:
        """The weights as plain arrays, for embeddings that are multiplied by the scale."""
        named = dict(zip(_NAMES, (one.numpy() for one in self.variables), strict=True))
        named["read"] = named["read"] / self._scale
        named["prior"] = tf.nn.softplus(self.prior).numpy()
        return Memory(**named)

    def _load(self, memory: Memory) -> None:
        for name, variable in zip(_NAMES, self.variables, strict=True):
            variable.assign(getattr(memory, name))
        self.read.assign(memory.read * self._scale)
        self.prior.assign(np.log(np.expm1(memory.prior)))


_NAMES = (
    "read", "telling", "prior", "inner", "inner_bias", "own", "own_bias", "lead", "share",
)  # fmt: skip


@tf.custom_gradient  # type: ignore[untyped-decorator]
def mixed_loss(
    led: Any, own: Any, logit: Any, items: Any, bias: Any, target: Any, smoothing: Any
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Mean cross-entropy of the targets under the mixture of both outputs among all items.

    Without a target it is 0.

    Of `items` (n + 1, d) row 0 is padding, which is no item; `bias` (n,) and `target` have none.
    `smoothing` of the loss are both outputs' cross-entropies with all items alike, one half each.
    With the responsibility of each output for its target, the gradient by its logits is that of a
    cross-entropy which counts as much.
    """
    count = tf.maximum(tf.cast(tf.shape(target)[0], tf.float32), 1.0)
    size = tf.cast(tf.shape(bias)[0], tf.float32)
    weighed = tf.concat([[-1e30], bias], axis=0)
    at = tf.stack([tf.range(tf.shape(target)[0]), target + 1], axis=1)
    summed = tf.squeeze(tf.matmul(tf.ones((1, tf.shape(items)[0])), items), 0) - items[0]
    wanted, of_wanted = tf.gather(items, target + 1), tf.gather(bias, target)
    shares, heard, flat = [], [], []
    for states, weight in ((led, logit), (own, -logit)):
        share = tf.nn.softmax(tf.matmul(states, items, transpose_b=True) + weighed)
        found = tf.math.log(tf.maximum(tf.gather_nd(share, at), 1e-30))
        theirs = tf.reduce_sum(states * wanted, axis=1) + of_wanted
        mean = tf.linalg.matvec(states, summed / size) + tf.reduce_mean(bias)
        flat.append(0.5 * tf.reduce_sum(theirs - found - mean) / count)
        shares.append(share)
        heard.append(tf.math.log_sigmoid(weight) + found)
    both = tf.reduce_logsumexp(tf.stack(heard), axis=0)
    loss = smoothing * tf.add_n(flat) - (1 - smoothing) * tf.reduce_sum(both) / count

    def gradient(upstream: Any) -> tuple[Any, ...]:
        each = tf.concat([[0.0], tf.fill(tf.shape(bias), 0.5 * smoothing / size)], axis=0)
        of_states, of_items, of_bias = [], [], []
        for states, share, one in zip((led, own), shares, heard, strict=True):
            responsible = (1 - smoothing) * tf.exp(one - both)
            slope = share * (responsible + 0.5 * smoothing)[:, None] - each
            slope = tf.tensor_scatter_nd_sub(slope, at, responsible) * (upstream / count)
            of_states.append(tf.matmul(slope, items))
            of_items.append(tf.matmul(slope, states, transpose_a=True))
            of_bias.append(tf.reduce_sum(slope, axis=0)[1:])
        turned = tf.sigmoid(logit) - tf.exp(heard[0] - both)
        of_logit = turned * (1 - smoothing) * (upstream / count)
        return (*of_states, of_logit, tf.add_n(of_items), tf.add_n(of_bias), None, None)

    return loss, gradient


def reader(table: Any, items: Any | None) -> Reader:
    """Reads through the whole table where it is there, else through the rows asked for."""
    if items is None:
        return lambda places, matrix: tf.tensordot(table.rows(places), matrix, 1)
    return lambda places, matrix: tf.gather(tf.matmul(items, matrix), places)
