"""Layers that multiply by weights: patch embedding and fully connected layers."""

from __future__ import annotations

import math

from xdsl.dialects.builtin import (
    I64,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    TensorType,
    f64,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.binvit.checks import (
    Tensor,
    element,
    expect_rank,
    expect_same_element,
    expect_shape,
    expect_uniform_kind,
    shape_of,
    tensor_type,
    verify_accumulator,
)
from vaqf_compiler.float_text import Float64


@irdl_op_definition
class PatchesOp(IRDLOperation):
    """
    Cut an image `CxHxW` into square patches, and make each a row of the result. The patches are
    ordered row by row, and the pixels of a patch channel by channel, like the weights of a patch
    embedding.
    """

    name = "binvit.patches"

    image = operand_def(Tensor)
    size = prop_def(IntegerAttr[I64])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$image `size` $size attr-dict `:` type($image) `->` type($result)"

    def __init__(self, image: SSAValue, size: int):
        channels, height, width = shape_of(image)
        shape = [height // size * (width // size), channels * size * size]
        super().__init__(
            operands=[image],
            properties={"size": IntegerAttr(size, i64)},
            result_types=[TensorType(element(image), shape)],
        )

    def verify_(self) -> None:
        expect_rank("image", self.image, 3)
        expect_same_element(self)
        channels, height, width = shape_of(self.image)
        size = self.size.value.data
        if size < 1 or height % size or width % size:
            raise VerifyException(f"patches of {size}x{size} do not tile {height}x{width} pixels")
        shape = [height // size * (width // size), channels * size * size]
        expect_shape("result", self.result, shape)


@irdl_op_definition
class PatchEmbedOp(IRDLOperation):
    """
    Cut an image into square patches and project each of them: a convolution whose stride is its
    kernel size. The image is `CxHxW`, the weight `DxCxPxP`, the bias `D`; the result is `(H/P *
    W/P)xD`, with patches ordered row by row.

    The image is multiplied by `scale` first, for example by 1/255 in models that take pixels of
    0..255; without the attribute, the factor is 1. Quantised, the factor is part of the
    accumulator's scale.
    """

    name = "binvit.patch_embed"

    image = operand_def(Tensor)
    weight = operand_def(Tensor)
    bias = opt_operand_def(Tensor)
    scale = opt_prop_def(FloatAttr[Float64Type])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    custom_directives = (Float64,)
    assembly_format = (
        "$image `,` $weight (`bias` $bias^)? (`scale` custom<Float64>($scale)^)? attr-dict"
        " `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        image: SSAValue,
        weight: SSAValue,
        bias: SSAValue | None,
        result_type: TensorType,
        factor: float = 1.0,
    ):
        super().__init__(
            operands=[image, weight, bias],
            properties={"scale": None if factor == 1.0 else FloatAttr(factor, f64)},
            result_types=[result_type],
        )

    @property
    def factor(self) -> float:
        """The factor by which the image is multiplied."""
        return 1.0 if self.scale is None else self.scale.value.data

    def verify_(self) -> None:
        expect_rank("image", self.image, 3)
        expect_rank("weight", self.weight, 4)
        channels, height, width = shape_of(self.image)
        out_channels, in_channels, size, size_w = shape_of(self.weight)
        if in_channels != channels or size != size_w:
            raise VerifyException(
                f"weight must have shape Dx{channels}xPxP, got {tensor_type(self.weight)}"
            )
        if height % size or width % size:
            raise VerifyException(f"patches of {size}x{size} do not tile {height}x{width} pixels")
        if self.bias is not None:
            expect_shape("bias", self.bias, [out_channels])
        patches = (height // size) * (width // size)
        expect_shape("result", self.result, [patches, out_channels])
        if not 0 < self.factor < math.inf:
            raise VerifyException("scale must be positive and finite")
        if expect_uniform_kind(self):
            terms = channels * size * size
            verify_accumulator(self.result, terms, self.image, self.weight, self.bias, self.factor)


@irdl_op_definition
class LinearOp(IRDLOperation):
    """
    Apply a fully connected layer to tokens: `input @ weight.T + bias`. The input is `FxN`, the
    weight `MxN`, the bias `M`, the result `FxM`. Quantised, the result is the exact integer
    accumulator.
    """

    name = "binvit.linear"

    input = operand_def(Tensor)
    weight = operand_def(Tensor)
    bias = opt_operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = (
        "$input `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self, input: SSAValue, weight: SSAValue, bias: SSAValue | None, element_type: Attribute
    ):
        shape = [shape_of(input)[0], shape_of(weight)[0]]
        super().__init__(
            operands=[input, weight, bias], result_types=[TensorType(element_type, shape)]
        )

    def verify_(self) -> None:
        expect_rank("input", self.input, 2)
        tokens, in_channels = shape_of(self.input)
        expect_rank("weight", self.weight, 2)
        out_channels = shape_of(self.weight)[0]
        expect_shape("weight", self.weight, [out_channels, in_channels])
        if self.bias is not None:
            expect_shape("bias", self.bias, [out_channels])
        expect_shape("result", self.result, [tokens, out_channels])
        if expect_uniform_kind(self):
            verify_accumulator(self.result, in_channels, self.input, self.weight, self.bias)
