"""The hardware of which an engine for layer normalisation consists."""

from __future__ import annotations

from vaqf_compiler.engines.accelerator import PARAMETER_BITS, Accelerator, bits_of
from vaqf_compiler.engines.addresses import cell
from vaqf_compiler.engines.layer_norm.plan import (
    GAMMA_BITS,
    MANTISSA_BITS,
    ROOT_BITS,
    VARIANCE,
    LayerNormPlan,
    Widths,
)
from vaqf_compiler.engines.parts import LOOP, Parts, decoder, digits, part, summed
from vaqf_compiler.hardware.blocks import Accumulator, Multiplexer
from vaqf_compiler.hardware.lanes import NormaliseLane
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.products import Product, dsp_slices
from vaqf_compiler.hardware.resources import Resources

LEAST_CENTRED_BITS = 18
"""Bits of the narrowest calibrated lanes; narrower ones are assumed to cost as much."""
MANTISSA_STEPS = 5
"""Steps that shift the root to its mantissa: by 16, 8, 4, 2 and 1 places."""


def layer_norm_parts(engine: LayerNormPlan, accelerator: Accelerator) -> Parts:
    """All parts of a layer normalisation engine."""
    widths = Widths.of(engine, accelerator)
    lanes, residual = accelerator.lanes, bits_of(accelerator.residual)
    groups, variance = accelerator.channel_groups, VARIANCE.width.data
    bits = bits_of(accelerator.activations)
    widened = max(0, LEAST_CENTRED_BITS - widths.centred)
    centred = widths.centred + widened
    return [
        part("gamma", lanes, Memory(groups, GAMMA_BITS)),
        part("beta", lanes, Memory(groups, PARAMETER_BITS)),
        part("squares", lanes, Product(residual, residual)),
        *summed("sums", 1, residual, lanes),
        *summed("sums of squares", 1, 2 * residual, lanes),
        part("sum", 1, Accumulator(widths.total)),
        part("sum of squares", 1, Accumulator(widths.squares)),
        part("variance", 1, Resources(lut=2 * variance, ff=2 * variance)),
        part("products of sums", 1, Resources(dsp=_variance_slices(widths, accelerator.channels))),
        part("rounding", 2, decoder(widths.product)),
        *digits("square root", ROOT_BITS, ROOT_BITS + 4, variance + ROOT_BITS),
        part("mantissa", MANTISSA_STEPS, Multiplexer(ROOT_BITS + 1, 2)),
        part("comparisons", MANTISSA_STEPS, Resources(lut=ROOT_BITS / 4)),
        *digits("division", MANTISSA_BITS + 1, MANTISSA_BITS + 3, 2 * MANTISSA_BITS),
        part("lanes", lanes, NormaliseLane(centred, widths.product + widened, bits)),
        part("loops", 4, LOOP),
        part("cells", 1, cell(accelerator.activations, accelerator.channel_groups)),
    ]


def _variance_slices(widths: Widths, channels: int) -> int:
    """DSP slices of channels times the sum of squares, and of the square of the sum."""
    channel_bits = channels.bit_length() + 1
    squared = dsp_slices(widths.total, widths.total)
    return squared + dsp_slices(channel_bits, widths.squares)
