"""Multipliers in DSP slices and LUTs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vaqf_compiler.hardware.block import Block, Features
from vaqf_compiler.hardware.dsp import is_small

DSP_A_BITS = 27
DSP_B_BITS = 18
"""Widths of the operands of a DSP48E2's signed multiplier (AMD UG579)."""
PARTIAL_BITS = 17
"""Bits of a wider operand that each further slice takes: 18 bits without a sign."""
LUT_INPUTS = 6


def dsp_slices(a_bits: int, b_bits: int) -> int:
    """
    Return the DSP slices that Yosys's `mul2dsp` takes for a signed product. A small product takes
    none. Otherwise, it takes the number of pieces of the wider operand, cut to fit 27 bits, times
    that of the other, cut to fit 18 bits. (Yosys uses the same limit for small products.)
    """
    wide, narrow = max(a_bits, b_bits), min(a_bits, b_bits)
    if is_small(a_bits, b_bits):
        return 0
    return _pieces(wide, DSP_A_BITS) * _pieces(narrow, DSP_B_BITS)


def _pieces(bits: int, most: int) -> int:
    return 1 + (0 if bits <= most else -(-(bits - most) // PARTIAL_BITS))


def product_features(a_bits: int, b_bits: int) -> Features:
    """
    Return the features of a product besides DSP slices. A product made of LUTs takes its partial
    products, and the additions of all but the first two, which need no LUTs of their own; if both
    operands are inputs of one LUT, there are no additions. A wide product takes the additions of
    its parts. (Vivado may add the parts inside slices.)
    """
    if is_small(a_bits, b_bits):
        bits = a_bits + b_bits
        additions = max(min(a_bits, b_bits) - 2, 0) * bits if bits > LUT_INPUTS else 0
        return {"partial product bits": a_bits * b_bits, "partial sum bits": additions}
    wide, narrow = max(a_bits, b_bits), min(a_bits, b_bits)
    return {"bits of added parts": _added_bits(wide, narrow)}


def _added_bits(wide: int, narrow: int) -> int:
    """
    Return the bits of the additions of a product's parts. The parts of the wide operand are added
    one after another.
    """
    pieces = _pieces(wide, DSP_A_BITS)
    if pieces == 1:
        return _sum_bits(narrow, wide, _pieces(narrow, DSP_B_BITS))
    rest = wide - PARTIAL_BITS * (pieces - 1)
    inner = _pieces(narrow, DSP_B_BITS)
    parts = (pieces - 1) * _sum_bits(narrow, PARTIAL_BITS + 1, inner)
    return parts + _sum_bits(narrow, rest, inner) + _sum_bits(wide, narrow, pieces)


def _sum_bits(cut: int, other: int, pieces: int) -> int:
    """Return the bits of the sums of `pieces` parts of an operand, each times the other operand."""
    if pieces == 1:
        return 0
    partial = (pieces - 2) * (other + PARTIAL_BITS + 1)
    return partial + other + cut - PARTIAL_BITS * (pieces - 1)


@dataclass(frozen=True)
class Product(Block):
    """
    A pipelined signed product. Its registers are those of the DSP slice, or, if it is small and
    made of LUTs, those of its neighbours.
    """

    a_bits: int
    b_bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"a_bits": (1, 48), "b_bits": (1, 48)}

    def lut_features(self) -> Features:
        """Return the features of the product; see `product_features`."""
        return product_features(self.a_bits, self.b_bits)

    def ff_features(self) -> Features:
        """Return no features, because the block has no registers of its own."""
        return {}

    @property
    def dsp(self) -> int:
        """The DSP slices; see `dsp_slices`."""
        return dsp_slices(self.a_bits, self.b_bits)
