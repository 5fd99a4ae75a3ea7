"""
Tables and constants of the integer operations, as docs/arithmetic.md defines them.

The interpreter computes with them, and the generated hardware is printed from them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from vaqf_compiler.dialects.binvit import GeluOp, LayerNormOp
from vaqf_compiler.dialects.binvit.checks import quantized, shape_of

EXP_INDEX_BITS = 8
"""Binary places of the exponent that the table of powers of two resolves."""

EXP_BITS = 15
"""Binary places of an exponential: 2**0 is 2**15."""

MOST_EXP_SHIFT = 50
"""With a greater one, the limit of differences would leave 64 bits."""

RECIPROCAL_BITS = 36
"""Binary places of the reciprocal of a softmax row's sum."""


def exp_table() -> NDArray[np.int64]:
    """`round(2**(15 - i/256))` for `i` in 0..255."""
    exponents = EXP_BITS - np.arange(1 << EXP_INDEX_BITS) / (1 << EXP_INDEX_BITS)
    return np.rint(np.exp2(exponents)).astype(np.int64)


class SoftmaxConstants(NamedTuple):
    """How a difference of scores becomes a power of two: `z = (d * multiplier) >> shift`."""

    multiplier: int
    """
    16 bits; `multiplier / 2**shift` approximates the scale of the scores over ln(2)/256. Fewer bits
    with the greatest shift.
    """
    shift: int
    limit: int
    """The difference from which on the exponential is zero: greater ones are cut to it."""


def softmax_constants(scale: float) -> SoftmaxConstants:
    """The constants for scores whose unit is `scale`."""
    ratio = scale * math.log2(math.e) * (1 << EXP_INDEX_BITS)
    mantissa, exponent = math.frexp(ratio)
    multiplier, shift = round(mantissa * 2**16), 16 - exponent
    if multiplier == 1 << 16:
        multiplier, shift = multiplier >> 1, shift - 1
    if shift < 0:  # one unit already makes every other exponential zero
        multiplier, shift = (1 << 16) - 1, 0
    if shift > MOST_EXP_SHIFT:  # what the multiplier loses is nothing after the shift
        multiplier = max(1, multiplier >> min(shift - MOST_EXP_SHIFT, 16))
        shift = MOST_EXP_SHIFT
    zero = (EXP_BITS + 1) << EXP_INDEX_BITS
    return SoftmaxConstants(multiplier, shift, -((-zero << shift) // multiplier))


def layer_norm_epsilon(op: LayerNormOp) -> int:
    """The integer that is added under the root: epsilon in units of the scaled variance."""
    channels = shape_of(op.input)[1]
    scale = quantized("input", op.input).scale.data
    return max(1, round(op.epsilon.value.data * channels * channels / scale**2))


def gelu(x: NDArray[np.floating], approximate: str) -> NDArray[np.floating]:
    """GELU in the precision of `x`: exact, or by its tanh approximation."""
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + np.tanh(inner))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_table(op: GeluOp) -> NDArray[np.int64]:
    """The results of a quantised GELU for all its inputs, the most negative one first."""
    source, target = quantized("input", op.input), quantized("result", op.result)
    x = np.arange(source.minimum, source.maximum + 1) * source.scale.data
    y = np.rint(gelu(x, op.approximate.data) / target.scale.data)
    return np.clip(y, target.minimum, target.maximum).astype(np.int64)
