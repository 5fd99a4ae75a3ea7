"""
Builds loops over arrays: a thin layer over xDSL's implicit builder, with which the code that builds
an engine reads like the engine's loops.

    with loop(0, rows, "row") as row:
        pipeline()
        buffer[row] = source[row + first] * 3
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.builder import ImplicitBuilder
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute, Block, Region, SSAValue

from vaqf_compiler.analysis.integers import INDEX, width_of_integer
from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.values import Number, Value, constant, index


@dataclass(frozen=True)
class Buffer:
    """An array, whose elements are read and written by subscripts."""

    ssa: SSAValue

    @property
    def type(self) -> MemRefType[Attribute]:
        """The memref type of the array."""
        found = vhls.memref_type(self.ssa.type)
        assert found is not None
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the array's dimensions."""
        return self.type.get_shape()

    @property
    def bits(self) -> int:
        """Bits of an element."""
        return width_of_integer(self.type.element_type)

    def _indices(self, where: Number | tuple[Number, ...]) -> list[SSAValue]:
        subscripts = where if isinstance(where, tuple) else (where,)
        return [index(subscript).ssa for subscript in subscripts]

    def __getitem__(self, where: Number | tuple[Number, ...]) -> Value:
        return Value(memref.LoadOp.get(self.ssa, self._indices(where)).res)

    def __setitem__(self, where: Number | tuple[Number, ...], value: Value) -> None:
        memref.StoreOp.get(value.ssa, self.ssa, self._indices(where))


def local(
    name: str, bits: int, *shape: int, partition: Sequence[int] = (), reshape: Sequence[int] = ()
) -> Buffer:
    """
    An array of this function. The dimensions in `partition`, counted from 1, are partitioned
    completely into registers or separate memories, those in `reshape` are put side by side into
    wider words (ARRAY_PARTITION and ARRAY_RESHAPE of UG1399).
    """
    type_ = MemRefType(IntegerType(bits), shape)
    buffer = Buffer(memref.AllocOp.get(IntegerType(bits), shape=shape).memref)
    assert buffer.type == type_
    buffer.ssa.name_hint = name
    for layout, dimensions in ((vhls.ArrayPartitionOp, partition), (vhls.ArrayReshapeOp, reshape)):
        for dimension in dimensions:
            if shape[dimension - 1] > 1:  # one element cannot be divided
                layout(buffer.ssa, "complete", dimension)
    return buffer


def queue_type(bits: int, elements: int) -> MemRefType[Attribute]:
    """The type of a queue through which `elements` elements of `bits` bits go."""
    return MemRefType(IntegerType(bits), [elements], memory_space=vhls.FIFO)


def queue(name: str, type_: MemRefType[Attribute], depth: int) -> Buffer:
    """A queue of a dataflow function, with room for `depth` elements."""
    space = type_.memory_space
    array = memref.AllocaOp.get(type_.element_type, shape=type_.shape, memory_space=space)
    found = Buffer(array.memref)
    found.ssa.name_hint = name
    vhls.StreamOp(found.ssa, depth)
    return found


def scratch(name: str, bits: int, *shape: int) -> Buffer:
    """An array that lives for one iteration of a loop, with each element in a register."""
    buffer = Buffer(memref.AllocaOp.get(IntegerType(bits), shape=shape).memref)
    buffer.ssa.name_hint = name
    for dimension, size in enumerate(shape, 1):
        if size > 1:
            vhls.ArrayPartitionOp(buffer.ssa, "complete", dimension)
    return buffer


def table(name: str, bits: int, size: int) -> Buffer:
    """The constant array `name` of the module."""
    type_ = MemRefType(IntegerType(bits), [size])
    return Buffer(memref.GetGlobalOp(name, type_).memref)


class Loop:
    """A loop that carries values from one iteration to the next."""

    def __init__(self, operation: scf.ForOp):
        self._operation = operation
        arguments = operation.body.block.args
        self.index = Value(arguments[0])
        self.carried = [Value(argument) for argument in arguments[1:]]

    def next(self, *values: Value) -> None:
        """Set the carried values of the next iteration. This is the last statement of the body."""
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
    A loop over `lower <= name < upper`. If a bound is known only at run time, `most` is the
    greatest trip count, for the tool's report.
    """
    with carrying_loop(lower, upper, name, {}) as body:
        if most is not None:
            vhls.LoopTripcountOp(1, most)
        yield body.index
        scf.YieldOp()


@contextmanager
def unrolled(upper: int, name: str) -> Generator[Value]:
    """A loop over `0 <= name < upper` that is fully unrolled: all iterations run at once."""
    with carrying_loop(0, upper, name, {}) as body:
        vhls.UnrollOp()
        yield body.index
        scf.YieldOp()


def pipeline(ii: int = 1) -> None:
    """Start an iteration of this loop every `ii` cycles."""
    vhls.PipelineOp(ii)


def dataflow() -> None:
    """Run the calls of this function at the same time."""
    vhls.DataflowOp()


@contextmanager
def when(condition: Value) -> Generator[None]:
    """Build the statements of the body under a condition, as `if`."""
    operation = scf.IfOp(condition.ssa, [], Region(Block()))
    with ImplicitBuilder(operation.true_region):
        yield
        scf.YieldOp()


def call(function: func.FuncOp, *arguments: Value | Buffer) -> list[Value]:
    """Call a function and return its results."""
    outputs = function.function_type.outputs.data
    operation = func.CallOp(
        function.sym_name.data, [argument.ssa for argument in arguments], list(outputs)
    )
    return [Value(result) for result in operation.res]


@contextmanager
def function(
    name: str, arguments: dict[str, Attribute], results: Sequence[Attribute] = ()
) -> Generator[tuple[func.FuncOp, dict[str, SSAValue]]]:
    """
    A function, whose body is built in the `with` statement. It yields the function and its
    arguments by name. The body must end in `func.return`, which is added if there are no results.
    """
    block = Block(arg_types=list(arguments.values()))
    for argument, hint in zip(block.args, arguments, strict=True):
        argument.name_hint = hint
    operation = func.FuncOp(name, (list(arguments.values()), list(results)), Region(block))
    with ImplicitBuilder(block):
        yield operation, dict(zip(arguments, block.args, strict=True))
        if not results:
            func.ReturnOp()
