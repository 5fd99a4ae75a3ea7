"""From ranges to integer types."""

from __future__ import annotations

import math

import numpy as np

from vaqf_compiler.dialects.binvit import LayerNormOp, QuantizedType
from vaqf_compiler.reference.interpreter import Array

SMALLEST_RANGE = 1e-6
"""Ranges below this, of tensors that are all zero, are taken as this."""


def symmetric(bits: int, largest: float) -> QuantizedType:
    """The signed type of `bits` bits whose greatest integer stands for `largest`."""
    greatest = max(1, (1 << (bits - 1)) - 1)
    return QuantizedType(bits, max(largest, SMALLEST_RANGE) / greatest)


def binary_scale(weight: Array) -> float:
    """
    What a layer's binary weights are multiples of: their mean absolute value, or 1 where all are 0.
    """
    return float(np.abs(weight.astype(np.float64)).mean()) or 1.0


def probability(bits: int, largest: float) -> QuantizedType:
    """The unsigned type with the finest power-of-two scale that still holds `largest`."""
    exponent = bits - math.ceil(math.log2(max(largest, 2.0**-16)))
    if largest > 2.0 ** (bits - exponent) * (1 - 2.0**-bits):
        exponent -= 1
    return QuantizedType(bits, 2.0 ** -min(max(exponent, 1), 35), signed=False)


def integer_bias(values: Array, scale: float) -> QuantizedType:
    """
    The narrowest type with the accumulator's scale that holds every value, up to 31 bits: with what
    `binvit.complement_bias` adds, a bias still fits the 32 bits that it is stored in.
    """
    largest = int(np.rint(np.abs(values.astype(np.float64)).max() / scale))
    return QuantizedType(min(31, largest.bit_length() + 1), scale)


def layer_norm_types(
    gamma: Array, beta: Array, result: QuantizedType
) -> tuple[QuantizedType, QuantizedType]:
    """
    Types of gamma (16 bits) and beta (32 bits) with the finest scales that hold their values:
    the result's scale is beta's times `2**shift`, and gamma's is beta's times 2**12.
    """
    fraction = LayerNormOp.FRACTION_BITS
    largest_gamma = max(float(np.abs(gamma).max()), SMALLEST_RANGE)
    largest_beta = max(float(np.abs(beta).max()), SMALLEST_RANGE)
    scale = result.scale.data
    by_gamma = math.floor(math.log2(scale * 2**fraction * (2**15 - 1) / largest_gamma))
    by_beta = math.floor(math.log2(scale * (2**31 - 1) / largest_beta))
    shift = min(max(min(by_gamma, by_beta), 1), 31)
    beta_scale = math.ldexp(scale, -shift)
    return QuantizedType(16, math.ldexp(beta_scale, fraction)), QuantizedType(32, beta_scale)
