"""
Building blocks that engines have once for each lane. They do the arithmetic of docs/arithmetic.md,
with a register after every step except for products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vaqf_compiler.hardware.block import Block, Features
from vaqf_compiler.hardware.blocks import moved_bits
from vaqf_compiler.hardware.products import dsp_slices, product_features

POWER_INDEX_BITS = 8
POWER_BITS = 16
"""Bits of an entry of the table of powers of two, which has 256 entries."""
MULTIPLIER_BITS = 17
EXPONENTIAL_BITS = 17
RECIPROCAL_BITS = 23
MOST_PROBABILITY_SHIFT = 40
RESIDUAL_BITS = 16
CHANNEL_BITS = 12
"""Bits of the number of channels: 11, and a sign."""
NORMALISING_BITS = 18
"""Bits of the reciprocal of the standard deviation."""
MOST_NORMALISING_SHIFT = 47
GAMMA_BITS = 16
BETA_BITS = 32
MOST_SCALING_SHIFT = 31


@dataclass(frozen=True)
class Requantise(Block):
    """
    Requantisation: `clamp((x * multiplier + half) >> shift)`. `half`, a power of two, is decoded
    once for all lanes and is an input here.
    """

    total_bits: int
    """Bits of `x`, signed."""
    most_shift: int
    result_bits: int
    multiplier_bits: int = MULTIPLIER_BITS
    """Bits of the multiplier, signed."""

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {
        "total_bits": (4, 48),
        "most_shift": (1, 63),
        "result_bits": (1, 32),
        "multiplier_bits": (8, 27),
    }

    @property
    def sum_bits(self) -> int:
        """Bits of the product plus its rounding term."""
        return max(self.total_bits + self.multiplier_bits, self.most_shift) + 1

    def lut_features(self) -> Features:
        """Count parts of the product, the rounding addition, the shift and the saturation."""
        return {
            **product_features(self.total_bits, self.multiplier_bits),
            "rounded bits": self.sum_bits,
            "moved bits": moved_bits(self.sum_bits, self.most_shift),
            "result bits": self.result_bits,
        }

    def ff_features(self) -> Features:
        """Count the rounded sum, the shifted sum and the result."""
        return {"registered bits": 2 * self.sum_bits + self.result_bits}

    @property
    def dsp(self) -> int:
        """The DSP slices of the product."""
        return dsp_slices(self.total_bits, self.multiplier_bits)


@dataclass(frozen=True)
class ExponentialLane(Block):
    """
    An exponential: `T[z mod 256] >> (z // 256)` with `z = (min(largest - score, limit) * C) >>
    shift`. Each lane has its own table `T`, in half a block RAM.
    """

    score_bits: int
    """Bits of a score, signed."""
    most_shift: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"score_bits": (4, 47), "most_shift": (1, 63)}

    @property
    def difference_bits(self) -> int:
        """Bits of the distance from the greatest score."""
        return self.score_bits + 1

    @property
    def power_bits(self) -> int:
        """Bits of a distance times its multiplier."""
        return self.difference_bits + MULTIPLIER_BITS

    def lut_features(self) -> Features:
        """
        Count the subtraction, the minimum and the shift. The shifter of the table's value has a
        fixed size.
        """
        return {
            "difference bits": self.difference_bits,
            "moved bits": moved_bits(self.power_bits, self.most_shift),
            "stages": self.most_shift.bit_length(),
            **product_features(self.difference_bits, MULTIPLIER_BITS),
            "lane": 1,
        }

    def ff_features(self) -> Features:
        """Count the distance, its minimum, the power, the table's shift and the result."""
        return {
            "registered bits": 2 * self.difference_bits + self.power_bits,
            "lane": 1,
        }

    @property
    def dsp(self) -> int:
        """The DSP slices of the distance times its multiplier."""
        return dsp_slices(self.difference_bits, MULTIPLIER_BITS)

    @property
    def bram18(self) -> int:
        """The halves of block RAMs of the table."""
        return 1


@dataclass(frozen=True)
class ProbabilityLane(Block):
    """A probability: `min((exponential * reciprocal + half) >> shift, 2**bits - 1)`."""

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 16)}

    def lut_features(self) -> Features:
        """Count the minimum; everything else has a fixed size."""
        return {"bits": self.bits, "lane": 1}

    def ff_features(self) -> Features:
        """Count the rounded product, the shifted product and the result."""
        return {"bits": self.bits, "lane": 1}

    @property
    def dsp(self) -> int:
        """The DSP slices of the product."""
        return dsp_slices(EXPONENTIAL_BITS, RECIPROCAL_BITS)


@dataclass(frozen=True)
class NormaliseLane(Block):
    """
    Normalisation of a channel: `c = D*x - S`, `t = (c*r + half) >> shift`, `y = clamp((t*gamma +
    beta + half) >> shift)`.
    """

    centred_bits: int
    """Bits of `c`, signed."""
    product_bits: int
    """Bits of `c*r` and its rounding term."""
    bits: int
    """Bits of the result, signed."""

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {
        "centred_bits": (18, 29),
        "product_bits": (37, 72),
        "bits": (1, 16),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.product_bits <= self.centred_bits + NORMALISING_BITS:
            raise ValueError(
                f"product_bits of NormaliseLane must exceed {self.centred_bits} + "
                f"{NORMALISING_BITS}, not be {self.product_bits}"
            )

    @property
    def normalised_bits(self) -> int:
        """
        Bits of `t`, which is signed and at most `2 (sqrt(D)+1) 2**12`. For `D` channels of 16 bits,
        `c` has at most `log2(D) + 18` bits.
        """
        return 6 + self.centred_bits // 2

    @property
    def scaled_bits(self) -> int:
        """Bits of `t*gamma + beta + half`."""
        return max(self.normalised_bits + GAMMA_BITS, BETA_BITS) + 2

    def lut_features(self) -> Features:
        """Count two shifters, and an addition for each register."""
        moved = moved_bits(self.product_bits, MOST_NORMALISING_SHIFT)
        moved += moved_bits(self.scaled_bits, MOST_SCALING_SHIFT)
        return {
            **product_features(self.centred_bits, NORMALISING_BITS),
            "added bits": self.centred_bits + self.product_bits + 2 * self.scaled_bits,
            "moved bits": moved,
            "bits": self.bits,
            "lane": 1,
        }

    def ff_features(self) -> Features:
        """Count each sum, the shifted values and the result."""
        registered = self.centred_bits + self.product_bits + self.normalised_bits
        return {"registered bits": registered + 3 * self.scaled_bits + self.bits}

    @property
    def dsp(self) -> int:
        """The DSP slices of the products with the number of channels, the reciprocal and gamma."""
        return (
            dsp_slices(RESIDUAL_BITS, CHANNEL_BITS)
            + dsp_slices(self.centred_bits, NORMALISING_BITS)
            + dsp_slices(self.normalised_bits, GAMMA_BITS)
        )
