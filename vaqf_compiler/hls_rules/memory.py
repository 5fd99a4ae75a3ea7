"""Arrays must have a size that is known when the hardware is built."""

from __future__ import annotations

from xdsl.dialects import memref
from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType
from xdsl.ir import Attribute
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.hls_rules.violation import violation


def check_memory(program: Program) -> None:
    """Raise OperationError for memory that is allocated or freed at run time."""
    for op in program.module.walk():
        if isinstance(op, memref.DeallocOp):
            raise violation(op, "hardware has no heap", "allocate the most that is needed, once")
        if not isinstance(op, memref.AllocOp | memref.AllocaOp):
            continue
        type_ = op.memref.type
        assert isa(type_, MemRefType[Attribute])
        if DYNAMIC_INDEX in type_.get_shape():
            what = f"the size of the array {name_of(op.memref)} is not constant"
            raise violation(op, what, "allocate the most that is needed")
