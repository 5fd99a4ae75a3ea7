"""Check of the operations in a dispatch, and of their operands, against the engine's kind."""

from __future__ import annotations

from itertools import pairwise

from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit import (
    AddOp,
    DispatchOp,
    EngineOp,
    ParameterOp,
    QuantizeOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.engines.registry import kind_of
from vaqf_compiler.errors import OperationError


def check_contents(dispatch: DispatchOp, engine: EngineOp) -> None:
    """
    Raise OperationError unless the operations of a dispatch are a chain that its engine computes,
    each result is used only by the next operation, and operands that the engine reads from a port
    are parameters.
    """
    operations, kind = dispatch.operations, kind_of(engine)
    if tuple(type(op) for op in operations) not in kind.chains:
        found = ", ".join(op.name for op in operations) or "nothing"
        known = " or ".join(", ".join(op.name for op in each) or "nothing" for each in kind.chains)
        raise OperationError(
            dispatch,
            f"an engine of kind '{kind.kind}' computes {known}, not {found}; run binvit-map",
        )
    for op, following in pairwise(dispatch.body.block.ops):
        if [use.operation for use in op.results[0].uses] != [following]:
            raise OperationError(
                op, f"the result of {op.name} must be an operand of {following.name}, and only that"
            )
    rank = kind.result_rank
    if len(shape_of(dispatch.result)) != rank:
        raise OperationError(
            dispatch,
            f"an engine of kind '{kind.kind}' has a result of rank {rank}, "
            f"not {dispatch.result.type}",
        )
    for value in kind.constants(dispatch):
        if not is_constant(value):
            raise OperationError(
                dispatch,
                f"an engine of kind '{kind.kind}' reads parameters from a port, but one depends on "
                "what is computed; run binvit-map on the quantised model",
            )


def is_constant(value: SSAValue) -> bool:
    """Whether a value depends only on parameters."""
    match value.owner:
        case ParameterOp():
            return True
        case QuantizeOp() | AddOp() as op:
            return all(is_constant(operand) for operand in op.operands)
        case _:
            return False
