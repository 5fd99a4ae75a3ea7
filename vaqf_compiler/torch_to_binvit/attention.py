"""Rules for attention, as one operation or spelt out."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects.builtin import StringAttr, f32
from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit import (
    AttentionContextOp,
    AttentionScoresOp,
    LinearOp,
    SoftmaxOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.torch import compute
from vaqf_compiler.torch_to_binvit.converter import Converter, columns_of
from vaqf_compiler.torch_to_binvit.rules import FLOAT32
from vaqf_compiler.torch_to_binvit.views import (
    Abstract,
    Constant,
    Scaled,
    Shape,
    View,
    head_columns,
    split_factor,
    whole,
    without_leading_ones,
)


def _operand(
    c: Converter, what: str, tensor: Abstract, *, keys_last: bool = False
) -> tuple[SSAValue, float, Shape]:
    """
    The matrix behind a query, key or value, its constant factor, and its shape
    `1 x heads x tokens x head size`, or without the 1. With `keys_last` the last two dimensions of
    the tensor are swapped.
    """
    refused = c.fail(f"its {what} is not a matrix of tokens split into heads")
    if not isinstance(tensor, View | Scaled):
        raise refused
    view, factor = split_factor(tensor)
    indices = view.indices
    if len(shape_of(view.source)) != 2 or indices.ndim < 3:
        raise refused
    indices = indices.swapaxes(-1, -2) if keys_last else indices
    columns = head_columns(indices, view.source)
    if columns is None:
        raise refused
    return columns_of(c, view.source, columns), factor, indices.shape


def _scores(
    c: Converter, query: SSAValue, key: SSAValue, heads: int, factor: float
) -> AttentionScoresOp:
    """Scores, named after the module that holds the layer of the query."""
    layer = query.owner.attributes.get("layer") if isinstance(query.owner, LinearOp) else None
    name = layer.data.rpartition(".")[0] if isinstance(layer, StringAttr) else None
    return c.add(AttentionScoresOp(query, key, heads, factor, f32), name or None)


def _context(c: Converter, probabilities: SSAValue, value: SSAValue, batch: Shape) -> View:
    """The context as heads x tokens x size of a value head, behind the dimensions of `batch`."""
    context = c.add(AttentionContextOp(probabilities, value, f32)).result
    heads = shape_of(probabilities)[0]
    tokens, channels = shape_of(context)
    heads_last = whole(context, (*batch, tokens, heads, channels // heads))
    return View(context, heads_last.indices.swapaxes(-2, -3))


@Converter.rule(compute.ScaledDotProductAttentionOp)
def _attention(
    c: Converter,
    query: Abstract,
    key: Abstract,
    value: Abstract,
    attn_mask: Abstract,
    dropout_p: Abstract,
    is_causal: Abstract,
    scale: Abstract,
    enable_gqa: Abstract,
) -> Abstract:
    if is_causal:
        raise c.fail("causal attention is not supported")
    if dropout_p != 0.0:
        raise c.fail(
            f"it drops probabilities at random, dropout_p = {dropout_p}, in evaluation too; "
            "pass 0.0 where the model is not training"
        )
    if attn_mask is not None and not (isinstance(attn_mask, Constant) and _passes_all(attn_mask)):
        raise c.fail("its mask is not constant, or hides something")
    queries, query_factor, query_shape = _operand(c, "query", query)
    keys, key_factor, key_shape = _operand(c, "key", key)
    values, value_factor, value_shape = _operand(c, "value", value)
    if query_shape[-3] != key_shape[-3] or query_shape[-3] != value_shape[-3]:
        shared = ": grouped-query attention is not supported" if enable_gqa else ""
        raise c.fail(f"query, key and value have different numbers of heads{shared}")
    if value_factor != 1.0:
        raise c.fail("its value was multiplied by a constant")
    if scale is None:
        scale = 1 / math.sqrt(query_shape[-1])
    assert isinstance(scale, float)
    factor = scale * query_factor * key_factor
    scores = _scores(c, queries, keys, query_shape[-3], factor)
    probabilities = c.add(SoftmaxOp(scores.result, f32)).result
    batch = max((shape[:-3] for shape in (query_shape, key_shape, value_shape)), key=len)
    return _context(c, probabilities, values, batch)


def _passes_all(mask: Constant) -> bool:
    elements = mask.elements
    return bool(elements.all() if elements.dtype == np.bool_ else not elements.any())


@Converter.rule(compute.MatmulOp)
def _matmul(c: Converter, input: Abstract, other: Abstract) -> Abstract:
    if isinstance(input, View | Scaled):
        view, factor = split_factor(input)
        if isinstance(view.source.owner, SoftmaxOp):
            return _weighted_values(c, view, factor, other)
    queries, query_factor, query_shape = _operand(c, "query", input)
    keys, key_factor, key_shape = _operand(c, "key", other, keys_last=True)
    heads, tokens = query_shape[-3:-1]
    if heads != key_shape[-3]:
        raise c.fail("query and key have different numbers of heads")
    scores = _scores(c, queries, keys, heads, query_factor * key_factor)
    batch = np.broadcast_shapes(query_shape[:-2], key_shape[:-2])
    return whole(scores.result, (*batch, tokens, key_shape[-2]))


def _weighted_values(c: Converter, probabilities: View, factor: float, value: Abstract) -> View:
    source = probabilities.source
    shape = probabilities.indices.shape
    values, value_factor, value_shape = _operand(c, "value", value)
    heads = shape_of(source)[0]
    if not probabilities.is_whole or shape[-2:] != shape_of(source)[1:]:
        raise c.fail("its probabilities were moved")
    if without_leading_ones(shape[:-2]) != without_leading_ones(value_shape[:-2]):
        raise c.fail(f"its value is not split into {heads} heads")
    if factor * value_factor != 1.0:
        raise c.fail("its probabilities or its value were multiplied by a constant")
    return _context(c, source, values, np.broadcast_shapes(shape[:-3], value_shape[:-3]))


@Converter.rule(compute.SoftmaxOp)
def _softmax(c: Converter, input: Abstract, dim: Abstract, dtype: Abstract) -> Abstract:
    refused = c.fail("only the softmax of attention scores is supported")
    if not isinstance(input, View | Scaled):
        raise refused
    view, factor = split_factor(input)
    scores, shape = view.source.owner, view.indices.shape
    if not isinstance(scores, AttentionScoresOp):
        raise refused
    over_keys = dim in (-1, len(shape) - 1) and shape[-2:] == shape_of(view.source)[1:]
    if not view.is_whole or not over_keys:
        raise c.fail("only the softmax over the keys is supported")
    if dtype not in (None, FLOAT32):
        raise c.fail("only a softmax in float32 is supported")
    if factor != 1.0:
        factor *= scores.scale.value.data
        scores = _scores(c, scores.query, scores.key, scores.heads.value.data, factor)
    return whole(c.add(SoftmaxOp(scores.result, f32)).result, shape)
