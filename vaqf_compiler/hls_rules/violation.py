"""How a rule reports what Vitis HLS would not take, or not as it is meant."""

from __future__ import annotations

from xdsl.dialects import func, scf
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.errors import OperationError


def function_of(op: Operation) -> func.FuncOp | None:
    """The function that an operation is in, or is."""
    found: Operation | None = op
    while found is not None and not isinstance(found, func.FuncOp):
        found = found.parent_op()
    return found


def violation(op: Operation, what: str, remedy: str) -> OperationError:
    """The exception that names the operation and its function, what is wrong, and what to do."""
    return OperationError(op, f"hls-verify refuses '{op.name}'{place_of(op)}: {what}; {remedy}")


def place_of(op: Operation) -> str:
    """In which function an operation is, as a message goes on after its name."""
    function = function_of(op)
    return "" if function in (None, op) else f" in @{function.sym_name.data}"


def name_of(value: SSAValue) -> str:
    """A value as a message names it."""
    return f"%{value.name_hint}" if value.name_hint else "one without a name"


def loop_name(loop: scf.ForOp) -> str:
    """A loop as a message names it: by its index."""
    return f"the loop over {name_of(loop.body.block.args[0])}"
