"""Roles of tensors in a Vision Transformer, on which their numbers of bits depend."""

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
    """
    Return whether a linear layer is a classification head. A head follows the pooling of tokens,
    or, for a model with a single token and thus without pooling, computes the result.
    """
    owner = op.input.owner
    while isinstance(owner, LayerNormOp | AverageOp):
        owner = owner.operands[0].owner
    if isinstance(owner, SelectTokenOp | MeanTokensOp):
        return True
    users = [use.operation for use in op.result.uses]
    is_result = all(isinstance(user, func.ReturnOp | AverageOp) for user in users)
    return is_result and shape_of(op.input)[0] == 1


def binary_layers(function: func.FuncOp) -> list[LinearOp]:
    """Return the linear layers whose weights become binary: all but the heads."""
    return [op for op in function.walk() if isinstance(op, LinearOp) and not is_head(op)]


def binary_weights(function: func.FuncOp) -> list[ParameterOp]:
    """
    Return the weights of the layers that become binary. Each layer gets an operation of its own for
    its weights, because layers can share a parameter, or rows of it, but each has its own scale.
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
    """Return the parameter that a value is, or None if it is not a parameter."""
    return value.owner if isinstance(value.owner, ParameterOp) else None


def is_residual(value: SSAValue) -> bool:
    """
    Return whether a tensor is the residual stream, which additions run through, or a part of it.
    """
    owner = value.owner
    if isinstance(owner, AddOp | ConcatTokensOp | PatchEmbedOp):
        return True
    uses: list[Operation] = [use.operation for use in value.uses]
    return any(isinstance(user, AddOp | ConcatTokensOp) for user in uses)
