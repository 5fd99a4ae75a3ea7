"""Multipliers in DSP slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vaqf_compiler.hardware.block import Block, Features
from vaqf_compiler.hardware.dsp import is_small

DSP_A_BITS = 27
DSP_B_BITS = 18
"""Operands of a DSP48E2's signed multiplier (AMD UG579)."""
PARTIAL_BITS = 17
"""Of a wider operand that a further slice takes: 18 bits less a sign."""
LUT_INPUTS = 6


def dsp_slices(a_bits: int, b_bits: int) -> int:
    """
    Slices that Yosys's `mul2dsp` takes for a signed product: none for a small one, otherwise
    those of the wider operand, cut to fit 27 bits, times those of the other, cut to fit 18. (What
    is small is the same for Yosys.)
    """
    wide, narrow = max(a_bits, b_bits), min(a_bits, b_bits)
    if is_small(a_bits, b_bits):
        return 0
    return _pieces(wide, DSP_A_BITS) * _pieces(narrow, DSP_B_BITS)


def _pieces(bits: int, most: int) -> int:
    return 1 + (0 if bits <= most else -(-(bits - most) // PARTIAL_BITS))


def product_features(a_bits: int, b_bits: int) -> Features:
    """
    What a product takes besides DSP slices. One out of LUTs: partial products, and adding all
    but the first two, which need no LUTs of their own; none where both operands are inputs of one
    LUT. A wide one: additions of its parts. (Vivado may add the parts inside slices.)
    """
    if is_small(a_bits, b_bits):
        bits = a_bits + b_bits
        additions = max(min(a_bits, b_bits) - 2, 0) * bits if bits > LUT_INPUTS else 0
        return {"partial product bits": a_bits * b_bits, "partial sum bits": additions}
    wide, narrow = max(a_bits, b_bits), min(a_bits, b_bits)
    return {"bits of added parts": _added_bits(wide, narrow)}


def _added_bits(wide: int, narrow: int) -> int:
    """Of the parts of a product: those of the wide operand, which are added one after another."""
    pieces = _pieces(wide, DSP_A_BITS)
    if pieces == 1:
        return _sum_bits(narrow, wide, _pieces(narrow, DSP_B_BITS))
    rest = wide - PARTIAL_BITS * (pieces - 1)
    inner = _pieces(narrow, DSP_B_BITS)
    parts = (pieces - 1) * _sum_bits(narrow, PARTIAL_BITS + 1, inner)
    return parts + _sum_bits(narrow, rest, inner) + _sum_bits(wide, narrow, pieces)


def _sum_bits(cut: int, other: int, pieces: int) -> int:
    """Bits of the sums of `pieces` parts of an operand, each times the other operand."""
    if pieces == 1:
        return 0
    partial = (pieces - 2) * (other + PARTIAL_BITS + 1)
    return partial + other + cut - PARTIAL_BITS * (pieces - 1)


@dataclass(frozen=True)
class Product(Block):
    """
    A signed product, pipelined. Its registers are those of the DSP slice, or the neighbours'
    where a small one is made of LUTs.
    """

    a_bits: int
    b_bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"a_bits": (1, 48), "b_bits": (1, 48)}

    def lut_features(self) -> Features:
        """See `product_features`."""
        return product_features(self.a_bits, self.b_bits)

    def ff_features(self) -> Features:
        """None."""
        return {}

    @property
    def dsp(self) -> int:
        """See `dsp_slices`."""
        return dsp_slices(self.a_bits, self.b_bits)
