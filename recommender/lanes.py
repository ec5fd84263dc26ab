"""Products of one state with the rows of many items, sixteen items at a time.

A product of two short vectors is mostly spent on adding up its own parts. So the rows lie
interleaved in blocks of LANES items, and what is added up is a vector with a number for each of
them. Written as LLVM's vectors of any machine: one with AVX-512 multiplies and adds 32 weights by
one instruction, and reading the weights from memory is all that takes time.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.protocol import Scores

LANES = 16
AT_ONCE = 4
"""Pairs of weights a turn of the loop, each with a sum of its own, so that none waits."""

type Blocks = NDArray[np.int8]
"""Shape (blocks, pairs, LANES, 2): the rows of LANES items, two weights of each side by side."""


def interleaved(rows: NDArray[np.int8]) -> Blocks:
    """The rows (n, d) as blocks, filled up with zeros."""
    n, d = rows.shape
    whole = np.zeros((-(-n // LANES) * LANES, -(-d // (2 * AT_ONCE)) * 2 * AT_ONCE), np.int8)
    whole[:n, :d] = rows
    blocks = whole.reshape(-1, LANES, whole.shape[1] // 2, 2).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(blocks)


def in_pairs(state: NDArray[np.int16], blocks: Blocks) -> NDArray[np.int16]:
    """The state (d,) in the shape (pairs, 2) that goes with the blocks."""
    pairs = np.zeros(blocks.shape[1] * 2, np.int16)
    pairs[: len(state)] = state
    return pairs.reshape(-1, 2)


def _products_of_block(_: Any, block: Any, state: Any, sums: Any) -> Any:
    """Write the products of the block's items with the state to `sums` (LANES,)."""
    return types.void(block, state, sums), _generate


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    int16, int32, int64 = (ir.IntType(bits) for bits in (16, 32, 64))
    bytes_, shorts, wide = (
        ir.VectorType(kind, 2 * LANES) for kind in (ir.IntType(8), int16, int32)
    )
    lanes = ir.VectorType(int32, LANES)
    block, state, sums = (
        make_array(kind)(context, builder, value)  # type: ignore[no-untyped-call]
        for kind, value in zip(signature.args, arguments, strict=True)
    )
    weights = builder.bitcast(block.data, bytes_.as_pointer())
    pairs = builder.bitcast(state.data, int32.as_pointer())
    first, second, none = (
        ir.Constant(lanes, [step * lane + at for lane in range(LANES)])
        for step, at in ((2, 0), (2, 1), (0, 0))
    )
    totals = [builder.alloca(lanes) for _ in range(AT_ONCE)]
    for total in totals:
        builder.store(ir.Constant(lanes, [0] * LANES), total)
    turns = builder.udiv(builder.extract_value(state.shape, 0), ir.Constant(int64, AT_ONCE))
    with cgutils.for_range(builder, turns) as loop:
        begin = builder.mul(loop.index, ir.Constant(int64, AT_ONCE))
        for offset, total in enumerate(totals):
            at = [builder.add(begin, ir.Constant(int64, offset))]
            row = builder.load(builder.gep(weights, at), align=1)
            pair = builder.load(builder.gep(pairs, at), align=2)
            alone = builder.insert_element(
                ir.Constant(lanes, ir.Undefined), pair, ir.Constant(int32, 0)
            )
            repeated = builder.bitcast(
                builder.shuffle_vector(alone, ir.Constant(lanes, ir.Undefined), none), shorts
            )
            product = builder.mul(builder.sext(row, wide), builder.sext(repeated, wide))
            unused = ir.Constant(wide, ir.Undefined)
            both = builder.add(
                builder.shuffle_vector(product, unused, first),
                builder.shuffle_vector(product, unused, second),
            )
            builder.store(builder.add(builder.load(total), both), total)
    left, right = (
        builder.add(builder.load(totals[at]), builder.load(totals[at + 1])) for at in (0, 2)
    )
    builder.store(builder.add(left, right), builder.bitcast(sums.data, lanes.as_pointer()), align=4)
    return context.get_dummy_value()


_add_up: Any = intrinsic(_products_of_block)


@compiled
def products(
    blocks: Blocks, state: NDArray[np.int16], unit: Any, scale: Scores, bias: Scores, out: Scores
) -> Any:
    """Write each item's product with the state times its scale and `unit`, plus its bias.

    Returns the highest. The sums of whole numbers must fit in 32 bits.
    """
    sums = np.empty(LANES, np.int32)
    highest = np.float32(-1e30)
    for block in range(len(blocks)):
        _add_up(blocks[block], state, sums)
        begin = block * LANES
        for item in range(begin, min(begin + LANES, len(out))):
            out[item] = np.float32(sums[item - begin]) * (scale[item] * unit) + bias[item]
            highest = max(highest, out[item])
    return highest
