"""The resources of an FPGA that a piece of hardware takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """Counts of UltraScale+ primitives. LUTs and flip-flops are estimates and may be fractions."""

    lut: float = 0
    """6-input look-up tables, including those used as memory."""
    ff: float = 0
    """Flip-flops."""
    dsp: int = 0
    """DSP48E2 slices."""
    bram18: int = 0
    """Halves of 36 Kib block RAMs."""
    uram: int = 0
    """288 Kib UltraRAMs."""

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.lut + other.lut,
            self.ff + other.ff,
            self.dsp + other.dsp,
            self.bram18 + other.bram18,
            self.uram + other.uram,
        )

    def __mul__(self, copies: int) -> Resources:
        return Resources(
            self.lut * copies,
            self.ff * copies,
            self.dsp * copies,
            self.bram18 * copies,
            self.uram * copies,
        )

    __rmul__ = __mul__

    @property
    def bram36(self) -> float:
        """Block RAMs of 36 Kib, as data sheets count them; halves occur."""
        return self.bram18 / 2


def total(parts: Iterable[Resources]) -> Resources:
    """Return the sum of all parts, which is zero without parts."""
    return sum(parts, start=Resources())
