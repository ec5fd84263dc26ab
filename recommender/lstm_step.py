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
from recommender.mining.compiled import compiled
from recommender.newcomers import Newcomers
from recommender.protocol import Arrays, Scores
from recommender.sequences import Batch, Bools

type Matrix = NDArray[np.float32]


class State(NamedTuple):
    """What is shown to the outside and what the cell keeps, (d,) each, and what is remembered."""

    hidden: Matrix
    cell: Matrix
    remembered: Remembered | None


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
        steps = slice(begin, end)
        item, action = batch.item[:, steps], batch.action[:, steps]
        embedded = weights.item[item + 1]
        met = embedded[0] + weights.action[action[0]] + weights.gap[batch.gap[0, steps]]
        hidden, cell, remembered = state
        for given in met @ self._input + weights.bias:
            after: tuple[Matrix, Matrix] = np.empty_like(hidden), np.empty_like(cell)
            _turn(given + hidden @ weights.recurrent, cell, *after)
            hidden, cell = after
        if weights.memory is not None and remembered is not None:
            remembered = weights.memory.after(remembered, embedded, item, action)
        return State(hidden, cell, remembered)

    def outputs(self, state: State) -> tuple[Matrix, Matrix | None]:
        """The outputs (d,) to multiply the item embeddings by: `led` and `own` of the memory.

        Without a memory the first is all that the network says.
        """
        memory = self.weights.memory
        if memory is None or state.remembered is None:
            return state.hidden, None
        inner = memory.inner_of(state.remembered)
        return memory.led_by(state.hidden[None], inner)[0], memory.own_by(inner)[0]

    @property
    def _memory(self) -> Memory:
        assert self.weights.memory is not None  # noqa: S101 who asks has looked
        return self.weights.memory

    def own_logits(self, batch: Batch) -> Scores:
        """How much each shopper turns to each item anyway, (n, items); -inf where unknown."""
        memory = self._memory
        own = memory.own_by(memory.inner_of(memory.of(batch, self.weights.item)))
        return self._logits(own)

    def score(self, batch: Batch) -> Scores:
        """Probabilities by what the steps lead to, which is all without a memory.

        NaN for an empty window and for items that training never met.
        """
        output, memory = self.hidden(batch), self.weights.memory
        if memory is not None:
            output = memory.led_by(output, memory.inner_of(memory.of(batch, self.weights.item)))
        return self._known(_softmax(self._logits(output)), batch)

    def expected(self, batch: Batch) -> Scores:
        """The same by all that the network says, the shoppers' own moves too."""
        memory = self.weights.memory
        if memory is None:
            return self.score(batch)
        found = memory.outlook(self.hidden(batch), memory.of(batch, self.weights.item))
        led, own = (_softmax(self._logits(output)) for output in (found.led, found.own))
        share = found.share[:, None]
        return self._known(share * led + (1 - share) * own, batch)

    def _logits(self, output: Matrix) -> Scores:
        logits: Scores = output @ self._output + self.weights.item_bias
        logits[:, ~self.weights.seen] = -np.inf
        return logits

    def _known(self, scores: Scores, batch: Batch) -> Scores:
        scores[:, ~self.weights.seen] = np.nan
        scores[batch.length == 0] = np.nan
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


class WholeNetwork:
    """The network as a recommender of its own; the blend takes what it says apart."""

    name = Lstm.name

    def __init__(self, network: Lstm) -> None:
        self._network = network

    def score(self, batch: Batch) -> Scores:
        """As `Lstm.expected`."""
        return self._network.expected(batch)


def _softmax(logits: Scores) -> Scores:
    highest = logits.max(axis=1, keepdims=True, initial=-1e30)
    scores: Scores = np.exp(logits - highest).astype(np.float32)
    scores /= np.maximum(scores.sum(axis=1, keepdims=True), np.float32(1e-30))
    return scores


def _sigmoid(values: Matrix) -> Matrix:
    half = np.float32(0.5)
    return half + half * np.tanh(half * values)


@compiled
def _turn(gates: Matrix, cell: Matrix, shown: Matrix, kept: Matrix) -> None:
    """Write what is shown and kept after a step whose gates (4 d,) are not squashed yet."""
    units, half = len(cell), np.float32(0.5)
    for unit in range(units):
        take = half + half * np.tanh(half * gates[unit])
        keep = half + half * np.tanh(half * gates[units + unit])
        show = half + half * np.tanh(half * gates[3 * units + unit])
        kept[unit] = keep * cell[unit] + take * np.tanh(gates[2 * units + unit])
        shown[unit] = show * np.tanh(kept[unit])
