"""Element types of quantised tensors, and the integer ranges that follow from them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects.builtin import BoolAttr, FloatData, IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException


def print_scale(printer: Printer, scale: float) -> None:
    """
    Print a float as MLIR reads it: in the shortest form that reads back equal, always with a point.
    """
    mantissa, exponent_mark, exponent = repr(scale).partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    printer.print_string(mantissa + exponent_mark + exponent)


def _verify_scale(name: str, scale: float) -> None:
    if not (math.isfinite(scale) and scale > 0):
        raise VerifyException(f"{name}: scale must be positive and finite, got {scale!r}")


@irdl_attr_definition
class QuantizedType(ParametrizedAttribute, TypeAttribute):
    """
    An integer `q` of `bits` bits that stands for the real number `scale * q`.

    It is written `!binvit.q<s8, 0.05>` for a two's complement integer and `!binvit.q<u8, 0.05>` for
    an unsigned one. Quantisation is symmetric: zero is always represented by 0.
    """

    name = "binvit.q"

    is_signed: BoolAttr
    bits: IntAttr
    scale: FloatData

    def __init__(self, bits: int, scale: float, *, signed: bool = True):
        super().__init__(BoolAttr.from_bool(signed), IntAttr(bits), FloatData(scale))

    @property
    def minimum(self) -> int:
        """The smallest integer of the type."""
        return -(1 << (self.bits.data - 1)) if self.is_signed.value.data else 0

    @property
    def maximum(self) -> int:
        """The greatest integer of the type."""
        return (1 << (self.bits.data - bool(self.is_signed.value.data))) - 1

    def verify(self) -> None:
        if not 1 <= self.bits.data <= 63:
            raise VerifyException(f"{self.name}: bits must be in 1..63, got {self.bits.data}")
        _verify_scale(self.name, self.scale.data)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            kind = parser.parse_identifier("an integer kind such as s8 or u8")
            if kind[0] not in "su" or not kind[1:].isdecimal():
                parser.raise_error(f"expected s<bits> or u<bits>, got '{kind}'")
            parser.parse_punctuation(",")
            scale = float(parser.parse_number())
        return (BoolAttr.from_bool(kind[0] == "s"), IntAttr(int(kind[1:])), FloatData(scale))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            sign = "s" if self.is_signed.value.data else "u"
            printer.print_string(f"{sign}{self.bits.data}, ")
            print_scale(printer, self.scale.data)


@irdl_attr_definition
class BinaryType(ParametrizedAttribute, TypeAttribute):
    """A weight that is `+scale` or `-scale`, stored as one bit (1 for plus)."""

    name = "binvit.binary"

    scale: FloatData

    def __init__(self, scale: float):
        super().__init__(FloatData(scale))

    @property
    def minimum(self) -> int:
        """The integer of `-scale`."""
        return -1

    @property
    def maximum(self) -> int:
        """The integer of `+scale`."""
        return 1

    def verify(self) -> None:
        _verify_scale(self.name, self.scale.data)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (FloatData(float(parser.parse_number())),)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            print_scale(printer, self.scale.data)


IntegerElement = QuantizedType | BinaryType


def signed_bits(low: int, high: int) -> int:
    """Return the fewest two's complement bits that hold every integer of `[low, high]`."""
    return max((-low - 1).bit_length() if low < 0 else 0, high.bit_length() if high > 0 else 0) + 1


def dot_product_bits(
    terms: int, lhs: IntegerElement, rhs: IntegerElement, bias: QuantizedType | None = None
) -> int:
    """
    Return the fewest two's complement bits that hold every partial sum of `terms` products of an
    `lhs` and an `rhs` element, plus a `bias`. No accumulator of that width can overflow.
    """
    corners = [a * b for a in (lhs.minimum, lhs.maximum) for b in (rhs.minimum, rhs.maximum)]
    low, high = min(0, terms * min(corners)), max(0, terms * max(corners))
    if bias is not None:
        low, high = low + bias.minimum, high + bias.maximum
    return signed_bits(low, high)


def sum_bits(terms: int, element: QuantizedType) -> int:
    """Return the fewest two's complement bits that hold every sum of `terms` elements."""
    return signed_bits(terms * element.minimum, terms * element.maximum)
