"""What a dispatch may contain: what an engine of its kind computes in one go, of what values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from xdsl.ir import Block, Operation, SSAValue

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AttentionContextOp,
    AttentionScoresOp,
    DispatchOp,
    EngineOp,
    GeluOp,
    LayerNormOp,
    LinearOp,
    ParameterOp,
    PatchEmbedOp,
    QuantizeOp,
    RequantizeOp,
    SoftmaxOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.errors import OperationError

CHAINS: Mapping[str, Sequence[tuple[type[Operation], ...]]] = {
    "load_image": [()],
    "load_rows": [(), (AddOp,)],
    "copy_tokens": [()],
    "layer_norm": [(LayerNormOp,)],
    "linear": [
        (layer, *rest)
        for layer in (LinearOp, PatchEmbedOp)
        for rest in ((), (RequantizeOp,), (RequantizeOp, GeluOp), (RequantizeOp, AddOp))
    ],
    "attention": [(AttentionScoresOp, SoftmaxOp, AttentionContextOp, RequantizeOp)],
}
"""The operations of a dispatch, by the kind of its engine: each goes on with the last's result."""


def check_contents(dispatch: DispatchOp, engine: EngineOp) -> None:
    """
    Raise OperationError unless the operations of a dispatch are some that its engine computes, each
    for the next one alone, of parameters where the engine reads them from a port.
    """
    operations, kind = dispatch.operations, engine.kind.data
    if tuple(type(op) for op in operations) not in CHAINS[kind]:
        found = ", ".join(op.name for op in operations) or "nothing"
        known = " or ".join(", ".join(op.name for op in each) or "nothing" for each in CHAINS[kind])
        raise OperationError(
            dispatch, f"an engine of kind '{kind}' computes {known}, not {found}; run binvit-map"
        )
    for op, following in pairwise(dispatch.body.block.ops):
        if [use.operation for use in op.results[0].uses] != [following]:
            raise OperationError(
                op, f"the result of {op.name} must be an operand of {following.name}, and only that"
            )
    if kind == "load_image" and not isinstance(dispatch.yielded.owner, Block):
        raise OperationError(
            dispatch, "an engine of kind 'load_image' loads the function's argument"
        )
    rank = 3 if kind == "load_image" else 2
    if len(shape_of(dispatch.result)) != rank:
        raise OperationError(
            dispatch,
            f"an engine of kind '{kind}' has a result of rank {rank}, not {dispatch.result.type}",
        )
    for value in _parameters(dispatch, kind):
        if not is_constant(value):
            raise OperationError(
                dispatch,
                f"an engine of kind '{kind}' reads parameters from a port, but one depends on what "
                "is computed; run binvit-map on the quantised model",
            )


def _parameters(dispatch: DispatchOp, kind: str) -> list[SSAValue]:
    """What an engine reads from a port of parameters."""
    if kind == "load_rows":
        return [dispatch.yielded]
    match dispatch.operations:
        case [LayerNormOp() as norm]:
            return [norm.gamma, norm.beta]
        case [LinearOp() | PatchEmbedOp() as layer, *_]:
            return [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
        case _:
            return []


def is_constant(value: SSAValue) -> bool:
    """Whether a value depends on parameters only."""
    match value.owner:
        case ParameterOp():
            return True
        case QuantizeOp() | AddOp() as op:
            return all(is_constant(operand) for operand in op.operands)
        case _:
            return False
