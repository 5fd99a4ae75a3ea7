"""How a rule reports what Vitis HLS would not take, or not as it is meant."""

from __future__ import annotations

from xdsl.ir import Operation

from vaqf_compiler.analysis.program import place_of
from vaqf_compiler.errors import OperationError


def violation(op: Operation, what: str, remedy: str) -> OperationError:
    """The exception that names the operation and its function, what is wrong, and what to do."""
    return OperationError(op, f"hls-verify refuses '{op.name}'{place_of(op)}: {what}; {remedy}")
