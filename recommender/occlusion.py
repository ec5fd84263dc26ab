"""Which product of the steps moved the network most: asked again without each of them.

Occlusion (Zeiler & Fergus 2014, section 4.2), by product: all its steps are taken out of the
window and of what is remembered before it. The pauses before the other steps stay as they were.
"""

import numpy as np

from recommender.blend import Blend
from recommender.lstm_step import Lstm
from recommender.reasons import CONTEXT
from recommender.sequences import Batch


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
    without = [_without(batch, one) for one in met]
    # A window that is empty without the product says nothing of anything.
    expected = np.array([np.nan_to_num(lstm.expected(one)[0, item]) for one in without])
    least = int(expected.argmin())
    if expected[least] >= np.nan_to_num(lstm.expected(batch)[0, item]):
        return None
    scores = [np.nan_to_num(blend.score(one)[0, item]) for one in (batch, without[least])]
    return met[least] if scores[1] < scores[0] else None


def _without(batch: Batch, item: int) -> Batch:
    """The window without the item's steps."""
    kept = np.flatnonzero(batch.item[0, : batch.length[0]] != item)
    gap = batch.gap[:, kept]
    gap[:, :1] = 0
    other = batch.older_item != item
    return Batch(
        batch.item[:, kept],
        batch.action[:, kept],
        gap,
        batch.in_session[:, kept],
        np.array([len(kept)], np.int32),
        np.where(other, batch.older_item, -1).astype(np.int32),
        np.where(other, batch.older_action, 0).astype(np.int32),
    )
