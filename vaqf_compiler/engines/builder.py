"""
Building loops over arrays: a thin layer over xDSL's implicit builder, in which the arithmetic of
an engine reads as arithmetic.

    with loop(0, rows, "row") as row:
        pipeline()
        buffer[row] = source[row + first] * 3
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.builder import ImplicitBuilder
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, MemRefType
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.dialects import vhls

INDEX = IndexType()
NO_WRAP = arith.IntegerOverflowAttr([arith.IntegerOverflowFlag.NSW])
"""Engines size their integers so that sums and products cannot overflow, and say so."""


def width_of_integer(type_: Attribute) -> int:
    """The bits of an integer type."""
    assert isa(type_, IntegerType)
    return type_.width.data


@dataclass(frozen=True)
class Value:
    """A scalar: an index, or an integer of some bits."""

    ssa: SSAValue

    @property
    def bits(self) -> int:
        """The width of an integer."""
        return width_of_integer(self.ssa.type)

    def named(self, name: str) -> Value:
        """The same, with a name for the generated code."""
        self.ssa.name_hint = name
        return self

    def like(self, other: Number) -> Value:
        """A number as a value of this type."""
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
        """Arithmetic shift."""
        return Value(arith.ShRSIOp(self.ssa, self._amount(amount)).result)

    def __lshift__(self, amount: Number) -> Value:
        return Value(arith.ShLIOp(self.ssa, self._amount(amount), overflow=NO_WRAP).result)

    def field(self, offset: Number, bits: int) -> Value:
        """The `bits` bits from `offset` up, as a signed integer."""
        amount = self._amount(offset)
        if self.bits > 64:
            shifted = arith.ShRUIOp(self.ssa, amount).result
        else:  # the bits that an arithmetic shift adds are cut off again
            shifted = arith.ShRSIOp(self.ssa, amount).result
        return Value(shifted).to(bits) if bits != self.bits else Value(shifted)

    def _amount(self, amount: Number) -> SSAValue:
        value = self.like(amount)
        if value.ssa.type == INDEX and self.ssa.type != INDEX:
            return arith.IndexCastOp(value.ssa, self.ssa.type).result
        return value.ssa

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
        """`==`, which Python keeps for itself."""
        return self._compare("eq", other)

    def to(self, bits: int) -> Value:
        """Sign-extended or cut to a width, which must hold the number."""
        if bits == self.bits:
            return self
        operation = arith.ExtSIOp if bits > self.bits else arith.TruncIOp
        return Value(operation(self.ssa, IntegerType(bits)).result)

    def unsigned_to(self, bits: int) -> Value:
        """Zero-extended to a greater width."""
        return Value(arith.ExtUIOp(self.ssa, IntegerType(bits)).result)

    def times(self, other: Value) -> Value:
        """The product of two integers of any widths, as wide as it can be."""
        bits = self.bits + other.bits
        return self.to(bits) * other.to(bits)

    def as_index(self) -> Value:
        """The number as an index."""
        return Value(arith.IndexCastOp(self.ssa, INDEX).result)

    def clamp(self, low: int, high: int) -> Value:
        """Saturated to a range."""
        raised = arith.MaxSIOp(self.ssa, self.like(low).ssa).result
        return Value(arith.MinSIOp(raised, self.like(high).ssa).result)

    def maximum(self, other: Value) -> Value:
        """The greater one."""
        return Value(arith.MaxSIOp(self.ssa, other.ssa).result)

    def minimum(self, other: Number) -> Value:
        """The lesser one."""
        return Value(arith.MinSIOp(self.ssa, self.like(other).ssa).result)


Number = Value | int
NO_FLAGS = arith.IntegerOverflowAttr("none")


def _is(number: Number, value: int) -> bool:
    return isinstance(number, int) and number == value


def constant(number: int, type_: Attribute = INDEX) -> Value:
    """A constant of an index or integer type."""
    assert isa(type_, IndexType | IntegerType)
    return Value(arith.ConstantOp(IntegerAttr(number, type_)).result)


def integer(number: int, bits: int) -> Value:
    """A constant of some bits."""
    return constant(number, IntegerType(bits))


def index(number: Number) -> Value:
    """A number as an index."""
    return number if isinstance(number, Value) else constant(number)


def select(condition: Value, if_true: Value, if_false: Value) -> Value:
    """`condition ? if_true : if_false`."""
    return Value(arith.SelectOp(condition.ssa, if_true.ssa, if_false.ssa).result)


@dataclass(frozen=True)
class Buffer:
    """An array, with its elements by subscripts."""

    ssa: SSAValue

    @property
    def type(self) -> MemRefType[Attribute]:
        """The memref type."""
        assert isa(self.ssa.type, MemRefType[Attribute])
        return self.ssa.type

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""
        return self.type.get_shape()

    @property
    def bits(self) -> int:
        """The width of its elements."""
        return width_of_integer(self.type.element_type)

    def _indices(self, where: Number | tuple[Number, ...]) -> list[SSAValue]:
        subscripts = where if isinstance(where, tuple) else (where,)
        return [index(subscript).ssa for subscript in subscripts]

    def __getitem__(self, where: Number | tuple[Number, ...]) -> Value:
        return Value(memref.LoadOp.get(self.ssa, self._indices(where)).res)

    def __setitem__(self, where: Number | tuple[Number, ...], value: Value) -> None:
        memref.StoreOp.get(value.ssa, self.ssa, self._indices(where))


def local(name: str, bits: int, *shape: int, partition: Sequence[int] = ()) -> Buffer:
    """
    An array of this function; the dimensions in `partition`, from 1, are split into registers or
    memories of their own.
    """
    type_ = MemRefType(IntegerType(bits), shape)
    buffer = Buffer(memref.AllocOp.get(IntegerType(bits), shape=shape).memref)
    assert buffer.type == type_
    buffer.ssa.name_hint = name
    for dimension in partition:
        vhls.ArrayPartitionOp(buffer.ssa, "complete", dimension)
    return buffer


def scratch(name: str, bits: int, *shape: int) -> Buffer:
    """An array of one iteration of a loop, each element in a register."""
    buffer = Buffer(memref.AllocaOp.get(IntegerType(bits), shape=shape).memref)
    buffer.ssa.name_hint = name
    for dimension in range(1, len(shape) + 1):
        vhls.ArrayPartitionOp(buffer.ssa, "complete", dimension)
    return buffer


def table(name: str, bits: int, size: int) -> Buffer:
    """The constant array `name` of the module."""
    type_ = MemRefType(IntegerType(bits), [size])
    return Buffer(memref.GetGlobalOp(name, type_).memref)


class Loop:
    """A loop with values carried from one iteration to the next."""

    def __init__(self, operation: scf.ForOp):
        self._operation = operation
        arguments = operation.body.block.args
        self.index = Value(arguments[0])
        self.carried = [Value(argument) for argument in arguments[1:]]

    def next(self, *values: Value) -> None:
        """The carried values of the next iteration; the last statement of the body."""
        scf.YieldOp(*(value.ssa for value in values))

    @property
    def results(self) -> list[Value]:
        """The carried values after the loop."""
        return [Value(result) for result in self._operation.res]


@contextmanager
def carrying_loop(
    lower: Number, upper: Number, name: str, carried: dict[str, Value]
) -> Generator[Loop]:
    """A loop over `lower <= name < upper` that carries named values; the body calls `next`."""
    bounds = (index(lower).ssa, index(upper).ssa, constant(1).ssa)
    initial = [value.ssa for value in carried.values()]
    block = Block(arg_types=[INDEX, *(value.type for value in initial)])
    for argument, hint in zip(block.args, [name, *carried], strict=True):
        argument.name_hint = hint
    operation = scf.ForOp(*bounds, initial, Region(block))
    for result, hint in zip(operation.res, carried, strict=True):
        result.name_hint = hint
    with ImplicitBuilder(block):
        yield Loop(operation)


@contextmanager
def loop(lower: Number, upper: Number, name: str, *, most: int | None = None) -> Generator[Value]:
    """
    A loop over `lower <= name < upper`. `most` is the greatest trip count that a run-time bound
    takes, for the tool's report.
    """
    with carrying_loop(lower, upper, name, {}) as body:
        if most is not None:
            vhls.LoopTripcountOp(1, most)
        yield body.index
        scf.YieldOp()


@contextmanager
def unrolled(upper: int, name: str) -> Generator[Value]:
    """A loop over `0 <= name < upper` whose iterations all run at once."""
    with carrying_loop(0, upper, name, {}) as body:
        vhls.UnrollOp()
        yield body.index
        scf.YieldOp()


def pipeline(ii: int = 1) -> None:
    """Start an iteration of this loop every `ii` cycles."""
    vhls.PipelineOp(ii)


def dataflow() -> None:
    """Run the calls of this loop's body at the same time, each ahead by an iteration."""
    vhls.DataflowOp()


@contextmanager
def when(condition: Value) -> Generator[None]:
    """Statements under a condition."""
    operation = scf.IfOp(condition.ssa, [], Region(Block()))
    with ImplicitBuilder(operation.true_region):
        yield
        scf.YieldOp()


def call(function: func.FuncOp, *arguments: Value | Buffer) -> list[Value]:
    """Call a function; its results."""
    outputs = function.function_type.outputs.data
    operation = func.CallOp(
        function.sym_name.data, [argument.ssa for argument in arguments], list(outputs)
    )
    return [Value(result) for result in operation.res]


@contextmanager
def function(
    name: str, arguments: dict[str, Attribute], results: Sequence[Attribute] = ()
) -> Generator[tuple[func.FuncOp, dict[str, SSAValue]]]:
    """A function to be filled; its body ends in `func.return`, added here if it returns nothing."""
    block = Block(arg_types=list(arguments.values()))
    for argument, hint in zip(block.args, arguments, strict=True):
        argument.name_hint = hint
    operation = func.FuncOp(name, (list(arguments.values()), list(results)), Region(block))
    with ImplicitBuilder(block):
        yield operation, dict(zip(arguments, block.args, strict=True))
        if not results:
            func.ReturnOp()
