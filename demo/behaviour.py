"""What a simulated shopper turns to next: one explicit distribution, used twice.

The simulation draws from it, and the oracle computes it from the same observable state, so the
oracle's ranking is the best that any predictor can reach.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from demo.world import Bools, Floats, Ints, Tastes, World

LEFTOVER_NEXT = 0.85
"""Who came back for the things left in the cart goes on to the next of them this often."""
SAME_TRAIL = 10.0
"""How much likelier the trail is that the last two products lie on than one met just now."""


class Did(IntEnum):
    """The last thing done with the last product."""

    NOTHING = 0
    VIEW = 1
    ADD = 2
    REMOVE = 3
    PURCHASE = 4


# What leads on, by the last action and whether the last two products are of one category: a trail,
# a bundle, a comparison; the rest is the shopper's own taste. Comparing ends after the second look.
# Where a product is on no trail or in no bundle, its part goes to comparison and taste.
MIX = np.array(
    [
        [(0.0, 0.0, 0.0), (0.0, 0.0, 0.0)],
        [(0.16, 0.04, 0.40), (0.36, 0.07, 0.07)],
        [(0.56, 0.13, 0.02), (0.56, 0.13, 0.02)],
        [(0.08, 0.0, 0.50), (0.08, 0.0, 0.26)],
        [(0.36, 0.10, 0.04), (0.36, 0.10, 0.04)],
    ],
    np.float32,
)


@dataclass
class Moments:
    """Shoppers at the point of turning to a next product, arrays of length b.

    All of it can be observed: `last` product and what was done with it, the one before it
    (`previous`), both -1 where there is none and both possibly from an earlier session; `touched`
    (b, n), the products of this session; `leftover`, the next thing left in the cart where the
    session has so far gone through exactly the first of them in order, else -1; `day` since the
    simulation began, of the session's first product. `shopper` is the row of the tastes.
    """

    shopper: Ints
    day: Ints
    last: Ints
    did: Ints
    previous: Ints
    touched: Bools
    leftover: Ints


def next_probabilities(world: World, tastes: Tastes, at: Moments) -> Floats:
    """The probability of each product being the next, shape (b, n); touched ones have none."""
    count = len(at.last)
    known = at.last >= 0
    last = np.where(known, at.last, 0)
    alike = (at.previous >= 0) & (world.category[at.previous] == world.category[last])
    planned = MIX[np.where(known, at.did, Did.NOTHING), alike.astype(np.int64)]
    share = planned.copy()
    fit = tastes.fit[at.shopper]
    free = ~at.touched
    trail = _on_trails(world, at, last, known)
    mixed = np.zeros((count, world.size), np.float32)
    for part, weights in ((0, trail), (1, world.bundle[last])):
        share[:, part] *= _mix_in(mixed, share[:, part], weights, fit, free)
    unused = (planned - share)[:, :2].sum(axis=1)
    share[:, 2] += np.where(share[:, 2] > 0, unused / 2, 0)
    direction = _direction(world, alike, last, at.previous)
    share[:, 2] *= _mix_in(mixed, share[:, 2], world.compare[direction, last], fit, free)
    own = tastes.pull[at.shopper] * world.fashion[np.clip(at.day, 0, len(world.fashion) - 1)]
    _mix_in(mixed, 1 - share.sum(axis=1), own, None, free)
    rows = np.flatnonzero(at.leftover >= 0)
    mixed[rows] *= 1 - LEFTOVER_NEXT
    mixed[rows, at.leftover[rows]] += LEFTOVER_NEXT
    return mixed


def _mix_in(
    mixed: Floats, share: Floats, weights: Floats, fit: Floats | None, free: Bools
) -> Floats:
    """Add `share` of the normalised weights; says (0 or 1) in which rows there were any."""
    part = weights * free
    if fit is not None:
        part *= fit
    total = part.sum(axis=1)
    some = total > 0
    part *= (share / np.where(some, total, 1))[:, None]
    mixed += part
    return some.astype(np.float32)


def _on_trails(world: World, at: Moments, last: Ints, known: Bools) -> Floats:
    """The products one stage on, each trail weighed by whether the shopper came along it."""
    weights = np.zeros((len(last), world.size), np.float32)
    for trail in range(len(world.stage)):
        stage = world.stage[trail, last]
        rows = np.flatnonzero(known & (stage >= 0))
        before = np.where(at.previous >= 0, world.stage[trail, at.previous], -2)
        along = before[rows] == stage[rows] - 1
        follow = world.follow[trail, last[rows]]
        total = np.maximum(follow.sum(axis=1, keepdims=True), 1e-9)
        weights[rows] += follow / total * np.where(along, SAME_TRAIL, 1.0)[:, None]
    return weights


def _direction(world: World, alike: Bools, last: Ints, previous: Ints) -> Ints:
    """0 none, 1 upwards, 2 downwards: how the price went within one category."""
    up = world.price[last] > world.price[previous]
    down = world.price[last] < world.price[previous]
    return np.where(alike & up, 1, np.where(alike & down, 2, 0))
