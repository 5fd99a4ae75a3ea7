"""The choice of integer types from ranges."""

from __future__ import annotations

import math

import numpy as np

from vaqf_compiler.dialects.binvit import LayerNormOp, QuantizedType
from vaqf_compiler.reference.interpreter import Array

FARTHEST = 2.0**45
"""
The largest ratio between the scale of a result and that of the sums it is requantised from.
Requantisation cannot shift any further, and with a larger ratio the sums would be negligible.
"""


def symmetric(bits: int, largest: float, finest: float = 0.0) -> QuantizedType:
    """
    Return the signed type of `bits` bits whose greatest integer stands for `largest`, but with a
    scale of at least `finest`. The range of a tensor of zeros is set to 1: any would do, and this
    one keeps the scales of sums with such a tensor in proportion to their biases.
    """
    greatest = max(1, (1 << (bits - 1)) - 1)
    return QuantizedType(bits, max((largest or 1.0) / greatest, finest))


def binary_scale(weight: Array) -> float:
    """Return the scale of a layer's binary weights, which is their mean absolute value."""
    return float(np.abs(weight.astype(np.float64)).mean())


def probability(bits: int, largest: float) -> QuantizedType:
    """Return the unsigned type with the finest power-of-two scale that still holds `largest`."""
    exponent = bits - math.ceil(math.log2(max(largest, 2.0**-16)))
    if largest > 2.0 ** (bits - exponent) * (1 - 2.0**-bits):
        exponent -= 1
    return QuantizedType(bits, 2.0 ** -min(max(exponent, 1), 35), signed=False)


BIAS_BITS = 31
"""
Bits of a bias. After `binvit.complement_bias`, it still fits into the 32 bits in which it is
stored.
"""


def integer_bias(values: Array, scale: float) -> QuantizedType:
    """
    Return the narrowest type with the accumulator's scale that holds every value, up to
    `BIAS_BITS`.
    """
    largest = int(np.rint(np.abs(values.astype(np.float64)).max() / scale))
    return QuantizedType(min(BIAS_BITS, largest.bit_length() + 1), scale)


def finest_sums(bias: Array) -> float:
    """Return the smallest scale of an accumulator for which a bias fits."""
    return float(np.abs(bias.astype(np.float64)).max()) / ((1 << (BIAS_BITS - 1)) - 1)


def finest_normalised(gamma: Array, beta: Array) -> float:
    """Return the smallest scale of a layer normalisation's result for which gamma and beta fit."""
    by_gamma = float(np.abs(gamma).max()) / (2**LayerNormOp.FRACTION_BITS * (2**15 - 1))
    by_beta = float(np.abs(beta).max()) / (2**31 - 1)
    return 2 * max(by_gamma, by_beta)


def layer_norm_types(
    gamma: Array, beta: Array, result: QuantizedType
) -> tuple[QuantizedType, QuantizedType]:
    """
    Return types of gamma (16 bits) and beta (32 bits) with the finest scales that hold their
    values. The result's scale is beta's times `2**shift`, and gamma's is beta's times 2**12.
    """
    fraction = LayerNormOp.FRACTION_BITS
    largest_gamma, largest_beta = float(np.abs(gamma).max()), float(np.abs(beta).max())
    scale = result.scale.data
    shift = LayerNormOp.MOST_SHIFT
    if largest_gamma:
        ratio = scale * 2**fraction * (2**15 - 1) / largest_gamma
        shift = min(shift, math.floor(math.log2(ratio)))
    if largest_beta:
        shift = min(shift, math.floor(math.log2(scale * (2**31 - 1) / largest_beta)))
    shift = max(shift, 1)
    beta_scale = math.ldexp(scale, -shift)
    return QuantizedType(16, math.ldexp(beta_scale, fraction)), QuantizedType(32, beta_scale)
