"""Sixteen items at a time come to what one after the other does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.lanes import LANES, in_pairs, interleaved, products, products_of_both


@given(
    items=st.integers(0, 3 * LANES + 1), size=st.integers(1, 70), seed=st.integers(0, 1_000)
)  # fmt: skip
def test_the_products_are_those_of_the_rows(items: int, size: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows = draw.integers(-127, 128, (items, size)).astype(np.int8)
    state = draw.integers(-8191, 8192, size).astype(np.int16)
    scale, bias = (draw.random(items).astype(np.float32) for _ in range(2))
    unit, out = np.float32(1e-3), np.empty(items, np.float32)
    blocks = interleaved(rows)
    pairs = in_pairs(state, blocks)
    products(blocks, pairs, unit, scale, bias, out)
    sums = rows.astype(np.int64) @ state.astype(np.int64)
    np.testing.assert_allclose(out, sums * scale * unit + bias, rtol=1e-4, atol=1e-4)
    twice = np.empty((2, items), np.float32)
    products_of_both(blocks, pairs, unit, twice[0], -pairs, unit, twice[1], scale, bias)
    np.testing.assert_array_equal(twice[0], out)
    products(blocks, -pairs, unit, scale, bias, out)
    np.testing.assert_array_equal(twice[1], out)
