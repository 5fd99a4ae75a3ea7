"""
The `vhls` dialect: what Vitis HLS pragmas say about loops, arrays, functions and ports.

Each operation is one pragma of the generated C++ (AMD UG1399, "HLS Pragmas"); it stands where
the pragma will stand: first in the body of the loop or function it is about, or after the
allocation of the array it is about. `vhls.comment` is a comment. (The name `hls` is taken by a
dialect of xDSL that models streams and dataflow regions.)
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import (
    I64,
    FlatSymbolRefAttrConstr,
    IntegerAttr,
    MemRefType,
    StringAttr,
    SymbolRefAttr,
    i64,
)
from xdsl.ir import BlockArgument, Dialect, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    base,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.traits import HasParent
from xdsl.utils.exceptions import VerifyException

Buffer = base(MemRefType)


def _positive(what: str, value: IntegerAttr | None) -> None:
    if value is not None and value.value.data < 1:
        raise VerifyException(f"{what} must be at least 1, got {value.value.data}")


def _one_of(what: str, value: StringAttr, allowed: tuple[str, ...]) -> None:
    if value.data not in allowed:
        raise VerifyException(f"{what} must be one of {', '.join(allowed)}, got '{value.data}'")


def _int(value: int | None) -> IntegerAttr | None:
    return None if value is None else IntegerAttr(value, i64)


class PragmaOp(IRDLOperation, ABC):
    """An operation that is printed as a pragma."""

    def pragma(self, variable: str | None) -> str:
        """The text after `#pragma HLS`; `variable` is the C++ name of the operand, if any."""
        raise NotImplementedError


@irdl_op_definition
class PipelineOp(PragmaOp):
    """Start an iteration of the enclosing loop every `ii` cycles."""

    name = "vhls.pipeline"
    ii = prop_def(IntegerAttr[I64])
    traits = traits_def(HasParent(scf.ForOp))
    assembly_format = "`ii` `=` $ii attr-dict"

    def __init__(self, ii: int = 1):
        super().__init__(properties={"ii": _int(ii)})

    def verify_(self) -> None:
        _positive("ii", self.ii)

    def pragma(self, variable: str | None) -> str:
        return f"pipeline II={self.ii.value.data}"


@irdl_op_definition
class UnrollOp(PragmaOp):
    """Make copies of the body of the enclosing loop, as many as `factor`, else all."""

    name = "vhls.unroll"
    factor = opt_prop_def(IntegerAttr[I64])
    traits = traits_def(HasParent(scf.ForOp))
    assembly_format = "(`factor` `=` $factor^)? attr-dict"

    def __init__(self, factor: int | None = None):
        super().__init__(properties={"factor": _int(factor)})

    def verify_(self) -> None:
        _positive("factor", self.factor)

    def pragma(self, variable: str | None) -> str:
        return "unroll" if self.factor is None else f"unroll factor={self.factor.value.data}"


@irdl_op_definition
class LoopTripcountOp(PragmaOp):
    """Bounds on the trip count of the enclosing loop, for the tool's latency report."""

    name = "vhls.loop_tripcount"
    min = prop_def(IntegerAttr[I64])
    max = prop_def(IntegerAttr[I64])
    traits = traits_def(HasParent(scf.ForOp))
    assembly_format = "`min` `=` $min `max` `=` $max attr-dict"

    def __init__(self, min: int, max: int):
        super().__init__(properties={"min": _int(min), "max": _int(max)})

    def verify_(self) -> None:
        if not 0 <= self.min.value.data <= self.max.value.data:
            raise VerifyException("expected 0 <= min <= max")

    def pragma(self, variable: str | None) -> str:
        return f"loop_tripcount min={self.min.value.data} max={self.max.value.data}"


@irdl_op_definition
class InterfaceOp(PragmaOp):
    """
    How an argument of the top function, or without operand its return, becomes a port:
    `m_axi` (a memory port of its `bundle`) or `s_axilite` (a register of the control block).
    """

    name = "vhls.interface"
    MODES: ClassVar[tuple[str, ...]] = ("m_axi", "s_axilite")

    port = opt_operand_def()
    mode = prop_def(StringAttr)
    bundle = prop_def(StringAttr)
    traits = traits_def(HasParent(func.FuncOp))
    assembly_format = "($port^ `:` type($port))? `mode` `=` $mode `bundle` `=` $bundle attr-dict"

    def __init__(self, port: SSAValue | None, mode: str, bundle: str):
        super().__init__(
            operands=[port], properties={"mode": StringAttr(mode), "bundle": StringAttr(bundle)}
        )

    def verify_(self) -> None:
        _one_of("mode", self.mode, self.MODES)
        if self.port is not None and not isinstance(self.port, BlockArgument):
            raise VerifyException("port must be an argument of the function")
        is_buffer = self.port is not None and isinstance(self.port.type, MemRefType)
        if self.mode.data == "m_axi" and not is_buffer:
            raise VerifyException("an m_axi port must be a memref")

    def pragma(self, variable: str | None) -> str:
        offset = " offset=slave" if self.mode.data == "m_axi" else ""
        port = "return" if variable is None else variable
        return f"interface mode={self.mode.data} port={port} bundle={self.bundle.data}{offset}"


@irdl_op_definition
class InlineOp(PragmaOp):
    """Keep the enclosing function a module of its own, so that calls share it."""

    name = "vhls.inline"
    traits = traits_def(HasParent(func.FuncOp))
    assembly_format = "`off` attr-dict"

    def pragma(self, variable: str | None) -> str:
        return "inline off"


@irdl_op_definition
class AllocationOp(PragmaOp):
    """At most `limit` copies of a function in hardware, however often it is called."""

    name = "vhls.allocation"
    function = prop_def(FlatSymbolRefAttrConstr)
    limit = prop_def(IntegerAttr[I64])
    traits = traits_def(HasParent(func.FuncOp))
    assembly_format = "`function` $function `limit` `=` $limit attr-dict"

    def __init__(self, function: str, limit: int = 1):
        super().__init__(properties={"function": SymbolRefAttr(function), "limit": _int(limit)})

    def verify_(self) -> None:
        _positive("limit", self.limit)

    def pragma(self, variable: str | None) -> str:
        name = self.function.root_reference.data
        return f"allocation function instances={name} limit={self.limit.value.data}"


def is_m_axi_port(buffer: SSAValue) -> bool:
    """Whether a buffer is external memory behind an m_axi port."""
    users: list[Operation] = [use.operation for use in buffer.uses]
    return any(isinstance(user, InterfaceOp) and user.mode.data == "m_axi" for user in users)


@irdl_op_definition
class ArrayPartitionOp(PragmaOp):
    """Split an array along dimension `dim` (from 1) into `factor` memories, or registers."""

    name = "vhls.array_partition"
    KINDS: ClassVar[tuple[str, ...]] = ("cyclic", "block", "complete")

    buffer = operand_def(Buffer)
    kind = prop_def(StringAttr)
    factor = opt_prop_def(IntegerAttr[I64])
    dim = prop_def(IntegerAttr[I64])
    assembly_format = (
        "$buffer $kind (`factor` `=` $factor^)? `dim` `=` $dim attr-dict `:` type($buffer)"
    )

    def __init__(self, buffer: SSAValue, kind: str, dim: int, factor: int | None = None):
        super().__init__(
            operands=[buffer],
            properties={"kind": StringAttr(kind), "factor": _int(factor), "dim": _int(dim)},
        )

    def verify_(self) -> None:
        _one_of("kind", self.kind, self.KINDS)
        _positive("factor", self.factor)
        if (self.kind.data == "complete") == (self.factor is not None):
            raise VerifyException("cyclic and block partitions have a factor, complete ones none")
        assert isinstance(self.buffer.type, MemRefType)
        rank = self.buffer.type.get_num_dims()
        if not 1 <= self.dim.value.data <= rank:
            raise VerifyException(f"dim must be in 1..{rank}, got {self.dim.value.data}")
        if is_m_axi_port(self.buffer):
            raise VerifyException("an m_axi port cannot be partitioned: copy it to a buffer first")

    def pragma(self, variable: str | None) -> str:
        factor = "" if self.factor is None else f" factor={self.factor.value.data}"
        dim = self.dim.value.data
        return f"array_partition variable={variable} type={self.kind.data}{factor} dim={dim}"


@irdl_op_definition
class BindStorageOp(PragmaOp):
    """Which kind of memory an array becomes, with how many ports."""

    name = "vhls.bind_storage"
    TYPES: ClassVar[tuple[str, ...]] = ("ram_1p", "ram_2p", "ram_s2p", "ram_t2p", "rom_1p")
    IMPLEMENTATIONS: ClassVar[tuple[str, ...]] = ("bram", "lutram", "uram")

    buffer = operand_def(Buffer)
    type = prop_def(StringAttr)
    impl = prop_def(StringAttr)
    assembly_format = "$buffer `type` `=` $type `impl` `=` $impl attr-dict `:` type($buffer)"

    def __init__(self, buffer: SSAValue, type: str, impl: str):
        super().__init__(
            operands=[buffer], properties={"type": StringAttr(type), "impl": StringAttr(impl)}
        )

    def verify_(self) -> None:
        _one_of("type", self.type, self.TYPES)
        _one_of("impl", self.impl, self.IMPLEMENTATIONS)
        if not isinstance(self.buffer.owner, memref.AllocOp | memref.AllocaOp):
            raise VerifyException("only arrays that the function itself allocates can be bound")

    def pragma(self, variable: str | None) -> str:
        return f"bind_storage variable={variable} type={self.type.data} impl={self.impl.data}"


@irdl_op_definition
class CommentOp(IRDLOperation):
    """A line of comment in the generated code."""

    name = "vhls.comment"
    text = prop_def(StringAttr)
    assembly_format = "$text attr-dict"

    def __init__(self, text: str):
        super().__init__(properties={"text": StringAttr(text)})

    def verify_(self) -> None:
        if "\n" in self.text.data or self.text.data.endswith("\\"):
            raise VerifyException("text must be one line and not end in a backslash")


VHLS = Dialect(
    "vhls",
    [
        PipelineOp,
        UnrollOp,
        LoopTripcountOp,
        InterfaceOp,
        InlineOp,
        AllocationOp,
        ArrayPartitionOp,
        BindStorageOp,
        CommentOp,
    ],
)
