"""What an LSTM's training step costs most: the items' table, the loss over it, and the optimizer.

All are bound by memory, so each passes over its arrays as rarely as can be. Written with
TensorFlow's own automatic gradient and Keras' Adam, a step took 1.4 times the processor time.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]
from numpy.typing import NDArray

from recommender.item_content import ItemContent
from recommender.lstm_step import Weights

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class ItemTable:
    """The items' embeddings, row 0 for padding: each its own, and those of what it is, added up.

    While training, an item's own is left out as often as `hidden` says, as with items nobody has
    met yet: then what it is must do (id dropout; Volkovs et al. 2017, DropoutNet).
    """

    def __init__(
        self,
        items: int,
        units: int,
        content: ItemContent | None,
        *,
        hidden: float,
        seed: int,
        vectors: NDArray[np.float32] | None = None,
    ) -> None:
        """The items' own embeddings begin as `vectors` (n, units), or drawn."""
        draw = np.random.default_rng(seed)
        own = draw.normal(0, units**-0.5, (items + 1, units)).astype(np.float32)
        own[0] = 0
        if vectors is not None:
            own[1:] = vectors
        self._own = tf.Variable(own)
        self._hidden = hidden
        self._random = tf.random.Generator.from_seed(seed)
        self._content = None if content is None else _Content(content, units)

    @property
    def variables(self) -> list[Any]:
        """What is learnt."""
        return [self._own, *(() if self._content is None else self._content.variables)]

    @property
    def draws(self) -> Any:
        """What decides whose own is left out next."""
        return self._random.state

    def whole(self, *, training: bool) -> Any:
        """All rows, (n + 1, units)."""
        own = tf.convert_to_tensor(self._own)
        if self._content is None:
            return own
        return self._kept(own, training=training) + self._content.rows(None)

    def rows(self, places: Any) -> Any:
        """Some rows while training, (..., units); `places` count from 1."""
        own = tf.gather(self._own, places)
        if self._content is None:
            return own
        return self._kept(own, training=True) + self._content.rows(places)

    def _kept(self, own: Any, *, training: bool) -> Any:
        if not training:
            return own
        drawn = self._random.uniform(tf.shape(own)[:-1])
        return own * tf.cast(drawn >= self._hidden, tf.float32)[..., None]

    def export(self) -> dict[str, NDArray[np.float32]]:
        """The embeddings of what items are, as `Weights` names them."""
        return {} if self._content is None else self._content.export()

    def load(self, weights: Weights, scale: float) -> None:
        """Go on from these weights, whose embeddings were multiplied by `scale`."""
        rows = weights.item / scale
        if self._content is not None:
            self._content.load(weights, scale)
            rows = rows - self._content.rows(None).numpy()
        self._own.assign(rows)


class _Content:
    """The embeddings of categories, brands and price bands, and what a text's vector turns into."""

    def __init__(self, content: ItemContent, units: int) -> None:
        self._codes = tf.constant(np.pad(content.codes, ((0, 0), (1, 0))), tf.int32)
        self._text = tf.constant(np.pad(content.reduced, ((1, 0), (0, 0))), tf.float32)
        self._axes = content.axes
        self._embedding = tf.Variable(tf.zeros((content.kinds, units)))
        self._projection = tf.Variable(tf.zeros((content.reduced.shape[1], units)))
        self.variables = [self._embedding, self._projection]

    def rows(self, places: Any) -> Any:
        codes = self._codes if places is None else tf.gather(self._codes, places, axis=1)
        text = self._text if places is None else tf.gather(self._text, places)
        said = tf.reduce_sum(tf.gather(self._embedding, codes), axis=0)
        return said + tf.tensordot(text, self._projection, 1)

    def export(self) -> dict[str, NDArray[np.float32]]:
        return {
            "kinds": self._embedding.numpy(),
            "text": self._axes @ self._projection.numpy(),
        }

    def load(self, weights: Weights, scale: float) -> None:
        # A network that was trained without a catalogue, or without titles, has none of these.
        if len(weights.kinds):
            self._embedding.assign(weights.kinds / scale)
        if len(weights.text):
            self._projection.assign(self._axes.T @ weights.text / scale)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def soft_loss(
    states: Any, items: Any, bias: Any, target: Any, smoothing: Any, soft: Any, share: Any
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Mean cross-entropy of soft targets among all of some items; 0 where there is no target.

    Row 0 of `items` (n + 1, d) is padding, which is no item; `bias` (n,), `target` (rows,) and
    `soft` (rows, k) have none. Of what a row expects, `smoothing` lies on all items alike, `share`
    (rows, k) on those of `soft`, and the rest on the target. The gradient by the logits is written
    out: the items' shares less what is expected.
    """
    rows = tf.range(tf.shape(target)[0])
    count = tf.maximum(tf.cast(tf.shape(target)[0], tf.float32), 1.0)
    size = tf.cast(tf.shape(bias)[0], tf.float32)
    weighed = tf.concat([[-1e30], bias], axis=0)
    chance = tf.nn.softmax(tf.matmul(states, items, transpose_b=True) + weighed)
    at = tf.stack([rows, target + 1], axis=1)
    soft_at = tf.stack([tf.repeat(rows, tf.shape(soft)[1]), tf.reshape(soft, [-1]) + 1], axis=1)
    flat_share = tf.reshape(share, [-1])
    own = 1 - smoothing - tf.reduce_sum(share, axis=1)

    lost = tf.math.log(tf.maximum(tf.gather_nd(chance, at), 1e-30))
    soft_lost = tf.math.log(tf.maximum(tf.gather_nd(chance, soft_at), 1e-30))
    logit = tf.reduce_sum(states * tf.gather(items, target + 1), axis=1) + tf.gather(bias, target)
    summed = tf.squeeze(tf.matmul(tf.ones((1, tf.shape(items)[0])), items), 0) - items[0]
    mean = tf.linalg.matvec(states, summed / size) + tf.reduce_mean(bias)
    gained = tf.reduce_sum((own + smoothing) * lost + smoothing * (mean - logit))
    loss = -(gained + tf.reduce_sum(flat_share * soft_lost)) / count

    def gradient(upstream: Any) -> tuple[Any, ...]:
        each = tf.concat([[0.0], tf.fill(tf.shape(bias), smoothing / size)], axis=0)
        slope = tf.tensor_scatter_nd_sub(chance - each, at, own)
        slope = tf.tensor_scatter_nd_sub(slope, soft_at, flat_share)
        scaled = states * (upstream / count)
        of_bias = tf.reduce_sum(slope, axis=0)[1:] * (upstream / count)
        return (
            tf.matmul(slope, items) * (upstream / count),
            tf.matmul(slope, scaled, transpose_a=True),
            of_bias,
            *(None, None, None, None),
        )

    return loss, gradient


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
