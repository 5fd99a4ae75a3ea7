"""Pragmas must exist in Vitis HLS, which lacks some of Vivado HLS, and must not be repeated."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import UnregisteredOp
from xdsl.ir import Operation

from vaqf_compiler.analysis.program import Program, loop_name, name_of
from vaqf_compiler.analysis.schedule import is_unrolled
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.copies import leaves_no_loop
from vaqf_compiler.hls_rules.violation import violation

REPLACEMENTS: Mapping[str, str] = {
    "array_map": "give small arrays one memory yourself, as one array",
    "data_pack": "pack the fields into the bits of one integer",
    "resource": "say vhls.bind_storage of an array, vhls.bind_op of an operation",
}
"""Pragmas of Vivado HLS that Vitis HLS does not have, each with advice for messages."""

ONCE = (
    vhls.PipelineOp,
    vhls.UnrollOp,
    vhls.LoopTripcountOp,
    vhls.ExpressionBalanceOp,
    vhls.DataflowOp,
    vhls.BindStorageOp,
    vhls.BindOpOp,
    vhls.InlineOp,
)
"""Pragmas that may occur once on a loop, function, array or value: of two, the tool ignores one."""


def check_pragmas(program: Program) -> None:
    """Raise OperationError for a pragma that only Vivado HLS has."""
    for op in program.module.walk():
        dialect, _, pragma = _name(op).partition(".")
        if dialect == vhls.VHLS.name and pragma in REPLACEMENTS:
            what = f"Vitis HLS has no pragma '{pragma}', Vivado HLS had"
            raise violation(op, what, REPLACEMENTS[pragma])


def check_repeated_pragmas(program: Program) -> None:
    """Raise OperationError for a second pragma of the same kind on the same subject."""
    said: set[tuple[object, ...]] = set()
    for op in program.module.walk():
        match op:
            case vhls.StreamOp():  # also where the queue is passed to
                keys = {(type(op), queue) for queue in program.roots(op.buffer)}
            case vhls.DependenceOp():
                keys = {(type(op), op.parent, op.buffer, op.kind.data)}
            case vhls.AllocationOp():
                keys = {(type(op), op.parent, op.function)}
            case _ if isinstance(op, ONCE):
                keys = {(type(op), op.operands[0] if op.operands else op.parent)}
            case _:
                continue
        if keys & said:
            raise violation(op, f"{_subject(op)} has this pragma already", "keep one of the two")
        said |= keys


def _subject(op: vhls.PragmaOp) -> str:
    """Return the name of a pragma's subject for a message."""
    if op.operands:
        return name_of(op.operands[0])
    if isinstance(op, vhls.AllocationOp):
        return f"the function {op.function}"
    owner = op.parent_op()
    if isinstance(owner, scf.ForOp):
        return loop_name(owner)
    assert isinstance(owner, func.FuncOp)
    return f"the function @{owner.sym_name.data}"


def check_unrolled_pipelines(program: Program) -> None:
    """Raise OperationError for a pipelined loop whose iterations are all unrolled."""
    for op in program.module.walk():
        loop = op.parent_op()
        if not isinstance(op, vhls.PipelineOp) or not isinstance(loop, scf.ForOp):
            continue
        inside = program.is_in_pipeline(loop)
        if is_unrolled(loop) or (not inside and leaves_no_loop(program, loop)):
            what = f"{loop_name(loop)} is unrolled as a whole, which leaves nothing to pipeline"
            raise violation(op, what, "keep one of the two pragmas, or unroll by less")
        if inside:
            what = f"{loop_name(loop)} is in a pipelined loop or function, which unrolls it"
            raise violation(op, what, "keep the pragma of one of the two")


def _name(op: Operation) -> str:
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name
