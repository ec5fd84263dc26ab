"""Which product of the steps moved the network most: asked again without each of them.

Occlusion (Zeiler & Fergus 2014, section 4.2), by product: all its steps are taken out of the
window, as if it had never been met.
"""

from collections.abc import Sequence

import numpy as np

from recommender.blend import Blend
from recommender.lstm_step import Lstm
from recommender.reasons import CONTEXT
from recommender.sequences import Batch, Ints


def moved_most(blend: Blend, batch: Batch, item: int) -> int | None:
    """The product of a batch of one window without which the network expects `item` least.

    Of the latest CONTEXT products. None where the blend has no network, where no product speaks for
    the item, or where the blend as a whole scores the item no less without it.
    """
    lstm = next((source for source in blend.sources if isinstance(source, Lstm)), None)
    steps = batch.item[0, : batch.length[0]]
    met = [one for one in dict.fromkeys(steps[::-1].tolist()) if one >= 0 and one != item]
    met = met[:CONTEXT]
    if lstm is None or not met:
        return None
    expected = lstm.score(_stacked(batch, [_without(batch, one) for one in met]))[:, item]
    # A window that is empty without the product says nothing of anything.
    expected = np.nan_to_num(expected)
    least = int(expected.argmin())
    if expected[least] >= np.nan_to_num(lstm.score(batch)[0, item]):
        return None
    rest = _stacked(batch, [_without(batch, met[least])])
    scores = np.nan_to_num([blend.score(one)[0, item] for one in (batch, rest)])
    return met[least] if scores[1] < scores[0] else None


def _without(batch: Batch, item: int) -> Ints:
    """The positions of the window's steps that are not with the item."""
    kept: Ints = np.flatnonzero(batch.item[0, : batch.length[0]] != item).astype(np.int32)
    return kept


def _stacked(batch: Batch, kept: Sequence[Ints]) -> Batch:
    """For each set of positions, the window with these steps alone."""
    lengths = np.array([len(one) for one in kept], np.int32)
    width = int(lengths.max(initial=0))
    item = np.full((len(kept), width), -1, np.int32)
    action, gap = np.zeros((2, len(kept), width), np.int32)
    in_session = np.zeros((len(kept), width), np.bool_)
    for row, places in enumerate(kept):
        size = len(places)
        item[row, :size] = batch.item[0, places]
        action[row, :size] = batch.action[0, places]
        gap[row, 1:size] = batch.gap[0, places[1:]]
        in_session[row, :size] = batch.in_session[0, places]
    older_item, older_action = (
        np.repeat(values, len(kept), axis=0) for values in (batch.older_item, batch.older_action)
    )
    return Batch(item, action, gap, in_session, lengths, older_item, older_action)
