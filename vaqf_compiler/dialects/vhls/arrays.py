"""Pragmas after a declaration, about an array or a variable."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, cast

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    I64,
    IntegerAttr,
    MemRefType,
    SignlessIntegerConstraint,
    StringAttr,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
)
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from vaqf_compiler.dialects.vhls.functions import InterfaceOp
from vaqf_compiler.dialects.vhls.pragma import (
    PragmaOp,
    check_one_of,
    check_positive,
    integer,
    option,
)


def is_m_axi_port(buffer: SSAValue) -> bool:
    """Whether a buffer is external memory behind an m_axi port."""
    users: list[Operation] = [use.operation for use in buffer.uses]
    return any(isinstance(user, InterfaceOp) and user.mode.data == "m_axi" for user in users)


class ArrayLayoutOp(PragmaOp, ABC):
    """Divides dimension `dim` (from 1) of an array by `factor`, or wholly."""

    KINDS: ClassVar[tuple[str, ...]] = ("cyclic", "block", "complete")

    buffer = operand_def(base(MemRefType))
    kind = prop_def(StringAttr)
    factor = opt_prop_def(IntegerAttr[I64])
    dim = prop_def(IntegerAttr[I64])

    assembly_format = (
        "$buffer $kind (`factor` `=` $factor^)? `dim` `=` $dim attr-dict `:` type($buffer)"
    )

    def __init__(self, buffer: SSAValue, kind: str, dim: int, factor: int | None = None):
        super().__init__(
            operands=[buffer],
            properties={"kind": StringAttr(kind), "factor": integer(factor), "dim": integer(dim)},
        )

    def verify_(self) -> None:
        check_one_of("kind", self.kind, self.KINDS)
        check_positive("factor", self.factor)
        if (self.kind.data == "complete") == (self.factor is not None):
            raise VerifyException("cyclic and block have a factor, complete has none")
        assert isa(self.buffer.type, MemRefType)
        shape, dim = self.buffer.type.get_shape(), self.dim.value.data
        if not 1 <= dim <= len(shape):
            raise VerifyException(f"dim must be in 1..{len(shape)}, got {dim}")
        if shape[dim - 1] == DYNAMIC_INDEX:
            raise VerifyException(f"dimension {dim} has no size that could be divided")
        if self.factor is not None and self.factor.value.data > shape[dim - 1]:
            raise VerifyException(
                f"factor must be at most the size of the dimension, {shape[dim - 1]}"
            )
        if is_m_axi_port(self.buffer):
            raise VerifyException("an m_axi port cannot be divided: copy it to a buffer first")

    def pragma(self, variable: str | None) -> str:
        pragma = self.name.removeprefix("vhls.")
        text = f"{pragma} variable={variable} {self.kind.data}"
        return text + option("factor", self.factor) + option("dim", self.dim)


@irdl_op_definition
class ArrayPartitionOp(ArrayLayoutOp):
    """Split an array into memories of their own, or registers."""

    name = "vhls.array_partition"


@irdl_op_definition
class ArrayReshapeOp(ArrayLayoutOp):
    """Put several elements of an array into one wider word of its memory."""

    name = "vhls.array_reshape"


FIFO = StringAttr("fifo")
"""
The memory space of arrays that are a queue: the n-th write is of element n, and the n-th read too,
so that none needs an address. In C++ that is an `hls::stream`. (It is a string since upstream MLIR
takes no memory space of a dialect that it does not know.)
"""


def memref_type(type_: Attribute) -> MemRefType[Attribute] | None:
    """A type as that of an array, if it is one: `isa` would look at the element's type too."""
    return cast(MemRefType[Attribute], type_) if isinstance(type_, MemRefType) else None


def is_fifo(type_: Attribute) -> bool:
    """Whether a type is that of a queue."""
    array = memref_type(type_)
    return array is not None and array.memory_space == FIFO


@irdl_op_definition
class StreamOp(PragmaOp):
    """How many elements may be in a queue at a time."""

    name = "vhls.stream"

    buffer = operand_def(base(MemRefType))
    depth = prop_def(IntegerAttr[I64])

    assembly_format = "$buffer `depth` `=` $depth attr-dict `:` type($buffer)"

    def __init__(self, buffer: SSAValue, depth: int):
        super().__init__(operands=[buffer], properties={"depth": integer(depth)})

    def verify_(self) -> None:
        check_positive("depth", self.depth)
        if not is_fifo(self.buffer.type):
            raise VerifyException('the array must be a queue, with the memory space "fifo"')

    def pragma(self, variable: str | None) -> str:
        return f"stream variable={variable}" + option("depth", self.depth)


@irdl_op_definition
class BindStorageOp(PragmaOp):
    """Which kind of memory an array becomes, with how many ports, and cycles to read it."""

    name = "vhls.bind_storage"
    TYPES: ClassVar[tuple[str, ...]] = ("ram_1p", "ram_2p", "ram_s2p", "ram_t2p", "rom_1p")
    IMPLEMENTATIONS: ClassVar[tuple[str, ...]] = ("bram", "lutram", "uram")

    buffer = operand_def(base(MemRefType))
    type = prop_def(StringAttr)
    impl = prop_def(StringAttr)
    latency = opt_prop_def(IntegerAttr[I64])

    assembly_format = (
        "$buffer `type` `=` $type `impl` `=` $impl (`latency` `=` $latency^)? attr-dict"
        " `:` type($buffer)"
    )

    def __init__(self, buffer: SSAValue, type: str, impl: str, latency: int | None = None):
        super().__init__(
            operands=[buffer],
            properties={
                "type": StringAttr(type),
                "impl": StringAttr(impl),
                "latency": integer(latency),
            },
        )

    def verify_(self) -> None:
        check_one_of("type", self.type, self.TYPES)
        check_one_of("impl", self.impl, self.IMPLEMENTATIONS)
        check_positive("latency", self.latency)
        if not isinstance(self.buffer.owner, memref.AllocOp | memref.AllocaOp):
            raise VerifyException("only arrays that the function itself allocates can be bound")

    def pragma(self, variable: str | None) -> str:
        text = f"bind_storage variable={variable} type={self.type.data} impl={self.impl.data}"
        return text + option("latency", self.latency)


@irdl_op_definition
class BindOpOp(PragmaOp):
    """Whether a sum or product is computed in DSP blocks or in the fabric."""

    name = "vhls.bind_op"
    OPERATIONS: ClassVar[dict[type[Operation], str]] = {
        arith.AddiOp: "add",
        arith.SubiOp: "sub",
        arith.MuliOp: "mul",
    }
    IMPLEMENTATIONS: ClassVar[tuple[str, ...]] = ("dsp", "fabric")
    MOST_LATENCY: ClassVar[int] = 4
    """Of UG1399's table of operations; a subtraction in DSP blocks has none."""

    value = operand_def(SignlessIntegerConstraint)
    impl = prop_def(StringAttr)
    latency = opt_prop_def(IntegerAttr[I64])

    assembly_format = (
        "$value `impl` `=` $impl (`latency` `=` $latency^)? attr-dict `:` type($value)"
    )

    def __init__(self, value: SSAValue, impl: str, latency: int | None = None):
        super().__init__(
            operands=[value], properties={"impl": StringAttr(impl), "latency": integer(latency)}
        )

    def verify_(self) -> None:
        check_one_of("impl", self.impl, self.IMPLEMENTATIONS)
        if type(self.value.owner) not in self.OPERATIONS:
            names = ", ".join(operation.name for operation in self.OPERATIONS)
            raise VerifyException(f"value must be the result of one of {names}")
        most = 0 if (self.operation, self.impl.data) == ("sub", "dsp") else self.MOST_LATENCY
        if self.latency is not None and not 0 <= self.latency.value.data <= most:
            raise VerifyException(
                f"latency of {self.operation} in {self.impl.data} must be in 0..{most}, got "
                f"{self.latency.value.data}"
            )

    @property
    def operation(self) -> str:
        """What computes the value, as the tool calls it."""
        assert isinstance(self.value.owner, Operation)
        return self.OPERATIONS[type(self.value.owner)]

    def pragma(self, variable: str | None) -> str:
        text = f"bind_op variable={variable} op={self.operation} impl={self.impl.data}"
        return text + option("latency", self.latency)
