"""
Building blocks that engines have once for each lane: the arithmetic of docs/arithmetic.md, with
a register after every step that is more than a product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vaqf_compiler.hardware.block import Block, Features
from vaqf_compiler.hardware.blocks import moved_bits
from vaqf_compiler.hardware.products import dsp_slices, product_features

POWER_INDEX_BITS = 8
POWER_BITS = 16
"""The table of powers of two has 256 entries of 16 bits."""
MULTIPLIER_BITS = 17
EXPONENTIAL_BITS = 17
RECIPROCAL_BITS = 23
MOST_PROBABILITY_SHIFT = 40
RESIDUAL_BITS = 16
CHANNEL_BITS = 12
"""The number of channels, of 11 bits, with a sign."""
NORMALISING_BITS = 18
"""Of the reciprocal of the standard deviation."""
MOST_NORMALISING_SHIFT = 47
GAMMA_BITS = 16
BETA_BITS = 32
MOST_SCALING_SHIFT = 31


@dataclass(frozen=True)
class Requantise(Block):
    """
    `clamp((x * multiplier + half) >> shift)`. `half`, a power of two, is decoded once for all
    lanes and an input here.
    """

    total_bits: int
    """Of `x`, signed."""
    most_shift: int
    result_bits: int
    multiplier_bits: int = MULTIPLIER_BITS
    """Signed."""

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {
        "total_bits": (4, 48),
        "most_shift": (1, 63),
        "result_bits": (1, 32),
        "multiplier_bits": (8, 27),
    }

    @property
    def sum_bits(self) -> int:
        """Of the product, and room for the rounding term."""
        return max(self.total_bits + self.multiplier_bits, self.most_shift) + 1

    def lut_features(self) -> Features:
        """Parts of the product, the rounding addition, the shift and the saturation."""
        return {
            **product_features(self.total_bits, self.multiplier_bits),
            "rounded bits": self.sum_bits,
            "moved bits": moved_bits(self.sum_bits, self.most_shift),
            "result bits": self.result_bits,
        }

    def ff_features(self) -> Features:
        """The rounded sum, the shifted one and the result."""
        return {"registered bits": 2 * self.sum_bits + self.result_bits}

    @property
    def dsp(self) -> int:
        """Of the product."""
        return dsp_slices(self.total_bits, self.multiplier_bits)


@dataclass(frozen=True)
class ExponentialLane(Block):
    """
    `T[z mod 256] >> (z // 256)` with `z = (min(largest - score, limit) * C) >> shift`; `T` is a
    table of the lane's own, in half a block RAM.
    """

    score_bits: int
    """Signed."""
    most_shift: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"score_bits": (4, 47), "most_shift": (1, 63)}

    @property
    def difference_bits(self) -> int:
        """Of the distance from the greatest score."""
        return self.score_bits + 1

    @property
    def power_bits(self) -> int:
        """Of a distance times its multiplier."""
        return self.difference_bits + MULTIPLIER_BITS

    def lut_features(self) -> Features:
        """Subtraction, minimum and shift; what shifts the table's value is of one size."""
        return {
            "difference bits": self.difference_bits,
            "moved bits": moved_bits(self.power_bits, self.most_shift),
            "stages": self.most_shift.bit_length(),
            **product_features(self.difference_bits, MULTIPLIER_BITS),
            "lane": 1,
        }

    def ff_features(self) -> Features:
        """Distance, its minimum, the power, the table's shift and the result."""
        return {
            "registered bits": 2 * self.difference_bits + self.power_bits,
            "lane": 1,
        }

    @property
    def dsp(self) -> int:
        """Of the distance times its multiplier."""
        return dsp_slices(self.difference_bits, MULTIPLIER_BITS)

    @property
    def bram18(self) -> int:
        """The table."""
        return 1


@dataclass(frozen=True)
class ProbabilityLane(Block):
    """`min((exponential * reciprocal + half) >> shift, 2**bits - 1)`."""

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 16)}

    def lut_features(self) -> Features:
        """All but the minimum is of one size."""
        return {"bits": self.bits, "lane": 1}

    def ff_features(self) -> Features:
        """The rounded product, the shifted one and the result."""
        return {"bits": self.bits, "lane": 1}

    @property
    def dsp(self) -> int:
        """Of the product."""
        return dsp_slices(EXPONENTIAL_BITS, RECIPROCAL_BITS)


@dataclass(frozen=True)
class NormaliseLane(Block):
    """
    `c = D*x - S`, `t = (c*r + half) >> shift`, `y = clamp((t*gamma + beta + half) >> shift)`.
    """

    centred_bits: int
    """Of `c`, signed."""
    product_bits: int
    """Of `c*r` and its rounding term."""
    bits: int
    """Of the result, signed."""

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
        Of `t`, at most `2 (sqrt(D)+1) 2**12` and signed, where `D` channels of 16 bits have a
        `c` of `log2(D) + 18` bits at most.
        """
        return 6 + self.centred_bits // 2

    @property
    def scaled_bits(self) -> int:
        """Of `t*gamma + beta + half`."""
        return max(self.normalised_bits + GAMMA_BITS, BETA_BITS) + 2

    def lut_features(self) -> Features:
        """Two shifters and an addition for each register."""
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
        """Each sum, what is shifted and the result."""
        registered = self.centred_bits + self.product_bits + self.normalised_bits
        return {"registered bits": registered + 3 * self.scaled_bits + self.bits}

    @property
    def dsp(self) -> int:
        """Of the products with the channels, the reciprocal and gamma."""
        return (
            dsp_slices(RESIDUAL_BITS, CHANNEL_BITS)
            + dsp_slices(self.centred_bits, NORMALISING_BITS)
            + dsp_slices(self.normalised_bits, GAMMA_BITS)
        )
