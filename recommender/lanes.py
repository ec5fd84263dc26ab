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
AHEAD = 16
"""Pairs that are fetched ahead, past the caches that hold what the rest of a request needs: of
3.5 ms that a request takes, 0.3 are saved."""

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


def _products_of_block(
    _: Any, block: Any, state: Any, unit: Any, scale: Any, bias: Any, out: Any
) -> Any:
    """Write the products of the block's items with the state, as `products` has them, to `out`.

    `scale`, `bias` and `out` are of shape (LANES,).
    """
    return types.void(block, state, unit, scale, bias, out), _generate


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    int16, int32, int64 = (ir.IntType(bits) for bits in (16, 32, 64))
    floats = ir.VectorType(ir.FloatType(), LANES)
    bytes_, shorts, wide = (
        ir.VectorType(kind, 2 * LANES) for kind in (ir.IntType(8), int16, int32)
    )
    lanes = ir.VectorType(int32, LANES)
    unit = arguments[2]
    block, state, scale, bias, out = (
        make_array(kind)(context, builder, value)  # type: ignore[no-untyped-call]
        for kind, value in zip(signature.args, arguments, strict=True)
        if kind.__class__ is types.Array
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
    prefetch = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
        builder.module,
        ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), int32, int32, int32]),
        "llvm.prefetch.p0i8",
    )
    turns = builder.udiv(builder.extract_value(state.shape, 0), ir.Constant(int64, AT_ONCE))
    with cgutils.for_range(builder, turns) as loop:
        begin = builder.mul(loop.index, ir.Constant(int64, AT_ONCE))
        for offset, total in enumerate(totals):
            at = [builder.add(begin, ir.Constant(int64, offset))]
            ahead = builder.gep(weights, [builder.add(at[0], ir.Constant(int64, AHEAD))])
            builder.call(prefetch, [
                builder.bitcast(ahead, ir.IntType(8).as_pointer()), ir.Constant(int32, 0),
                ir.Constant(int32, 0), ir.Constant(int32, 1),
            ])  # fmt: skip
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
    whole = builder.sitofp(builder.add(left, right), floats)
    scales, biases = (
        builder.load(builder.bitcast(one.data, floats.as_pointer()), align=4)
        for one in (scale, bias)
    )
    alone = builder.insert_element(ir.Constant(floats, ir.Undefined), unit, ir.Constant(int32, 0))
    units = builder.shuffle_vector(alone, ir.Constant(floats, ir.Undefined), none)
    logits = builder.fadd(builder.fmul(whole, builder.fmul(scales, units)), biases)
    builder.store(logits, builder.bitcast(out.data, floats.as_pointer()), align=4)
    return context.get_dummy_value()


_add_up: Any = intrinsic(_products_of_block)


@compiled
def products(
    blocks: Blocks, state: NDArray[np.int16], unit: Any, scale: Scores, bias: Scores, out: Scores
) -> None:
    """Write each item's product with the state times its scale and `unit`, plus its bias.

    The sums of whole numbers must fit in 32 bits.
    """
    full = len(out) // LANES
    for block in range(full):
        own = slice(block * LANES, (block + 1) * LANES)
        _add_up(blocks[block], state, unit, scale[own], bias[own], out[own])
    rest = len(out) - full * LANES
    if rest:
        scales, biases = np.zeros(LANES, np.float32), np.zeros(LANES, np.float32)
        last = np.zeros(LANES, np.float32)
        scales[:rest], biases[:rest] = scale[-rest:], bias[-rest:]
        _add_up(blocks[full], state, unit, scales, biases, last)
        out[-rest:] = last[:rest]


@compiled
def products_of_both(
    blocks: Blocks,
    first: NDArray[np.int16], first_unit: Any, first_out: Scores,
    second: NDArray[np.int16], second_unit: Any, second_out: Scores,
    scale: Scores, bias: Scores,
) -> None:  # fmt: skip
    """`products` of two states, for which the items are read from memory once."""
    full = len(first_out) // LANES
    for block in range(full):
        own = slice(block * LANES, (block + 1) * LANES)
        _add_up(blocks[block], first, first_unit, scale[own], bias[own], first_out[own])
        _add_up(blocks[block], second, second_unit, scale[own], bias[own], second_out[own])
    last = slice(full * LANES, len(first_out))
    products(blocks[full:], first, first_unit, scale[last], bias[last], first_out[last])
    products(blocks[full:], second, second_unit, scale[last], bias[last], second_out[last])
