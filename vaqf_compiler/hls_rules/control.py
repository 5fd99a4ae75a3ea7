"""Control flow must end: only counted loops may repeat anything."""

from __future__ import annotations

from xdsl.dialects import memref, scf

from vaqf_compiler.analysis.program import Program, loop_name
from vaqf_compiler.analysis.schedule import constant
from vaqf_compiler.hls_rules.violation import violation


def check_control(program: Program) -> None:
    """
    Raise OperationError for a loop without a bound or with an exit in its middle, and for
    statements outside all functions.
    """
    for op in program.module.ops:
        if op.dialect_name() in ("scf", "memref", "vhls") and not isinstance(op, memref.GlobalOp):
            raise violation(op, "it is in no function", "put it in one")
    for op in program.module.walk():
        if isinstance(op, scf.WhileOp) or op.dialect_name() == "cf":
            what = "nothing bounds how often it repeats, and where it ends"
            raise violation(op, what, "write it as scf.for with a bound, and branches as scf.if")
        if isinstance(op, scf.ForOp) and (step := constant(op.step)) is not None and step < 1:
            what = f"{loop_name(op)} has the step {step} and does not end"
            raise violation(op, what, "count upwards")
    for function in program.functions.values():
        if len(function.body.blocks) > 1:
            what = f"@{function.sym_name.data} has several blocks"
            raise violation(function, what, "write branches as scf.if, and loops as scf.for")
