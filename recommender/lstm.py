"""Trains the next-item LSTM with Keras on TensorFlow and exports its weights for lstm_step.

Embeddings of item, action and time gap are added up; one LSTM layer; the output weights are the
item embeddings again, times a fixed scale: a state's entries lie between -1 and 1, so that with
small embeddings alone products would be told apart only after many epochs. Loss: full-softmax
cross-entropy with label smoothing (Szegedy et al. 2016) on the positions that are followed by a new
product in the same session, which is what evaluation asks; padding is masked in state and loss.
One-cycle learning rate (Smith & Topin 2018). Full softmax and plain cross-entropy are what makes
recurrent recommenders strong: Hidasi & Czapp 2023, Klenitskiy & Vasilev 2023. What else targets are
compared with, and what is expected beside them, says recommender/compared.py.

TensorFlow is imported inside the functions, so that a process that only serves never loads it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.abandonment import NO_HEAD, LeavingLoss
from recommender.checkpoint import Checkpoint, Standing, digest_of
from recommender.compared import Compared, Comparing, SoftTargets
from recommender.examples import (
    NO_TARGET,
    Examples,
    MiniBatch,
    Targets,
    examples,
    mini_batches,
    next_new,
)
from recommender.item_content import ItemContent
from recommender.lstm_step import Lstm, Weights
from recommender.memory import Outlook
from recommender.sequences import ACTIONS, GAP_BUCKETS, MEMORY, Batch, Bools, Ints, Log


@dataclass(frozen=True)
class LstmConfig:
    """How the network is built and trained."""

    units: int = 128
    epochs: int = 6
    batch: int = 64
    dropout: float = 0.3
    output_dropout: float = 0.3
    smoothing: float = 0.05
    peak_rate: float = 6e-3
    scale: float = 1.0
    """What the output weights are, in item embeddings; a power of two, so that none is rounded.

    With many items a larger one learns faster; with a few hundred it gains nothing, and with a few
    dozen it loses.
    """
    clip: float = 1.0
    leaving: float = 0.3
    """What the second head's loss counts beside the first one's."""
    name_dropout: float = 0.1
    """How often training hides who an item is, so that what the catalogue says of it must do."""
    memory: int = MEMORY
    """So many steps before the window are remembered (`memory`); with 0 there is no memory."""
    seed: int = 0
    full_softmax: int = 50_000
    """With more items than this, each step compares with a draw of `sampled` items instead."""
    sampled: int = 4_096


type OnStep = Callable[[int, int, float], None]
type OnEpoch = Callable[[int, Lstm], None]
"""Is told after each epoch how many are done, and the network as it is then."""


def one_cycle(step: int, steps: int, peak: float) -> float:
    """Learning rate: up from peak/10 over the first 30 %, then down along a cosine to peak/1000."""
    turn = max(1, round(0.3 * steps))
    if step < turn:
        return peak * (0.1 + 0.9 * step / turn)
    way = (step - turn) / max(1, steps - turn)
    return float(peak * (0.001 + 0.999 * 0.5 * (1 + np.cos(np.pi * way))))


def train_lstm(
    log: Log,
    items: int,
    *,
    config: LstmConfig | None = None,
    wanted: Targets = next_new,
    fate: Ints | None = None,
    content: ItemContent | None = None,
    start: Weights | None = None,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    keep: Checkpoint | None = None,
    soft: SoftTargets | None = None,
    vectors: NDArray[np.float32] | None = None,
) -> Lstm:
    """Train on the log, from `start` where given; the same seed gives the same weights.

    Without, the items' own embeddings begin as `vectors` (items, units), or else drawn.

    With `content` an item is its own embedding and what the catalogue says of it, added up.

    `wanted` says what is to be predicted, `soft` what else may come after each step; with `fate`
    (`Carts.fates`), what became of the cart open after each step, a second head learns to tell
    carts that are left. `on_step` is told the steps done, the steps in all and a running mean of
    the loss. After each epoch `keep` is given where training stands; from what it holds already
    training goes on, to the weights that it would have led to without the stop. Raises ValueError
    where no session turns to a second product: there is nothing to learn from; CheckpointError
    where `keep` holds another training's standing.
    """
    config = config or LstmConfig()
    if soft is not None and config.memory:
        raise ValueError("soft targets are for a network without a memory")
    found = examples(log, memory=config.memory, wanted=wanted, fate=fate)
    if not (found.target != NO_TARGET).any():
        raise ValueError("no session turns to a second product: there is nothing to learn")
    network = _Network(
        items, config, start, leaving=fate is not None, content=content, vectors=vectors
    )
    sampled = config.sampled if items > config.full_softmax else 0
    comparing = Comparing(found, items, drawn=sampled, soft=soft)
    draw = np.random.default_rng(config.seed)
    seen = np.zeros(items, np.bool_)
    seen[log.item[log.item >= 0]] = True
    # With a catalogue, an earlier network also knows items that no step met (`_with_untouched`).
    if start is not None and content is None:
        seen |= start.seen
    epoch, running = 0, float("nan")
    digest = _digest(found, config, seen, network, soft) if keep else ""
    standing = keep.load(digest=digest) if keep else None
    if standing is not None:
        epoch, running, draw = standing.epochs, standing.loss, standing.draw
        network.restore(standing.variables)
    steps = -(-len(found) // config.batch)
    total, done = config.epochs * steps, epoch * steps
    while epoch < config.epochs:
        for batch in mini_batches(found, size=config.batch, draw=draw):
            rate = one_cycle(done, total, config.peak_rate)
            loss = network.step(batch, comparing.of(batch, draw), rate)
            running = loss if np.isnan(running) else 0.98 * running + 0.02 * loss
            done += 1
            if on_step is not None:
                on_step(done, total, running)
        epoch += 1
        if keep is not None:
            keep.save(Standing(epoch, running, draw, network.variables()), digest=digest)
        if on_epoch is not None:
            on_epoch(epoch, Lstm(network.export(seen)))
    return Lstm(network.export(seen))


def _digest(
    found: Examples,
    config: LstmConfig,
    seen: Bools,
    network: "_Network",
    soft: SoftTargets | None,
) -> str:
    """What two trainings share only if they lead to the same weights; `network` is untrained."""
    arrays = [getattr(found.batch, one.name) for one in fields(found.batch)]
    arrays += [found.target, found.fate, seen, *network.variables()]
    if network.content is not None:
        arrays += [network.content.codes, network.content.reduced]
    if soft is not None:
        arrays += [soft.item, soft.share]
    return digest_of(f"{config}, TensorFlow {version('tensorflow')}", arrays)


@contextmanager
def _standard_error_shut() -> Iterator[None]:
    """TensorFlow talks of missing graphics cards when it looks for them, at every log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class _Network:
    """The Keras model and its training step."""

    def __init__(
        self,
        items: int,
        config: LstmConfig,
        start: Weights | None,
        *,
        leaving: bool = False,
        content: ItemContent | None = None,
        vectors: NDArray[np.float32] | None = None,
    ) -> None:
        with _standard_error_shut():
            import keras  # type: ignore[import-untyped]
            import tensorflow as tf  # type: ignore[import-untyped]

            tf.config.list_physical_devices()

            from recommender.lstm_fit import Adam, ItemTable, soft_loss
            from recommender.memory_fit import MemoryLayer, mixed_loss, reader

        keras.utils.set_random_seed(config.seed)
        tf.config.experimental.enable_op_determinism()
        self.config = config
        self.content = content
        self.table = ItemTable(
            items,
            config.units,
            content,
            hidden=config.name_dropout,
            seed=config.seed,
            vectors=vectors,
        )
        met = keras.Input((None, config.units), name="met")
        actions = keras.Input((None,), dtype="int32", name="action")
        gaps = keras.Input((None,), dtype="int32", name="gap")
        self.action = keras.layers.Embedding(
            len(ACTIONS) + 1, config.units, embeddings_initializer="zeros"
        )
        self.gap = keras.layers.Embedding(GAP_BUCKETS, config.units, embeddings_initializer="zeros")
        self.lstm = keras.layers.LSTM(config.units, return_sequences=True)
        self.item_bias = tf.Variable(tf.zeros(items), name="item_bias")
        summed = met + self.action(actions) + self.gap(gaps)
        dropped = keras.layers.Dropout(config.dropout, seed=config.seed)(summed)
        states = self.lstm(dropped, mask=keras.ops.greater(actions, 0))
        output = keras.layers.Dropout(config.output_dropout, seed=config.seed + 1)(states)
        self.model = keras.Model([met, actions, gaps], output)
        if start is not None:
            self._import(start)
        variables = [
            *self.table.variables,
            *(one.value for one in self.model.trainable_variables),
            self.item_bias,
        ]
        self.leaving = None
        if leaving:
            self.leaving = LeavingLoss(config.units, NO_HEAD if start is None else start.leaving)
            variables += self.leaving.variables
        drawing = [one.value for one in self.model.non_trainable_variables]
        self.memory = None
        if config.memory:
            self.memory = MemoryLayer(
                config.units, dropout=config.output_dropout, seed=config.seed + 2,
                start=None if start is None else start.memory, scale=config.scale,
            )  # fmt: skip
            variables += self.memory.variables
            drawing += self.memory.drawing
        adam = Adam(variables, config.clip)
        self._state = [*variables, *adam.state, *drawing, self.table.draws]
        whole, rows = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32)
        shares, numbers = (tf.TensorSpec(shape, tf.float32) for shape in ((None, None), (None,)))
        sampling = items > config.full_softmax

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[
                *[whole] * 6,
                *(whole, whole, shares, rows, numbers),
                tf.TensorSpec((), tf.float32),
            ]
        )
        def step(
            item: Any, action: Any, gap: Any, fate: Any, older_item: Any, older_action: Any,
            target: Any, soft: Any, share: Any, others: Any, expected: Any,
            rate: Any,
        ) -> Any:  # fmt: skip
            with tf.GradientTape() as tape:
                if sampling:
                    met = self.table.rows(item + 1)
                    compared = self.table.rows(tf.pad(others + 1, [[1, 0]]))
                    bias = tf.gather(self.item_bias, others) - expected
                else:
                    # All rows are needed anyway, by the loss.
                    compared, bias = self.table.whole(training=True), self.item_bias
                    met = tf.gather(compared, item + 1)
                output = self.model([met, action, gap], training=True)
                wanted = target >= 0
                targets = tf.boolean_mask(target, wanted)
                states = tf.boolean_mask(output, wanted)

                if self.memory is None:
                    loss = soft_loss(
                        states * config.scale, compared, bias, targets, config.smoothing,
                        soft, share,
                    )  # fmt: skip
                else:
                    profiles = self.memory.profiles(
                        reader(self.table, None if sampling else compared),
                        item, action, older_item, older_action,
                    )  # fmt: skip
                    led, own, led_share = self.memory.outlook(
                        states, tf.boolean_mask(profiles, wanted), training=True
                    )
                    loss = mixed_loss(
                        led * config.scale, own * config.scale, led_share, compared, bias, targets,
                        config.smoothing,
                    )  # fmt: skip
                if self.leaving is not None:
                    loss += config.leaving * self.leaving(output, fate)
            adam.apply(tape.gradient(loss, variables), rate)
            return loss

        self._step = step

    def step(self, batch: MiniBatch, compared: Compared, rate: float) -> float:
        """One gradient step; the loss before it."""
        inputs = batch.item, batch.action, batch.gap, batch.fate
        older = batch.older_item, batch.older_action
        return float(self._step(*inputs, *older, *compared, np.float32(rate)))

    def variables(self) -> list[NDArray[Any]]:
        """All that the next step depends on: weights, Adam's moments, what dropout draws next."""
        return [one.numpy() for one in self._state]

    def restore(self, variables: list[NDArray[Any]]) -> None:
        """Be where `variables` were taken."""
        for one, value in zip(self._state, variables, strict=True):
            one.assign(value)

    def states(self, batch: Batch) -> NDArray[np.float32]:
        """The states of all steps as Keras computes them, of shape (n, longest, units)."""
        result: NDArray[np.float32] = self.model(
            [self.table.whole(training=False).numpy()[batch.item + 1], batch.action, batch.gap],
            training=False,
        ).numpy()
        return result

    def outlook(self, batch: Batch) -> Outlook:
        """What the memory makes of all steps, as TensorFlow computes it: (n * longest, ...)."""
        import tensorflow as tf

        from recommender.memory_fit import reader

        assert self.memory is not None  # noqa: S101 who asks has one
        items = self.table.whole(training=False)
        profiles = self.memory.profiles(
            reader(self.table, items),
            batch.item, batch.action, batch.older_item, batch.older_action,
        )  # fmt: skip
        states = tf.reshape(self.states(batch), (-1, self.config.units))
        flat = tf.reshape(profiles, (len(states), -1))
        led, own, share = self.memory.outlook(states, flat, training=False)
        return Outlook(led.numpy(), own.numpy(), tf.sigmoid(share).numpy())

    def export(self, seen: Bools) -> Weights:
        """The weights as plain arrays: embeddings as the output takes them, the kernel to fit."""
        kernel, recurrent, bias = (value.numpy() for value in self.lstm.weights)
        scale = self.config.scale
        weights = Weights(
            item=self.table.whole(training=False).numpy() * scale,
            action=self.action.embeddings.numpy() * scale,
            gap=self.gap.embeddings.numpy() * scale,
            kernel=kernel / scale,
            recurrent=recurrent,
            bias=bias,
            item_bias=self.item_bias.numpy(),
            seen=seen,
            leaving=NO_HEAD if self.leaving is None else self.leaving.export(),
            memory=None if self.memory is None else self.memory.export(),
            **{name: part * scale for name, part in self.table.export().items()},
        )
        return weights if self.content is None else _with_untouched(weights, self.content)

    def _import(self, weights: Weights) -> None:
        scale = self.config.scale
        self.table.load(weights, scale)
        self.action.embeddings.assign(weights.action / scale)
        self.gap.embeddings.assign(weights.gap / scale)
        values = weights.kernel * scale, weights.recurrent, weights.bias
        for variable, value in zip(self.lstm.weights, values, strict=True):
            variable.assign(value)
        self.item_bias.assign(weights.item_bias)


def _with_untouched(weights: Weights, content: ItemContent) -> Weights:
    """The same, where items that no step met are what the catalogue says of them.

    As wanted as the mean of their category, like newcomers; training, which saw them only as
    what nobody turned to, has made them less. Those of a category that no step met stay unknown.
    """
    category, seen = content.codes[0], weights.seen
    counts = np.bincount(category[seen], minlength=content.kinds)
    biases = np.bincount(category[seen], weights.item_bias[seen], content.kinds)
    untouched = np.flatnonzero(~seen & (category > 0) & (counts[category] > 0))
    own = category[untouched]
    item, bias, known = weights.item.copy(), weights.item_bias.copy(), seen.copy()
    item[untouched + 1] = content.embedded(weights.kinds, weights.text)[untouched]
    bias[untouched] = biases[own] / counts[own]
    known[untouched] = True
    return replace(weights, item=item, item_bias=bias, seen=known)
