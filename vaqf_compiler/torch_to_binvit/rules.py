"""Rules for the operations that compute: which `binvit` operation each becomes."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects.builtin import StringAttr, TensorType, f32
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AttentionContextOp,
    AttentionScoresOp,
    AverageOp,
    ChannelScaleOp,
    ConcatTokensOp,
    GeluOp,
    LayerNormOp,
    LinearOp,
    MeanTokensOp,
    PatchEmbedOp,
    SoftmaxOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.torch import compute, views
from vaqf_compiler.torch_to_binvit.converter import Converter, columns_of, layer_of
from vaqf_compiler.torch_to_binvit.views import (
    Abstract,
    Constant,
    Parameter,
    View,
    as_rows,
    head_columns,
    whole,
)


@Converter.rule(compute.Conv2dOp)
def _patch_embedding(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    image, weight, bias, stride, padding, dilation, groups = args
    kernel = c.whole_parameter(op, "weight", weight, 4)
    channels, _, size, width = shape_of(kernel)
    if (stride, padding, dilation, groups) != ([size, width], [0, 0], [1, 1], 1) or size != width:
        raise c.fail(op, "only square patches are supported: stride = kernel, no padding or groups")
    if (
        not isinstance(image, View)
        or image.source is not c.function.args[0]
        or not np.array_equal(image.indices.flat, np.arange(image.indices.size))
    ):
        raise c.fail(op, "it is not applied to the input image as it comes")
    bias_value = None if bias is None else c.whole_parameter(op, "bias", bias, 1)
    rows, columns = (extent // size for extent in image.indices.shape[-2:])
    result_type = TensorType(f32, [rows * columns, channels])
    patches = c.add(PatchEmbedOp(image.source, kernel, bias_value, result_type), layer_of(weight))
    view = whole(patches.result, (rows, columns, channels))
    return View(patches.result, view.indices.transpose(2, 0, 1)[None])


@Converter.rule(compute.LinearOp)
def _linear(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, weight, bias = args
    tokens = c.tokens(op, input)
    matrix = c.whole_parameter(op, "weight", weight, 2)
    vector = None if bias is None else c.whole_parameter(op, "bias", bias, 1)
    return c.like(op, c.add(LinearOp(tokens, matrix, vector, f32), layer_of(weight)).result)


@Converter.rule(compute.LayerNormOp)
def _layer_norm(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, shape, gamma, beta, epsilon, _ = args
    tokens = c.tokens(op, input)
    if shape != [shape_of(tokens)[1]]:
        raise c.fail(op, "only normalisation over the channels is supported")
    if gamma is None or beta is None:
        raise c.fail(op, "only layer normalisation with weight and bias is supported")
    assert isinstance(epsilon, float)
    scale = c.whole_parameter(op, "weight", gamma, 1)
    shift = c.whole_parameter(op, "bias", beta, 1)
    norm = LayerNormOp(tokens, scale, shift, epsilon, f32)
    return c.like(op, c.add(norm, layer_of(gamma)).result)


@Converter.rule(compute.GeluOp)
def _gelu(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, approximate = args
    assert isinstance(approximate, str)
    return c.like(op, c.add(GeluOp(c.tokens(op, input), approximate, f32)).result)


@Converter.rule(views.CatOp)
def _concat(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    tensors, dim = args
    assert isinstance(tensors, list)
    images = [t.indices.ndim for t in tensors if isinstance(t, View | Parameter)]
    if len(images) != len(tensors) or set(images) != {3} or dim not in (1, -2):
        raise c.fail(op, "only tokens are joined: tensors of 1xFxD along dimension 1")
    return c.like(op, c.add(ConcatTokensOp([c.tokens(op, t) for t in tensors])).result)


def _is_zero(value: Abstract) -> bool:
    return isinstance(value, Constant) and not value.elements.any()


@Converter.rule(compute.AddTensorOp)
def _add(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    lhs, rhs, alpha = args
    if alpha != 1:
        raise c.fail(op, "only plain addition is supported, alpha = 1")
    if isinstance(lhs, Constant) and isinstance(rhs, Constant):
        return Constant(np.add(lhs.elements, rhs.elements))
    if _is_zero(rhs):
        return lhs
    if _is_zero(lhs):
        return rhs
    return c.like(op, c.add(AddOp(c.tokens(op, lhs), c.tokens(op, rhs))).result)


@Converter.rule(compute.AddScalarOp)
def _add_scalar(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, other, alpha = args
    if not isinstance(input, Constant):
        raise c.fail(op, "numbers are added to constants only")
    assert isinstance(other, int | float) and isinstance(alpha, int | float)
    return Constant(np.add(input.elements, other * alpha))


@Converter.rule(compute.GeScalarOp)
def _greater_equal(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, other = args
    if not isinstance(input, Constant):
        raise c.fail(op, "only constants are compared")
    assert isinstance(other, int | float)
    return Constant(np.greater_equal(input.elements, other))


@Converter.rule(compute.ArangeOp)
def _arange(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    assert isinstance(args[0], int | float)
    return Constant(np.arange(args[0]))


def _scaled(c: Converter, op: Operation, input: Abstract, factor: float) -> Abstract:
    if not isinstance(input, View):
        raise c.fail(op, "only activations are multiplied by numbers")
    owner = input.source.owner
    if isinstance(owner, AddOp) and factor == 0.5:
        average = c.add(AverageOp([owner.lhs, owner.rhs], f32))
        return View(average.result, input.indices)
    return View(input.source, input.indices, input.factor * factor)


@Converter.rule(compute.MulScalarOp)
def _mul_scalar(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    assert isinstance(args[1], int | float)
    return _scaled(c, op, args[0], args[1])


@Converter.rule(compute.DivScalarOp)
def _div_scalar(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    assert isinstance(args[1], int | float)
    return _scaled(c, op, args[0], 1 / args[1])


@Converter.rule(compute.MulTensorOp)
def _layer_scale(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, factor = args if isinstance(args[1], Parameter) else reversed(args)
    value = c.whole_parameter(op, "factor", factor, 1)
    scaled = ChannelScaleOp(c.tokens(op, input), value)
    return c.like(op, c.add(scaled, layer_of(factor)).result)


@Converter.rule(views.MeanOp)
def _mean(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, dims, _, dtype = args
    refused = c.fail(op, "only the mean over the last tokens is supported")
    if not isinstance(input, View) or input.indices.ndim != 3 or dtype is not None:
        raise refused
    rows = as_rows(input.indices, shape_of(input.source)[-1])
    if rows is None or dims not in ([1], [-2]) or rows.stop != shape_of(input.source)[0]:
        raise refused
    return c.like(op, c.add(MeanTokensOp(input.source, rows.start, f32)).result)


def _attention_operand(
    c: Converter, op: Operation, what: str, tensor: Abstract, *, keys_last: bool = False
) -> tuple[SSAValue, float, int]:
    """The matrix behind a query, key or value, its constant factor, and the number of heads."""
    columns = None
    if isinstance(tensor, View) and len(shape_of(tensor.source)) == 2:
        columns = head_columns(tensor.indices, tensor.source, keys_last=keys_last)
    if columns is None:
        raise c.fail(op, f"its {what} is not a matrix of tokens split into heads")
    assert isinstance(tensor, View)
    heads = tensor.indices.shape[-3]
    return columns_of(c, op, tensor.source, columns), tensor.factor, heads


def _scores(
    c: Converter, query: SSAValue, key: SSAValue, heads: int, factor: float
) -> AttentionScoresOp:
    """Scores, named after the module that holds the layer of the query."""
    layer = query.owner.attributes.get("layer") if isinstance(query.owner, LinearOp) else None
    name = layer.data.rpartition(".")[0] if isinstance(layer, StringAttr) else None
    return c.add(AttentionScoresOp(query, key, heads, factor, f32), name or None)


def _context(c: Converter, probabilities: SSAValue, value: SSAValue, heads: int) -> View:
    context = c.add(AttentionContextOp(probabilities, value, f32)).result
    tokens, channels = shape_of(context)
    view = whole(context, (tokens, heads, channels // heads))
    return View(context, view.indices.transpose(1, 0, 2)[None])


@Converter.rule(compute.ScaledDotProductAttentionOp)
def _attention(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    query, key, value, mask, _, causal, scale, _ = args
    if causal:
        raise c.fail(op, "causal attention is not supported")
    if mask is not None and not (isinstance(mask, Constant) and _passes_all(mask)):
        raise c.fail(op, "its mask is not constant, or hides something")
    queries, query_factor, heads = _attention_operand(c, op, "query", query)
    keys, key_factor, _ = _attention_operand(c, op, "key", key)
    values, value_factor, _ = _attention_operand(c, op, "value", value)
    if value_factor != 1.0:
        raise c.fail(op, "its value was multiplied by a constant")
    if scale is None:
        scale = 1 / math.sqrt(shape_of(queries)[1] // heads)
    assert isinstance(scale, float)
    factor = scale * query_factor * key_factor
    scores = _scores(c, queries, keys, heads, factor)
    return _context(c, c.add(SoftmaxOp(scores.result, f32)).result, values, heads)


def _passes_all(mask: Constant) -> bool:
    elements = mask.elements
    return bool(elements.all() if elements.dtype == np.bool_ else not elements.any())


@Converter.rule(compute.MatmulOp)
def _matmul(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    lhs, rhs = args
    if isinstance(lhs, View) and isinstance(lhs.source.owner, SoftmaxOp):
        if not _is_whole(lhs):
            raise c.fail(op, "its probabilities were moved")
        values, factor, heads = _attention_operand(c, op, "value", rhs)
        if factor * lhs.factor != 1.0:
            raise c.fail(op, "its value was multiplied by a constant")
        return _context(c, lhs.source, values, heads)
    queries, query_factor, heads = _attention_operand(c, op, "query", lhs)
    keys, key_factor, _ = _attention_operand(c, op, "key", rhs, keys_last=True)
    scores = _scores(c, queries, keys, heads, query_factor * key_factor)
    return c.like(op, scores.result)


def _is_whole(view: View) -> bool:
    return np.array_equal(view.indices.reshape(-1), np.arange(np.prod(shape_of(view.source))))


@Converter.rule(compute.SoftmaxOp)
def _softmax(c: Converter, op: Operation, args: list[Abstract]) -> Abstract:
    input, dim, _ = args
    owner = input.source.owner if isinstance(input, View) else None
    if not isinstance(input, View) or not isinstance(owner, AttentionScoresOp):
        raise c.fail(op, "only the softmax of attention scores is supported")
    if not _is_whole(input) or dim not in (-1, input.indices.ndim - 1):
        raise c.fail(op, "only the softmax over the keys is supported")
    scale = owner.scale.value.data * input.factor
    scores = owner
    if input.factor != 1.0:
        heads = owner.heads.value.data
        scores = _scores(c, owner.query, owner.key, heads, scale)
    return c.like(op, c.add(SoftmaxOp(scores.result, f32)).result)
