"""The parameters for which a layer normalisation engine is built, and the bits of its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerType
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import LayerNormOp
from vaqf_compiler.dialects.binvit.types import signed_bits
from vaqf_compiler.engines.accelerator import PARAMETER_BITS, Accelerator, bits_of

ROOT_BITS = 31
"""Bits of the square root of a number below 2**62."""
MANTISSA_BITS = 16
RECIPROCAL_BITS = 31
VARIANCE = IntegerType(2 * ROOT_BITS + 1)
"""Type of a variance, scaled by the square of the number of channels, with a sign."""
GAMMA_BITS = 16


@dataclass(frozen=True)
class LayerNormPlan:
    """Parameters of a layer normalisation engine."""

    name: str
    most_epsilon: int
    """The greatest epsilon of a layer, in units of the scaled variance."""


@dataclass(frozen=True)
class Widths:
    """Bits with which each intermediate result fits, which depend on the number of channels."""

    total: int
    squares: int
    centred: int
    product: int
    """Bits of a centred value times the reciprocal, with room for the rounding term."""
    normalised: int
    scaled: int

    @staticmethod
    def of(engine: LayerNormPlan, accelerator: Accelerator) -> Widths:
        """
        The widths of an engine. Raises PassFailedException if a variance may exceed the range of
        the square root.
        """
        channels = accelerator.channels
        low, high = (
            -(1 << (bits_of(accelerator.residual) - 1)),
            1 << (bits_of(accelerator.residual) - 1),
        )
        squares = channels * low * low
        if channels * squares + engine.most_epsilon >= 1 << (2 * ROOT_BITS):
            raise PassFailedException(
                f"layer normalisation of {channels} channels exceeds {2 * ROOT_BITS} bits"
            )
        centred = signed_bits(2 * channels * low, 2 * channels * high)
        # |centred / root| is at most sqrt(channels), and less than twice that with a root and a
        # mantissa that are rounded down.
        largest = 2 * (math.isqrt(channels) + 1) << LayerNormOp.FRACTION_BITS
        normalised = signed_bits(-largest, largest)
        return Widths(
            total=signed_bits(channels * low, channels * high),
            squares=signed_bits(0, squares),
            centred=centred,
            product=max(centred + MANTISSA_BITS + 2, 2 * RECIPROCAL_BITS - ROOT_BITS + 4) + 1,
            normalised=normalised,
            scaled=max(normalised + GAMMA_BITS, PARAMETER_BITS) + 2,
        )
