"""The LSTM as it is served: numpy only, from the weights that training exported.

Hochreiter & Schmidhuber 1997 with forget gate (Gers et al. 2000), gates in Keras' order (input,
forget, candidate, output). Output weights are the item embeddings (tied; Press & Wolf 2017).
tests/unit/recommender/test_lstm.py holds this equal to the Keras model.
"""

from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recommender.abandonment import NO_HEAD, Head
from recommender.item_content import ItemContent
from recommender.memory import Memory, Remembered
from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores
from recommender.sequences import Batch, Bools

type Matrix = NDArray[np.float32]


class State(NamedTuple):
    """What is shown to the outside and what the cell keeps, (d,) each, and what is remembered."""

    hidden: Matrix
    cell: Matrix
    remembered: Remembered | None


type Outputs = list[tuple[Matrix, Matrix]]
"""Output states (n, d), each with its share (n,) of what the network expects."""


@dataclass(frozen=True)
class Weights:
    """Shapes for d units and n items; row 0 of `item` stands for padding and unknown items."""

    item: Matrix  # (n + 1, d)
    action: Matrix  # (actions + 1, d)
    gap: Matrix  # (gap buckets, d)
    kernel: Matrix  # (d, 4 d)
    recurrent: Matrix  # (d, 4 d)
    bias: Matrix  # (4 d,)
    item_bias: Matrix  # (n,)
    seen: Bools  # (n,) items that training met as a step or target
    leaving: Head = field(default_factory=NO_HEAD.copy)  # (d + kinds of cart,) or (0,)
    # What `item` holds of each item's content already, to embed newcomers by; none without.
    kinds: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # (codes, d)
    text: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # (t, d)
    memory: Memory | None = None

    def embed(self, new: Newcomers) -> Matrix:
        """The embeddings of new items, (newcomers, d)."""
        content = ItemContent.of(new.facts, new.text, known=len(self.item_bias))
        return content.embedded(self.kinds, self.text)

    def arrays(self) -> Arrays:
        """The fields by name."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "memory"}
        return own if self.memory is None else own | self.memory.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Weights":
        """The weights that `arrays` came from."""
        memory = Memory.from_arrays(arrays)
        remembered = set() if memory is None else set(memory.arrays())
        own = {name: array for name, array in arrays.items() if name not in remembered}
        return cls(**own, memory=memory)


class Lstm:
    """Suggests what the network expects next after the whole window of steps."""

    name = "lstm"

    def __init__(self, weights: Weights) -> None:
        # The products of one step are too small to share out: with several BLAS threads they take
        # ten times the processor time (measured), and requests come in parallel anyway.
        threadpool_limits(limits=1, user_api="blas")
        self.weights = weights
        self._input = np.ascontiguousarray(weights.kernel)
        self._output = np.ascontiguousarray(weights.item[1:].T)

    def hidden(self, batch: Batch) -> Matrix:
        """The state after each window's last step, of shape (n, d)."""
        weights = self.weights
        units = weights.recurrent.shape[0]
        order = np.argsort(-batch.length, kind="stable")
        length = batch.length[order]
        met = weights.item[batch.item[order] + 1]
        met = met + weights.action[batch.action[order]] + weights.gap[batch.gap[order]]
        inputs = met @ self._input + weights.bias
        state: Matrix = np.zeros((len(batch), units), np.float32)
        cell: Matrix = np.zeros((len(batch), units), np.float32)
        steps = np.arange(int(length.max(initial=0)))
        for step, active in enumerate(np.searchsorted(-length, -steps).tolist()):
            gates = inputs[:active, step] + state[:active] @ weights.recurrent
            candidate = np.tanh(gates[:, 2 * units : 3 * units])
            gates = _sigmoid(gates)
            cell[:active] *= gates[:, units : 2 * units]
            cell[:active] += gates[:, :units] * candidate
            state[:active] = gates[:, 3 * units :] * np.tanh(cell[:active])
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return state[back]

    def begin(self, batch: Batch) -> State:
        """The state before the first step of a batch of one window."""
        weights = self.weights
        nothing = np.zeros(weights.recurrent.shape[0], np.float32)
        remembered = None
        if weights.memory is not None:
            remembered = weights.memory.after(
                weights.memory.begin(1),
                weights.item[batch.older_item + 1],
                batch.older_item,
                batch.older_action,
            )
        return State(nothing, nothing, remembered)

    def advance(self, state: State, batch: Batch, begin: int, end: int) -> State:
        """The state after the steps from `begin` to `end` of a batch of one window."""
        weights = self.weights
        units = weights.recurrent.shape[0]
        steps = slice(begin, end)
        item, action = batch.item[:, steps], batch.action[:, steps]
        embedded = weights.item[item + 1]
        met = embedded[0] + weights.action[action[0]] + weights.gap[batch.gap[0, steps]]
        hidden, cell, remembered = state
        for given in met @ self._input + weights.bias:
            gates = given + hidden @ weights.recurrent
            candidate = np.tanh(gates[2 * units : 3 * units])
            gates = _sigmoid(gates)
            cell = cell * gates[units : 2 * units] + gates[:units] * candidate
            hidden = gates[3 * units :] * np.tanh(cell)
        if weights.memory is not None and remembered is not None:
            remembered = weights.memory.after(remembered, embedded, item, action)
        return State(hidden, cell, remembered)

    def outputs(self, hidden: Matrix, remembered: Remembered | None) -> Outputs:
        """What the item embeddings are multiplied by after these states (n, d), and its shares."""
        memory = self.weights.memory
        if memory is None or remembered is None:
            return [(hidden, np.ones(len(hidden), np.float32))]
        outlook = memory.outlook(hidden, remembered)
        return [(outlook.led, outlook.share), (outlook.own, 1 - outlook.share)]

    def outputs_of(self, state: State) -> Outputs:
        """The same after one state."""
        return self.outputs(state.hidden[None], state.remembered)

    def score(self, batch: Batch) -> Scores:
        """Probabilities; NaN for an empty window and for items that training never met."""
        memory = self.weights.memory
        remembered = None if memory is None else memory.of(batch, self.weights.item)
        scores = np.zeros((len(batch), len(self.weights.item_bias)), np.float32)
        for output, share in self.outputs(self.hidden(batch), remembered):
            scores += share[:, None] * self._probabilities(output)
        scores[:, ~self.weights.seen] = np.nan
        scores[batch.length == 0] = np.nan
        return scores

    def _probabilities(self, output: Matrix) -> Scores:
        logits = output @ self._output + self.weights.item_bias
        logits[:, ~self.weights.seen] = -np.inf
        highest = logits.max(axis=1, keepdims=True, initial=-1e30)
        scores: Scores = np.exp(logits - highest).astype(np.float32)
        scores /= np.maximum(scores.sum(axis=1, keepdims=True), np.float32(1e-30))
        return scores

    def grown(self, new: Newcomers) -> "Lstm":
        """The same with new items, embedded by what the catalogue says of them.

        One that is like no item that training met stays unknown, and so do all where training
        knew nothing of a catalogue.
        """
        weights = self.weights
        known = len(weights.kinds) > 0
        rows = weights.embed(new) if known else np.zeros((len(new), weights.item.shape[1]))
        met = [alike[weights.seen[alike] & known] for alike in new.alike]
        biases = [weights.item_bias[alike].mean() if len(alike) else 0.0 for alike in met]
        return Lstm(
            replace(
                weights,
                item=np.concatenate([weights.item, rows.astype(np.float32)]),
                item_bias=np.append(weights.item_bias, np.array(biases, np.float32)),
                seen=np.append(weights.seen, [len(alike) > 0 for alike in met]),
            )
        )

    def arrays(self) -> Arrays:
        """The weights."""
        return self.weights.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "Lstm":
        """The network that `arrays` came from."""
        return cls(Weights.from_arrays(arrays))


def _sigmoid(values: Matrix) -> Matrix:
    half = np.float32(0.5)
    return half + half * np.tanh(half * values)
