"""Building blocks made of LUTs and flip-flops: adders, trees, multiplexers, shifters, digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from vaqf_compiler.hardware.block import Block, Features, OutOfRangeError
from vaqf_compiler.hardware.trees import tree


def select_bits(values: int) -> int:
    """Return the bits of a number that selects one of `values`."""
    return max(values - 1, 0).bit_length()


@dataclass(frozen=True)
class BinaryDot(Block):
    """
    The sum of `inputs` signed activations of `bits` bits times binary weights, in a tree of adders
    with a register after every level. Neighbouring activations arrive as their sum and difference,
    which are one bit wider. Two weights select one of these, or its complement, which is one less
    than the negative. The error of one is corrected elsewhere, once for a layer.
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
        """The number of values that the tree adds."""
        return self.inputs // 2

    def lut_features(self) -> Features:
        """
        Count a LUT for each bit of the operands of an addition. In the first level, LUTs of their
        own select one operand of each addition; the selection of the other fits into the adder's
        LUTs.
        """
        return {
            "adder bits": tree(self.bits + 1, self.pairs, 1).combined - (self.pairs - 1),
            "chosen bits": -(-self.pairs // 2) * (self.bits + 1),
        }

    def ff_features(self) -> Features:
        """Count the results of every level."""
        return {"registered bits": sum(tree(self.bits + 1, self.pairs, 1))}


@dataclass(frozen=True)
class AdderTree(Block):
    """The sum of `inputs` signed numbers of `bits` bits, with a register after every level."""

    bits: int
    inputs: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 64), "inputs": (2, 1024)}

    def lut_features(self) -> Features:
        """
        Count a LUT for each bit of an addition's operands. The result's top bit is the carry out.
        """
        return {"adder bits": tree(self.bits, self.inputs, 1).combined - (self.inputs - 1)}

    def ff_features(self) -> Features:
        """Count the results of every level."""
        return {"registered bits": sum(tree(self.bits, self.inputs, 1))}


@dataclass(frozen=True)
class MaximumTree(Block):
    """The greatest of `inputs` signed numbers, with a register after every level."""

    bits: int
    inputs: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 64), "inputs": (2, 1024)}

    def lut_features(self) -> Features:
        """Count the bits that are compared and selected."""
        return {
            "compared bits": tree(self.bits, self.inputs, 0).combined,
            "comparisons": self.inputs - 1,
        }

    def ff_features(self) -> Features:
        """Count the results of every level."""
        return {"registered bits": sum(tree(self.bits, self.inputs, 0))}


@dataclass(frozen=True)
class Accumulator(Block):
    """An accumulator of `bits` bits: `total = first ? x : total + x`."""

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 64)}

    def lut_features(self) -> Features:
        """Count the adder's bits. Clearing the old total fits into its LUTs or takes more."""
        return {"adder bits": self.bits, "adder": 1}

    def ff_features(self) -> Features:
        """Count the total."""
        return {"registered bits": self.bits}


@dataclass(frozen=True)
class SaturatingAdd(Block):
    """The sum of two signed numbers of `bits` bits, saturated: `clamp(a + b)`."""

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (2, 64)}

    def lut_features(self) -> Features:
        """Count the adder's bits, which are also those of the selection between sum and limit."""
        return {"bits": self.bits, "adder": 1}

    def ff_features(self) -> Features:
        """Count the result."""
        return {"registered bits": self.bits}


@cache
def multiplexer_luts(inputs: int) -> int:
    """
    Return the LUTs that select one of `inputs` bits. A LUT selects one of four bits, or adds three
    to the selection of another LUT. From 13 bits on, MUXF7 and MUXF8 join four LUTs to select one
    of sixteen bits (AMD UG574), and further multiplexers of the same kind select among these.
    """
    if inputs <= 16:
        return min(-(-(inputs - 1) // 3), 4)
    sixteens, rest = divmod(inputs, 16)
    return 4 * sixteens + min(-(-rest // 2), 4) + multiplexer_luts(-(-inputs // 16))


@dataclass(frozen=True)
class Multiplexer(Block):
    """Selection of one of `inputs` words of `bits` bits at run time."""

    bits: int
    inputs: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (1, 4096), "inputs": (2, 1024)}

    def lut_features(self) -> Features:
        """Count the LUTs of all bits."""
        return {"LUTs": self.bits * multiplexer_luts(self.inputs)}

    def ff_features(self) -> Features:
        """Count the result."""
        return {"registered bits": self.bits}


@dataclass(frozen=True)
class BarrelShift(Block):
    """An arithmetic right shift by 0 to `most_shift`."""

    bits: int
    most_shift: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (2, 96), "most_shift": (1, 63)}

    def lut_features(self) -> Features:
        """
        Count the bits that stages move, two in a LUT. Later stages need more LUTs than the first.
        """
        moved = _moved_bits(self.bits, self.most_shift)
        return {
            "bits moved by 1 or 2": sum(moved[:2]),
            "bits moved by 4": sum(moved[2:3]),
            "bits moved by 8": sum(moved[3:4]),
            "bits moved by 16 or 32": sum(moved[4:]),
            "stages": len(moved),
        }

    def ff_features(self) -> Features:
        """Count the result."""
        return {"registered bits": self.bits}


def moved_bits(bits: int, most_shift: int) -> int:
    """Return the number of bits that a shifter's stages may move, in total."""
    return sum(_moved_bits(bits, most_shift))


def _moved_bits(bits: int, most_shift: int) -> list[int]:
    """
    Return the bits that each stage may move. There is one stage for each bit of the shift; the
    stage's other bits only receive the sign.
    """
    return [max(bits - (1 << stage), 0) for stage in range(most_shift.bit_length())]


@dataclass(frozen=True)
class RestoringDigit(Block):
    """
    A digit of a division or of a square root, in `bits` bits: `fits = trial <= rest`, and the rest
    minus `trial` if it fits.
    """

    bits: int

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {"bits": (4, 96)}

    def lut_features(self) -> Features:
        """
        Count the bits of the subtraction, whose borrow is the comparison, and of the selection.
        """
        return {"bits": self.bits, "digit": 1}

    def ff_features(self) -> Features:
        """Count the rest and the digit."""
        return {"bits": self.bits, "digit": 1}
