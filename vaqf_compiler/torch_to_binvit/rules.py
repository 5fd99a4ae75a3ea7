"""Rules for the operations that compute: which `binvit` operation each becomes."""

from __future__ import annotations

import math

import numpy as np
from xdsl.dialects.builtin import TensorType, f32

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AverageOp,
    ChannelScaleOp,
    ConcatTokensOp,
    GeluOp,
    LayerNormOp,
    LinearOp,
    MeanTokensOp,
    PatchEmbedOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.torch import compute, views
from vaqf_compiler.torch_to_binvit.converter import LARGEST_TENSOR, Converter, layer_of
from vaqf_compiler.torch_to_binvit.views import (
    Abstract,
    Constant,
    Parameter,
    Scaled,
    View,
    as_rows,
    scaled,
    split_factor,
    whole,
)

FLOAT32 = 6
"""PyTorch's number for float32 where an operand is a `dtype`."""


@Converter.rule(compute.Conv2dOp)
def _patch_embedding(
    c: Converter,
    input: Abstract,
    weight: Abstract,
    bias: Abstract,
    stride: Abstract,
    padding: Abstract,
    dilation: Abstract,
    groups: Abstract,
) -> Abstract:
    kernel = c.whole_parameter("weight", weight, 4)
    channels, _, size, width = shape_of(kernel)
    if (stride, padding, dilation, groups) != ([size, width], [0, 0], [1, 1], 1) or size != width:
        raise c.fail("only square patches are supported: stride = kernel, no padding or groups")
    if not isinstance(input, View | Scaled):
        raise c.fail("it is not applied to the input image")
    image, factor = split_factor(input)
    source = c.function.args[0]
    if (
        image.source is not source
        or not image.is_whole
        or image.indices.shape != (1, *shape_of(source))
    ):
        raise c.fail("it is not applied to the input image as it comes")
    bias_value = None if bias is None else c.whole_parameter("bias", bias, 1)
    rows, columns = (extent // size for extent in image.indices.shape[-2:])
    result_type = TensorType(f32, [rows * columns, channels])
    patches = c.add(PatchEmbedOp(source, kernel, bias_value, result_type, factor), layer_of(weight))
    view = whole(patches.result, (rows, columns, channels))
    return View(patches.result, view.indices.transpose(2, 0, 1)[None])


@Converter.rule(compute.LinearOp)
def _linear(c: Converter, input: Abstract, weight: Abstract, bias: Abstract) -> Abstract:
    tokens = c.tokens(input)
    matrix = c.whole_parameter("weight", weight, 2)
    vector = None if bias is None else c.whole_parameter("bias", bias, 1)
    result = c.add(LinearOp(tokens, matrix, vector, f32), layer_of(weight)).result
    return whole(result, (*c.shape(input)[:-1], shape_of(matrix)[0]))


@Converter.rule(compute.LayerNormOp)
def _layer_norm(
    c: Converter,
    input: Abstract,
    normalized_shape: Abstract,
    weight: Abstract,
    bias: Abstract,
    eps: Abstract,
    _cudnn_enable: Abstract,
) -> Abstract:
    tokens = c.tokens(input)
    if normalized_shape != [shape_of(tokens)[1]]:
        raise c.fail("only normalisation over the channels is supported")
    if weight is None or bias is None:
        raise c.fail("only layer normalisation with weight and bias is supported")
    assert isinstance(eps, float)
    gamma = c.whole_parameter("weight", weight, 1)
    beta = c.whole_parameter("bias", bias, 1)
    norm = LayerNormOp(tokens, gamma, beta, eps, f32)
    return whole(c.add(norm, layer_of(weight)).result, c.shape(input))


@Converter.rule(compute.GeluOp)
def _gelu(c: Converter, input: Abstract, approximate: Abstract) -> Abstract:
    assert isinstance(approximate, str)
    gelu = c.add(GeluOp(c.tokens(input), approximate, f32))
    return whole(gelu.result, c.shape(input))


@Converter.rule(views.CatOp)
def _concat(c: Converter, tensors: Abstract, dim: Abstract) -> Abstract:
    assert isinstance(tensors, list) and isinstance(dim, int)
    shapes = [c.shape(tensor) for tensor in tensors]
    refused = c.fail("only tokens are joined: tensors of 1xFxD along dimension 1")
    if not shapes or {len(shape) for shape in shapes} != {len(shapes[0])}:
        raise refused
    rank = len(shapes[0])
    if dim not in (-2, rank - 2) or any(math.prod(shape[:-2]) != 1 for shape in shapes):
        raise refused
    joined = c.add(ConcatTokensOp([c.tokens(tensor) for tensor in tensors])).result
    return whole(joined, (*shapes[0][:-2], *shape_of(joined)))


def _is_zero(value: Abstract) -> bool:
    return isinstance(value, Constant) and not value.elements.any()


@Converter.rule(compute.AddTensorOp)
def _add(c: Converter, input: Abstract, other: Abstract, alpha: Abstract) -> Abstract:
    if alpha != 1:
        raise c.fail("only plain addition is supported, alpha = 1")
    if isinstance(input, Constant) and isinstance(other, Constant):
        return Constant(np.add(input.elements, other.elements))
    if _is_zero(other):
        return input
    if _is_zero(input):
        return other
    shape = c.joined_shape([input, other])
    return whole(c.add(AddOp(c.tokens(input), c.tokens(other))).result, shape)


@Converter.rule(compute.AddScalarOp)
def _add_scalar(c: Converter, input: Abstract, other: Abstract, alpha: Abstract) -> Abstract:
    if not isinstance(input, Constant):
        raise c.fail("numbers are added to constants only")
    assert isinstance(other, int | float) and isinstance(alpha, int | float)
    return Constant(np.add(input.elements, other * alpha))


@Converter.rule(compute.GeScalarOp)
def _greater_equal(c: Converter, input: Abstract, other: Abstract) -> Abstract:
    if not isinstance(input, Constant):
        raise c.fail("only constants are compared")
    assert isinstance(other, int | float)
    return Constant(np.greater_equal(input.elements, other))


@Converter.rule(compute.ArangeOp)
def _arange(
    c: Converter,
    end: Abstract,
    _dtype: Abstract,  # the result's type says it
    _layout: Abstract,
    _device: Abstract,
    _pin_memory: Abstract,
) -> Abstract:
    assert isinstance(end, int | float)
    if not 0 < end <= LARGEST_TENSOR:
        raise c.fail(f"{end} is no number of elements from 1 to {LARGEST_TENSOR}")
    return Constant(np.arange(end))


def _times(c: Converter, input: Abstract, factor: float) -> Abstract:
    if not isinstance(input, View | Scaled):
        raise c.fail("only activations are multiplied by numbers")
    if not math.isfinite(factor) or factor == 0:
        raise c.fail(f"it multiplies by {factor}")
    product = scaled(input, factor)
    if isinstance(product, Scaled) and product.factor == 0.5:
        owner = product.view.source.owner
        if isinstance(owner, AddOp):
            average = c.add(AverageOp([owner.lhs, owner.rhs], f32))
            return View(average.result, product.view.indices)
    return product


@Converter.rule(compute.MulScalarOp)
def _mul_scalar(c: Converter, input: Abstract, other: Abstract) -> Abstract:
    assert isinstance(other, int | float)
    return _times(c, input, other)


@Converter.rule(compute.DivScalarOp)
def _div_scalar(c: Converter, input: Abstract, other: Abstract) -> Abstract:
    assert isinstance(other, int | float)
    if other == 0:
        raise c.fail("it divides by zero")
    return _times(c, input, 1 / other)


@Converter.rule(compute.MulTensorOp)
def _layer_scale(c: Converter, input: Abstract, other: Abstract) -> Abstract:
    activation, factor = (input, other) if isinstance(other, Parameter) else (other, input)
    value = c.whole_parameter("factor", factor, 1)
    result = c.add(ChannelScaleOp(c.tokens(activation), value), layer_of(factor)).result
    shape = np.broadcast_shapes(c.shape(activation), c.shape(factor))
    return whole(result, shape)


@Converter.rule(views.MeanOp)
def _mean(
    c: Converter, input: Abstract, dim: Abstract, keepdim: Abstract, dtype: Abstract
) -> Abstract:
    if dtype not in (None, FLOAT32):
        raise c.fail("only means in float32 are supported")
    refused = c.fail("only the mean over the last tokens is supported")
    if isinstance(input, Scaled):
        c.tokens(input)  # refuses the factor
    if not isinstance(input, View) or len(shape_of(input.source)) != 2:
        raise refused
    *batch, _, channels = shape = input.indices.shape if input.indices.ndim > 1 else (0, 0, 0)
    rows = as_rows(input.indices, shape_of(input.source)[-1])
    if (
        rows is None
        or dim not in ([-2], [len(shape) - 2])
        or math.prod(batch) != 1
        or rows.stop != shape_of(input.source)[0]
    ):
        raise refused
    mean = c.add(MeanTokensOp(input.source, rows.start, f32)).result
    return whole(mean, (*batch, 1, channels) if keepdim else (*batch, channels))
