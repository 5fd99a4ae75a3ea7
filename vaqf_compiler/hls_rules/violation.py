"""Reports of what Vitis HLS would refuse or would not implement as intended."""

from __future__ import annotations

from xdsl.ir import Operation

from vaqf_compiler.analysis.program import place_of
from vaqf_compiler.errors import OperationError


def violation(op: Operation, what: str, remedy: str) -> OperationError:
    """
    Return the exception that names the operation and its function, what is wrong, and the remedy.
    """
    return OperationError(op, f"hls-verify refuses '{op.name}'{place_of(op)}: {what}; {remedy}")
