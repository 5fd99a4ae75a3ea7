"""What a tensor is for in a Vision Transformer, as far as its number of bits depends on it."""

from __future__ import annotations

from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AverageOp,
    ConcatTokensOp,
    LayerNormOp,
    LinearOp,
    MeanTokensOp,
    ParameterOp,
    PatchEmbedOp,
    SelectTokenOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of


def is_head(op: LinearOp) -> bool:
    """Whether a linear layer classifies: it comes after pooling, which is nothing for one token."""
    owner = op.input.owner
    while isinstance(owner, LayerNormOp | AverageOp):
        owner = owner.operands[0].owner
    if isinstance(owner, SelectTokenOp | MeanTokensOp):
        return True
    users = [use.operation for use in op.result.uses]
    is_result = all(isinstance(user, func.ReturnOp | AverageOp) for user in users)
    return is_result and shape_of(op.input)[0] == 1


def binary_layers(function: func.FuncOp) -> list[LinearOp]:
    """The linear layers whose weights become binary: all but the heads."""
    return [op for op in function.walk() if isinstance(op, LinearOp) and not is_head(op)]


def binary_weights(function: func.FuncOp) -> list[ParameterOp]:
    """
    The weights of the layers that become binary, those of each layer in an operation that no other
    uses: layers can share a parameter, whole or in rows, but each has a scale of its own.
    """
    weights: list[ParameterOp] = []
    for layer in binary_layers(function):
        if (weight := parameter_of(layer.weight)) is None:
            continue
        if not weight.result.has_one_use():
            weight = weight.clone()
            weight.result.name_hint = layer.weight.name_hint
            Builder(InsertPoint.before(layer)).insert(weight)
            layer.operands[layer.operands.index(layer.weight)] = weight.result
        weights.append(weight)
    return weights


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
