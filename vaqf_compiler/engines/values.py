"""
Scalars of the loops IR: integers and indices with Python's arithmetic operators. Each operator
builds an operation at the insertion point of xDSL's implicit builder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, BlockArgument, SSAValue

from vaqf_compiler.analysis.integers import INDEX, width_of_integer

NO_WRAP = arith.IntegerOverflowAttr([arith.IntegerOverflowFlag.NSW])
"""Flags of sums and products: engines size their integers so that none can overflow."""


@dataclass(frozen=True)
class Value:
    """A scalar: an index, or an integer of a number of bits."""

    ssa: SSAValue

    @property
    def bits(self) -> int:
        """Bits of an integer."""
        return width_of_integer(self.ssa.type)

    def named(self, name: str) -> Value:
        """This value, named for the generated code; arguments and loop indices keep their names."""
        if not isinstance(self.ssa, BlockArgument):
            self.ssa.name_hint = name
        return self

    def like(self, other: Number) -> Value:
        """A number as a value of the same type as this one."""
        return other if isinstance(other, Value) else constant(other, self.ssa.type)

    def _arithmetic(
        self, operation: type[arith.AddiOp] | type[arith.SubiOp] | type[arith.MuliOp], b: Number
    ) -> Value:
        flags = None if self.ssa.type == INDEX else NO_WRAP
        return Value(operation(self.ssa, self.like(b).ssa, overflow=flags or NO_FLAGS).result)

    def __add__(self, other: Number) -> Value:
        return self if _is(other, 0) else self._arithmetic(arith.AddiOp, other)

    __radd__ = __add__

    def __sub__(self, other: Number) -> Value:
        return self if _is(other, 0) else self._arithmetic(arith.SubiOp, other)

    def __rsub__(self, other: Number) -> Value:
        return self.like(other) - self

    def __neg__(self) -> Value:
        return 0 - self

    def __mul__(self, other: Number) -> Value:
        return self if _is(other, 1) else self._arithmetic(arith.MuliOp, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Number) -> Value:
        """Quotient of non-negative numbers."""
        if _is(other, 1):
            return self
        return Value(arith.DivSIOp(self.ssa, self.like(other).ssa).result)

    def __mod__(self, other: Number) -> Value:
        """Remainder of non-negative numbers."""
        return Value(arith.RemSIOp(self.ssa, self.like(other).ssa).result)

    def __rshift__(self, amount: Number) -> Value:
        """Arithmetic shift. As for `<<`, the amount is unsigned: an index or a narrow integer."""
        return Value(arith.ShRSIOp(self.ssa, self._amount(amount)).result)

    def __lshift__(self, amount: Number) -> Value:
        return Value(arith.ShLIOp(self.ssa, self._amount(amount), overflow=NO_WRAP).result)

    def field(self, offset: Number, bits: int) -> Value:
        """The `bits` bits from `offset` up, as a signed integer."""
        amount = self._amount(offset)
        if self.bits > 64:
            shifted = arith.ShRUIOp(self.ssa, amount).result
        else:  # the bits that an arithmetic shift fills in are cut off again
            shifted = arith.ShRSIOp(self.ssa, amount).result
        return Value(shifted).to(bits) if bits != self.bits else Value(shifted)

    def _amount(self, amount: Number) -> SSAValue:
        """A shift amount, cut to the bits it needs, so that it is not taken for a signed number."""
        if isinstance(amount, int):
            return self.like(amount).ssa
        most = (self.bits - 1).bit_length()
        if amount.ssa.type == INDEX:
            amount = amount.unsigned(most)
        assert amount.bits <= most, "a shifter has no more amounts than its number has bits"
        return amount.unsigned_to(self.bits).ssa

    def __and__(self, other: Number) -> Value:
        return Value(arith.AndIOp(self.ssa, self.like(other).ssa).result)

    def __invert__(self) -> Value:
        """Every bit flipped: -1 minus the number."""
        return Value(arith.XOrIOp(self.ssa, self.like(-1).ssa).result)

    def __or__(self, other: Number) -> Value:
        return Value(arith.OrIOp(self.ssa, self.like(other).ssa).result)

    def _compare(self, predicate: str, other: Number) -> Value:
        return Value(arith.CmpiOp(self.ssa, self.like(other).ssa, predicate).result)

    def __lt__(self, other: Number) -> Value:
        return self._compare("slt", other)

    def __le__(self, other: Number) -> Value:
        return self._compare("sle", other)

    def __ge__(self, other: Number) -> Value:
        return self._compare("sge", other)

    def equals(self, other: Number) -> Value:
        """Whether two numbers are equal, as a value of the IR; `==` compares Python objects."""
        return self._compare("eq", other)

    def to(self, bits: int) -> Value:
        """The number sign-extended or cut to `bits` bits, in which it must fit."""
        if bits == self.bits:
            return self
        operation = arith.ExtSIOp if bits > self.bits else arith.TruncIOp
        return Value(operation(self.ssa, IntegerType(bits)).result)

    def unsigned(self, bits: int) -> Value:
        """The number cut to an unsigned one of `bits` bits, in which it must fit."""
        if self.ssa.type == INDEX:
            return self.as_integer(bits)
        return self.to(bits)

    def unsigned_to(self, bits: int) -> Value:
        """The number zero-extended to a greater number of bits."""
        return Value(arith.ExtUIOp(self.ssa, IntegerType(bits)).result)

    def times(self, other: Value) -> Value:
        """The product of two integers, with the sum of their bits."""
        bits = self.bits + other.bits
        return self.to(bits) * other.to(bits)

    def as_index(self) -> Value:
        """The number as an index."""
        return Value(arith.IndexCastOp(self.ssa, INDEX).result)

    def as_integer(self, bits: int) -> Value:
        """An index as an integer of `bits` bits."""
        return Value(arith.IndexCastOp(self.ssa, IntegerType(bits)).result)

    def clamp(self, low: int, high: int) -> Value:
        """The number saturated to the range from `low` to `high`."""
        raised = arith.MaxSIOp(self.ssa, self.like(low).ssa).result
        return Value(arith.MinSIOp(raised, self.like(high).ssa).result)

    def maximum(self, other: Number) -> Value:
        """The greater of two signed numbers."""
        return Value(arith.MaxSIOp(self.ssa, self.like(other).ssa).result)

    def minimum(self, other: Number) -> Value:
        """The lesser of two signed numbers."""
        return Value(arith.MinSIOp(self.ssa, self.like(other).ssa).result)


Number = Value | int
NO_FLAGS = arith.IntegerOverflowAttr("none")


def _is(number: Number, value: int) -> bool:
    return isinstance(number, int) and number == value


def constant(number: int, type_: Attribute = INDEX) -> Value:
    """A constant of an index or integer type."""
    assert isinstance(type_, IndexType | IntegerType)
    attribute = IntegerAttr(number, cast(IndexType | IntegerType, type_))
    return Value(arith.ConstantOp(attribute).result)


def integer(number: int, bits: int) -> Value:
    """A constant integer of `bits` bits."""
    return constant(number, IntegerType(bits))


def index(number: Number) -> Value:
    """A number as an index."""
    return number if isinstance(number, Value) else constant(number)


def select(condition: Value, if_true: Value, if_false: Value) -> Value:
    """`condition ? if_true : if_false`."""
    return Value(arith.SelectOp(condition.ssa, if_true.ssa, if_false.ssa).result)
