"""Building blocks out of LUTs and flip-flops: adders, trees, multiplexers, shifters, digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from vaqf_compiler.hardware.block import Block, Features, OutOfRangeError
from vaqf_compiler.hardware.trees import tree


def select_bits(values: int) -> int:
    """Bits of a number that chooses among `values`."""
    return max(values - 1, 0).bit_length()


@dataclass(frozen=True)
class BinaryDot(Block):
    """
    The sum of `inputs` signed activations of `bits` bits times binary weights, in a tree of adders
    with a register after every level. Neighbours come as their sum and difference, one bit wider;
    two weights choose one of these, or its complement, which is one less than the negative. That
    is put right elsewhere, once for a layer.
    """

    bits: int
    inputs: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 16), "inputs": (4, 2048)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inputs % 2:
            raise OutOfRangeError(f"inputs of BinaryDot must be even, not {self.inputs}")

    @property
    def pairs(self) -> int:
        """Numbers that are added."""
        return self.inputs // 2

    def lut_features(self) -> Features:
        """
        A LUT for each bit of the operands of an addition. One operand of each addition of the
        first level is chosen by LUTs of its own; the other's choice fits into the adder's.
        """
        return {
            "adder bits": tree(self.bits + 1, self.pairs, 1).combined - (self.pairs - 1),
            "chosen bits": -(-self.pairs // 2) * (self.bits + 1),
        }

    def ff_features(self) -> Features:
        """Every level's results."""
        return {"registered bits": sum(tree(self.bits + 1, self.pairs, 1))}


@dataclass(frozen=True)
class AdderTree(Block):
    """The sum of `inputs` signed numbers of `bits` bits, with a register after every level."""

    bits: int
    inputs: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 64), "inputs": (2, 1024)}

    def lut_features(self) -> Features:
        """A LUT for each bit of the operands of an addition; the carry chain has one more."""
        return {"adder bits": tree(self.bits, self.inputs, 1).combined - (self.inputs - 1)}

    def ff_features(self) -> Features:
        """Every level's results."""
        return {"registered bits": sum(tree(self.bits, self.inputs, 1))}


@dataclass(frozen=True)
class MaximumTree(Block):
    """The greatest of `inputs` signed numbers, with a register after every level."""

    bits: int
    inputs: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 64), "inputs": (2, 1024)}

    def lut_features(self) -> Features:
        """Bits that are compared and chosen."""
        return {
            "compared bits": tree(self.bits, self.inputs, 0).combined,
            "comparisons": self.inputs - 1,
        }

    def ff_features(self) -> Features:
        """Every level's results."""
        return {"registered bits": sum(tree(self.bits, self.inputs, 0))}


@dataclass(frozen=True)
class Accumulator(Block):
    """`total = first ? x : total + x`, in `bits` bits."""

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 64)}

    def lut_features(self) -> Features:
        """The adder's bits; clearing the old total fits into its LUTs or takes more."""
        return {"adder bits": self.bits, "adder": 1}

    def ff_features(self) -> Features:
        """The total."""
        return {"registered bits": self.bits}


@dataclass(frozen=True)
class SaturatingAdd(Block):
    """`clamp(a + b)` of signed numbers of `bits` bits."""

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (2, 64)}

    def lut_features(self) -> Features:
        """The adder's bits and those that choose between sum and limit."""
        return {"bits": self.bits, "adder": 1}

    def ff_features(self) -> Features:
        """The result."""
        return {"registered bits": self.bits}


@cache
def multiplexer_luts(inputs: int) -> int:
    """
    LUTs that choose one of some bits. A LUT chooses one of four, or adds three to the choice of
    another one. From 13 on, MUXF7 and MUXF8 join four LUTs for sixteen bits (AMD UG574), and
    more of the same kind choose among these.
    """
    if inputs <= 16:
        return min(-(-(inputs - 1) // 3), 4)
    sixteens, rest = divmod(inputs, 16)
    return 4 * sixteens + min(-(-rest // 2), 4) + multiplexer_luts(-(-inputs // 16))


@dataclass(frozen=True)
class Multiplexer(Block):
    """One of `inputs` words of `bits` bits, chosen at run time."""

    bits: int
    inputs: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 4096), "inputs": (2, 1024)}

    def lut_features(self) -> Features:
        """Each bit's."""
        return {"LUTs": self.bits * multiplexer_luts(self.inputs)}

    def ff_features(self) -> Features:
        """The result."""
        return {"registered bits": self.bits}


@dataclass(frozen=True)
class BarrelShift(Block):
    """An arithmetic right shift by 0 to `most_shift`."""

    bits: int
    most_shift: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (2, 96), "most_shift": (1, 63)}

    def lut_features(self) -> Features:
        """Those that stages move, two in a LUT; later stages need more LUTs than the first."""
        moved = _moved_bits(self.bits, self.most_shift)
        return {
            "bits moved by 1 or 2": sum(moved[:2]),
            "bits moved by 4": sum(moved[2:3]),
            "bits moved by 8": sum(moved[3:4]),
            "bits moved by 16 or 32": sum(moved[4:]),
            "stages": len(moved),
        }

    def ff_features(self) -> Features:
        """The result."""
        return {"registered bits": self.bits}


def moved_bits(bits: int, most_shift: int) -> int:
    """Bits that a shifter's stages may move."""
    return sum(_moved_bits(bits, most_shift))


def _moved_bits(bits: int, most_shift: int) -> list[int]:
    """For each stage, one for each bit of the shift; the other bits only receive the sign."""
    return [max(bits - (1 << stage), 0) for stage in range(most_shift.bit_length())]


@dataclass(frozen=True)
class RestoringDigit(Block):
    """
    A digit of a division or of a square root: `fits = trial <= rest`, and the rest less `trial` if
    so, in `bits` bits.
    """

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (4, 96)}

    def lut_features(self) -> Features:
        """The subtraction, whose borrow is the comparison, and the choice."""
        return {"bits": self.bits, "digit": 1}

    def ff_features(self) -> Features:
        """Rest and digit."""
        return {"bits": self.bits, "digit": 1}
