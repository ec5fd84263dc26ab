"""What the network learns from: windows of steps, and what came after each step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.abandonment import UNKNOWN
from recommender.sequences import WINDOW, Batch, Bools, Ints, Log, first_touches, starts, windows

NO_TARGET = -1
type Targets = Callable[[Log], Ints]
"""For each step of a log, the item to predict after it, or NO_TARGET."""


@dataclass(frozen=True)
class Examples:
    """Windows with the item to predict after each step, NO_TARGET where there is none.

    `fate` says what became of the cart open after each step, as `Carts.fates` does; `position`,
    which step of the log each is (0 for padding).
    """

    batch: Batch
    target: Ints
    fate: Ints
    position: Ints

    def __len__(self) -> int:
        return len(self.batch)


class MiniBatch(NamedTuple):
    """What one gradient step sees of some examples, each array (n, longest).

    The older steps' are (n, most), as a `Batch` has them.
    """

    item: Ints
    action: Ints
    gap: Ints
    target: Ints
    fate: Ints
    position: Ints
    older_item: Ints
    older_action: Ints


def next_new(log: Log) -> Ints:
    """For each step, the product that its session first turns to next; NO_TARGET at the end."""
    target = np.full(len(log), NO_TARGET, np.int32)
    touches = first_touches(log)
    touches = touches[(touches > starts(log.session)[touches]) & (log.item[touches] >= 0)]
    target[touches - 1] = log.item[touches]
    return target


def next_step(log: Log) -> Ints:
    """For each step, the product of its session's next step, met before or not."""
    target = np.full(len(log), NO_TARGET, np.int32)
    follows = log.session[1:] == log.session[:-1]
    target[:-1] = np.where(follows, log.item[1:], NO_TARGET)
    return target


def examples(
    log: Log,
    *,
    length: int = WINDOW,
    memory: int = 0,
    wanted: Targets = next_new,
    fate: Ints | None = None,
) -> Examples:
    """Windows that cover every target of the log once, each with at least half a window before it.

    A shopper's first window counts whole; of a later one only its newer half, the older half being
    there to fill the state. Of the steps before it `memory` are remembered.
    """
    if len(log) == 0:
        raise ValueError("there are no steps to train on")
    stride = length // 2
    begin = starts(log.shopper)
    place = np.arange(len(log)) - begin
    last = np.diff(log.shopper, append=log.shopper[-1] + 1) != 0
    ends = np.flatnonzero((place >= length - 1) & ((place - length + 1) % stride == 0) | last)
    before = np.concatenate([[-1], ends[:-1]])
    fresh = np.where(
        begin[ends] == begin[np.maximum(before, 0)], ends - before, ends - begin[ends] + 1
    )
    batch = windows(
        log, ends + 1, session=log.session[ends], shopper=log.shopper[ends], length=length,
        memory=memory,
    )  # fmt: skip
    width = batch.item.shape[1]
    columns = np.arange(width)
    position = (ends + 1 - batch.length)[:, None] + columns
    valid = columns < batch.length[:, None]
    counted = valid & (columns >= (batch.length - fresh)[:, None])
    position = np.where(valid, position, 0)
    target = np.where(counted, wanted(log)[position], NO_TARGET)
    fates = np.full_like(target, UNKNOWN)
    if fate is not None:
        fates = np.where(counted, fate[position], UNKNOWN)
    useful = ((target != NO_TARGET) | (fates != UNKNOWN)).any(axis=1)
    return Examples(
        _rows(batch, useful),
        *(part[useful].astype(np.int32) for part in (target, fates, position)),
    )


def _rows(batch: Batch, keep: Bools | NDArray[np.int64]) -> Batch:
    return Batch(
        batch.item[keep],
        batch.action[keep],
        batch.gap[keep],
        batch.in_session[keep],
        batch.length[keep],
        batch.older_item[keep],
        batch.older_action[keep],
    )


def mini_batches(found: Examples, *, size: int, draw: np.random.Generator) -> Iterator[MiniBatch]:
    """Windows about equally long, those with about as many older steps together, at random."""
    order = draw.permutation(len(found))
    older = (found.batch.older_action > 0).sum(axis=1)
    pool = size * 20
    batches: list[NDArray[np.int64]] = []
    for begin in range(0, len(order), pool):
        part = order[begin : begin + pool]
        part = part[np.lexsort((older[part], found.batch.length[part]))]
        batches += [part[at : at + size] for at in range(0, len(part), size)]
    for index in draw.permutation(len(batches)):
        rows = batches[index]
        width = int(found.batch.length[rows].max())
        begin = found.batch.older_item.shape[1] - int(older[rows].max())
        whole = (
            *(found.batch.item, found.batch.action, found.batch.gap),
            *(found.target, found.fate, found.position),
        )
        before = found.batch.older_item, found.batch.older_action
        yield MiniBatch(
            *(part[rows, :width] for part in whole), *(part[rows, begin:] for part in before)
        )
