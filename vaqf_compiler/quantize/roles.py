"""What a tensor is for in a Vision Transformer, as far as its number of bits depends on it."""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.dialects.binvit import (
    AddOp,
    ConcatTokensOp,
    LayerNormOp,
    LinearOp,
    MeanTokensOp,
    ParameterOp,
    PatchEmbedOp,
    SelectTokenOp,
)


def is_head(op: LinearOp) -> bool:
    """Whether a linear layer classifies: it comes after pooling."""
    owner = op.input.owner
    while isinstance(owner, LayerNormOp):
        owner = owner.input.owner
    return isinstance(owner, SelectTokenOp | MeanTokensOp)


def binary_layers(function: func.FuncOp) -> list[LinearOp]:
    """The linear layers whose weights become binary: all but the heads."""
    return [op for op in function.walk() if isinstance(op, LinearOp) and not is_head(op)]


def parameter_of(value: SSAValue) -> ParameterOp | None:
    """The parameter that a value is, None where it is none."""
    return value.owner if isinstance(value.owner, ParameterOp) else None


def is_residual(value: SSAValue) -> bool:
    """Whether a tensor is (part of) the residual stream, which additions run through."""
    owner = value.owner
    if isinstance(owner, AddOp | ConcatTokensOp | PatchEmbedOp):
        return True
    uses: list[Operation] = [use.operation for use in value.uses]
    return any(isinstance(user, AddOp | ConcatTokensOp) for user in uses)
