"""
What each operation computes on integers: docs/arithmetic.md in NumPy.

All arrays are int64. `>>` is the arithmetic shift and `//` rounds down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vaqf_compiler.dialects.binvit.elementwise import LayerNormOp
from vaqf_compiler.dialects.binvit.types import IntegerElement, QuantizedType
from vaqf_compiler.reference.tables import (
    EXP_BITS,
    EXP_INDEX_BITS,
    RECIPROCAL_BITS,
    SoftmaxConstants,
    exp_table,
)

Ints = NDArray[np.int64]


def clamp(x: Ints, element: IntegerElement) -> Ints:
    """Saturate to the range of the type."""
    return np.clip(x, element.minimum, element.maximum)


def quantize(x: NDArray[np.generic], element: IntegerElement) -> Ints:
    """`clamp(round(x / scale))`, ties to even; binary: the sign, with +1 for zero."""
    if not isinstance(element, QuantizedType):
        return np.where(x.astype(np.float64) >= 0, np.int64(1), np.int64(-1))
    scaled = np.rint(x.astype(np.float64) / element.scale.data)
    return np.clip(scaled, element.minimum, element.maximum).astype(np.int64)


def matmul(a: Ints, b: Ints, magnitude_a: int, magnitude_b: int) -> Ints:
    """
    The exact product of integer matrices with elements of at most the given magnitudes.

    Floating-point products go through BLAS. They are exact: every product and every partial sum,
    in whatever order, is an integer of magnitude at most `terms * magnitude_a * magnitude_b`, and
    integers up to 2**24 (float32) or 2**53 (float64) are represented exactly.
    """
    bound = a.shape[-1] * magnitude_a * magnitude_b
    if bound <= 2**24:
        return (a.astype(np.float32) @ b.astype(np.float32)).astype(np.int64)
    if bound <= 2**53:
        return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)
    return a @ b


def magnitude(element: IntegerElement) -> int:
    """The greatest absolute value of a type."""
    return max(-element.minimum, element.maximum)


def shift_right_rounding(x: Ints, shift: Ints | int) -> Ints:
    """`x / 2**shift` rounded to the nearest integer, ties up; `shift` is at least 1."""
    return (x + (np.int64(1) << (shift - 1))) >> shift


def isqrt(x: Ints) -> Ints:
    """The integer part of the square root of numbers in `0 .. 2**62`."""
    root = np.sqrt(x.astype(np.float64)).astype(np.int64)  # off by at most one
    root -= root * root > x
    root += (root + 1) * (root + 1) <= x
    return root


def bit_length(x: Ints) -> Ints:
    """The number of bits of integers in `0 .. 2**53`, which float64 holds exactly."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


def layer_norm(x: Ints, gamma: Ints, beta: Ints, epsilon: int, shift: int) -> Ints:
    """Normalise each row of `x`; the result before saturation."""
    channels = x.shape[-1]
    total = x.sum(axis=-1, keepdims=True)
    squares = (x * x).sum(axis=-1, keepdims=True)
    root = isqrt(channels * squares - total * total + epsilon)
    exponent = bit_length(root) - 16
    mantissa = np.where(exponent >= 0, root >> exponent.clip(0), root << (-exponent).clip(0))
    reciprocal = (np.int64(1) << 31) // mantissa
    centred = channels * x - total
    fraction_shift = 31 - LayerNormOp.FRACTION_BITS + exponent
    normalised = shift_right_rounding(centred * reciprocal, fraction_shift)
    return shift_right_rounding(normalised * gamma + beta, shift)


def softmax(x: Ints, constants: SoftmaxConstants, result: QuantizedType, exponent: int) -> Ints:
    """Softmax over the last dimension, in units of `2**-exponent`."""
    difference = np.minimum(x.max(axis=-1, keepdims=True) - x, constants.limit)
    power = (difference * constants.multiplier) >> constants.shift
    index_mask = (1 << EXP_INDEX_BITS) - 1
    whole = np.minimum(power >> EXP_INDEX_BITS, EXP_BITS + 1)
    exponentials = exp_table()[power & index_mask] >> whole
    reciprocal = (np.int64(1) << RECIPROCAL_BITS) // exponentials.sum(axis=-1, keepdims=True)
    return clamp(
        shift_right_rounding(exponentials * reciprocal, RECIPROCAL_BITS - exponent), result
    )
