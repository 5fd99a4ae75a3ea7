"""Operations within a token or on single elements: normalisation, activation, addition."""

from __future__ import annotations

import math
from typing import ClassVar

from xdsl.dialects.builtin import (
    Float64Type,
    FloatAttr,
    StringAttr,
    TensorType,
    f64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.binvit.checks import (
    Tensor,
    close,
    expect_rank,
    expect_shape,
    expect_uniform_kind,
    quantized,
    shape_of,
)
from vaqf_compiler.float_text import Float64


@irdl_op_definition
class LayerNormOp(IRDLOperation):
    """
    Normalise each token over its channels, then scale and shift it. Input and result are `FxD`,
    gamma and beta are `D`. For the quantised form, see the layer normalisation section of
    docs/arithmetic.md.
    """

    name = "binvit.layer_norm"

    input = operand_def(Tensor)
    gamma = operand_def(Tensor)
    beta = operand_def(Tensor)
    epsilon = prop_def(FloatAttr[Float64Type])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    custom_directives = (Float64,)
    assembly_format = (
        "$input `,` $gamma `,` $beta `epsilon` custom<Float64>($epsilon) attr-dict"
        " `:` functional-type(operands, results)"
    )

    FRACTION_BITS: ClassVar[int] = 12
    """Binary places of a normalised value before gamma is applied."""
    MOST_SHIFT: ClassVar[int] = 31
    """The greatest right shift from beta's scale to the result's."""

    def __init__(
        self,
        input: SSAValue,
        gamma: SSAValue,
        beta: SSAValue,
        epsilon: float,
        element_type: Attribute,
    ):
        super().__init__(
            operands=[input, gamma, beta],
            properties={"epsilon": FloatAttr(epsilon, f64)},
            result_types=[TensorType(element_type, shape_of(input))],
        )

    @property
    def shift(self) -> int:
        """
        The right shift from beta's scale to the result's. Raises VerifyException if none fits.
        """
        beta, result = quantized("beta", self.beta), quantized("result", self.result)
        mantissa, exponent = math.frexp(result.scale.data / beta.scale.data)
        if not close(mantissa, 0.5) or not 1 <= exponent - 1 <= self.MOST_SHIFT:
            raise VerifyException(
                f"result scale must be beta's times a power of two in 2**1..2**{self.MOST_SHIFT}"
            )
        return exponent - 1

    def verify_(self) -> None:
        expect_rank("input", self.input, 2)
        tokens, channels = shape_of(self.input)
        expect_shape("gamma", self.gamma, [channels])
        expect_shape("beta", self.beta, [channels])
        expect_shape("result", self.result, [tokens, channels])
        if not 0 < self.epsilon.value.data < math.inf:
            raise VerifyException("epsilon must be positive and finite")
        if expect_uniform_kind(self):
            quantized("input", self.input)
            gamma, beta = quantized("gamma", self.gamma), quantized("beta", self.beta)
            if gamma.bits.data > 16 or beta.bits.data > 32:
                raise VerifyException("gamma has at most 16 bits and beta at most 32")
            if not close(gamma.scale.data, beta.scale.data * 2**self.FRACTION_BITS):
                raise VerifyException(f"gamma scale must be beta's times 2**{self.FRACTION_BITS}")
            _ = self.shift


@irdl_op_definition
class GeluOp(IRDLOperation):
    """
    Apply GELU, exactly (`none`) or by its `tanh` approximation. Quantised, it is a table with an
    entry for each input: `clamp(round(gelu(x * input_scale) / result_scale))`. The input therefore
    has at most 12 bits.
    """

    name = "binvit.gelu"

    input = operand_def(Tensor)
    approximate = prop_def(StringAttr)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = (
        "$input `approximate` $approximate attr-dict `:` type($input) `->` type($result)"
    )

    TABLE_BITS: ClassVar[int] = 12

    def __init__(self, input: SSAValue, approximate: str, element_type: Attribute):
        super().__init__(
            operands=[input],
            properties={"approximate": StringAttr(approximate)},
            result_types=[TensorType(element_type, shape_of(input))],
        )

    def verify_(self) -> None:
        expect_shape("result", self.result, shape_of(self.input))
        if self.approximate.data not in ("none", "tanh"):
            raise VerifyException(f'approximate must be "none" or "tanh", got {self.approximate}')
        if expect_uniform_kind(self):
            quantized("result", self.result)
            bits = quantized("input", self.input).bits.data
            if bits > self.TABLE_BITS:
                raise VerifyException(
                    f"input has {bits} bits, but a table has at most 2**{self.TABLE_BITS} entries"
                )


@irdl_op_definition
class AddOp(IRDLOperation):
    """Add two tensors of one type elementwise. Quantised, the sum saturates."""

    name = "binvit.add"

    lhs = operand_def(Tensor)
    rhs = operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        super().__init__(operands=[lhs, rhs], result_types=[lhs.type])

    def verify_(self) -> None:
        if not self.lhs.type == self.rhs.type == self.result.type:
            raise VerifyException("operands and result must have the same type")


@irdl_op_definition
class ChannelScaleOp(IRDLOperation):
    """Multiply each channel by its factor (LayerScale). The input is `FxD`, the factor `D`."""

    name = "binvit.channel_scale"

    input = operand_def(Tensor)
    factor = operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$input `,` $factor attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, factor: SSAValue):
        super().__init__(operands=[input, factor], result_types=[input.type])

    def verify_(self) -> None:
        expect_rank("input", self.input, 2)
        expect_shape("factor", self.factor, [shape_of(self.input)[1]])
        if self.input.type != self.result.type:
            raise VerifyException("input and result must have the same type")
        if expect_uniform_kind(self):
            raise VerifyException("has no quantised form")
