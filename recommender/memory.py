"""What the network remembers of a shopper beyond its state: all that they met, weighed and summed.

The LSTM sees a window; what a shopper cares for shows in all their steps, and does so unevenly:
who turns from a tent to a mat does what everybody does, who leaves it for a bicycle tells of
themselves. So each step adds its item, read by HEADS heads, to a sum, as much as a gate says that
this item after the one before tells of the shopper: a bilinear form of both embeddings, as linear
attention with a gate has it (Katharopoulos et al. 2020, Yang et al. 2024). The sums over what they
weigh, pulled to nothing as by a few steps, are the shopper's profile. It is one addition a step,
and steps older than the window count alike.

From the profile follows a second output state, `own`: what the shopper turns to of their own
accord, beside `led`, what the steps lead to. The next item is a mixture of both (a mixture of
softmaxes: Yang et al. 2018), as a shopper follows the one or the other, with a share that the
network gives for each step. Training: recommender/memory_fit.py.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.sequences import Batch, Ints

type Matrix = NDArray[np.float32]

HEADS = 4
RANK = 8
"""Of each head's bilinear form."""
WIDTH = 32
"""Numbers that each head keeps."""
ASKS, ANSWERS, VALUES = HEADS * RANK, HEADS * RANK, HEADS * WIDTH
READ = ASKS + ANSWERS + VALUES
PROFILE = VALUES + HEADS
PRIOR = 1.7
"""So many steps each head's sums are pulled by before it has learnt better."""


class Remembered(NamedTuple):
    """What the steps so far add up to, and what the last item asks of the next, for each shopper.

    Shapes (n, HEADS, WIDTH), (n, HEADS) and (n, HEADS, RANK).
    """

    sums: Matrix
    weight: Matrix
    asks: Matrix


class Outlook(NamedTuple):
    """Two output states (n, d), and the share (n,) of the first: the rest is the second's."""

    led: Matrix
    own: Matrix
    share: Matrix


@dataclass(frozen=True)
class Memory:
    """Weights for d units; `read` is applied to embeddings as the output takes them."""

    read: Matrix  # (d, READ): asks, answers and values of an item
    telling: Matrix  # (actions + 1, HEADS)
    prior: Matrix  # (HEADS,)
    inner: Matrix  # (PROFILE, d)
    inner_bias: Matrix  # (d,)
    own: Matrix  # (d, d)
    own_bias: Matrix  # (d,)
    lead: Matrix  # (d, d)
    share: Matrix  # (2 d + 1,)

    def begin(self, count: int) -> Remembered:
        """Before any step."""
        return Remembered(
            np.zeros((count, HEADS, WIDTH), np.float32),
            np.zeros((count, HEADS), np.float32),
            np.zeros((count, HEADS, RANK), np.float32),
        )

    def after(self, before: Remembered, embedded: Matrix, item: Ints, action: Ints) -> Remembered:
        """After some more steps (n, s), given with their items' embeddings (n, s, d).

        Padding, and an item that is unknown, tells nothing and asks nothing.
        """
        if item.shape[1] == 0:
            return before
        after = Remembered(before.sums.copy(), before.weight.copy(), before.asks.copy())
        _remember(embedded @ self.read, item, action, self.telling, *after)
        return after

    def of(self, batch: Batch, embedded: Matrix) -> Remembered:
        """After all steps of each window and those before it; `embedded` (n + 1, d) by item.

        The end of a window that is padded asks nothing, and nothing comes after it.
        """
        item = np.concatenate([batch.older_item, batch.item], axis=1)
        action = np.concatenate([batch.older_action, batch.action], axis=1)
        return self.after(self.begin(len(batch)), embedded[item + 1], item, action)

    def inner_of(self, remembered: Remembered) -> Matrix:
        """What the profiles come to, (n, d), of which both outputs are made."""
        mean = remembered.sums / (remembered.weight + self.prior)[..., None]
        known = np.log1p(remembered.weight)
        profile = np.concatenate([mean.reshape(len(known), VALUES), known], axis=1)
        inner: Matrix = np.tanh(profile @ self.inner + self.inner_bias)
        return inner

    def led_by(self, hidden: Matrix, inner: Matrix) -> Matrix:
        """The output states (n, d) of what the steps lead to."""
        led: Matrix = hidden + inner @ self.lead
        return led

    def own_by(self, inner: Matrix) -> Matrix:
        """The output states (n, d) of what the shopper turns to of their own accord."""
        own: Matrix = inner @ self.own + self.own_bias
        return own

    def outlook(self, hidden: Matrix, remembered: Remembered) -> Outlook:
        """What follows from the network's states (n, d) and what is remembered."""
        inner = self.inner_of(remembered)
        units = hidden.shape[1]
        logit = hidden @ self.share[:units] + inner @ self.share[units:-1] + self.share[-1]
        share: Matrix = _sigmoid(logit)
        return Outlook(self.led_by(hidden, inner), self.own_by(inner), share)

    def arrays(self) -> dict[str, Matrix]:
        """The fields by name, as part of the network's."""
        return {f"memory_{one.name}": getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Matrix]) -> "Memory | None":
        """The memory that `arrays` came from, which may hold others too; None without one."""
        if not any(name.startswith("memory_") for name in arrays):
            return None
        return cls(**{one.name: arrays[f"memory_{one.name}"] for one in fields(cls)})


def _sigmoid(values: Matrix) -> Matrix:
    half = np.float32(0.5)
    return half + half * np.tanh(half * values)


@compiled
def _remember(
    read: Matrix, item: Ints, action: Ints, telling: Matrix,
    sums: Matrix, weight: Matrix, asks: Matrix,
) -> None:  # fmt: skip
    """Add steps (n, s), of which `read` (n, s, READ) was read, to what is remembered."""
    half = np.float32(0.5)
    for row in range(len(item)):
        for step in range(item.shape[1]):
            said = read[row, step]
            if item[row, step] < 0:
                asks[row] = 0
                continue
            for head in range(HEADS):
                told = telling[action[row, step], head]
                for at in range(RANK):
                    told += asks[row, head, at] * said[ASKS + head * RANK + at]
                    asks[row, head, at] = said[head * RANK + at]
                gate = half + half * np.tanh(half * told)
                weight[row, head] += gate
                for at in range(WIDTH):
                    sums[row, head, at] += gate * said[ASKS + ANSWERS + head * WIDTH + at]
