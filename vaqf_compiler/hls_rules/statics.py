"""Static arrays: each exists once, no matter how many processes use it."""

from __future__ import annotations

from xdsl.dialects import func, memref

from vaqf_compiler.analysis.program import Program, name_of, place_of
from vaqf_compiler.hls_rules.dataflow import dataflow_regions
from vaqf_compiler.hls_rules.violation import violation


def check_statics(program: Program) -> None:
    """Raise OperationError for a static array of a function that two processes call or are."""
    for region in dataflow_regions(program):
        users: dict[memref.AllocOp, func.CallOp] = {}
        for call in region.processes:
            for static in _statics(program, call):
                other = users.setdefault(static, call)
                if other is not call:
                    what = f"the processes {other.callee} and {call.callee} of {region.name} share "
                    what += f"the static array {name_of(static.memref)}{place_of(static)}"
                    remedy = "make it memref.alloca, or give each process a function of its own"
                    raise violation(call, what, remedy)


def _statics(program: Program, process: func.CallOp) -> list[memref.AllocOp]:
    functions = program.reached_from([program.callee(process)])
    return [
        op for function in functions for op in function.walk() if isinstance(op, memref.AllocOp)
    ]
