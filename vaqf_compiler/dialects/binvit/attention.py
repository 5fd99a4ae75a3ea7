"""Multi-head attention in three steps: scores, softmax, context."""

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
    prop_def,
    result_def,
    traits_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.binvit.checks import (
    Tensor,
    expect_rank,
    expect_shape,
    expect_uniform_kind,
    quantized,
    shape_of,
    verify_accumulator,
)
from vaqf_compiler.float_text import Float64


@irdl_op_definition
class AttentionScoresOp(IRDLOperation):
    """
    Compute `scale * (query_h @ key_h.T)` for every head `h`. Query and key are `FxD` with the heads
    side by side, the result is `HxFxF`. Quantised, the factor is part of the accumulator's scale.
    """

    name = "binvit.attention_scores"

    query = operand_def(Tensor)
    key = operand_def(Tensor)
    heads = prop_def(IntegerAttr[I64])
    scale = prop_def(FloatAttr[Float64Type])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    custom_directives = (Float64,)
    assembly_format = (
        "$query `,` $key `heads` $heads `scale` custom<Float64>($scale) attr-dict"
        " `:` functional-type(operands, results)"
    )

    def __init__(
        self, query: SSAValue, key: SSAValue, heads: int, scale: float, element_type: Attribute
    ):
        shape = [heads, shape_of(query)[0], shape_of(key)[0]]
        super().__init__(
            operands=[query, key],
            properties={"heads": IntegerAttr(heads, i64), "scale": FloatAttr(scale, f64)},
            result_types=[TensorType(element_type, shape)],
        )

    def verify_(self) -> None:
        expect_rank("query", self.query, 2)
        tokens, channels = shape_of(self.query)
        expect_shape("key", self.key, [tokens, channels])
        heads = self.heads.value.data
        if heads < 1 or channels % heads:
            raise VerifyException(f"{heads} heads do not divide {channels} channels")
        expect_shape("result", self.result, [heads, tokens, tokens])
        if not 0 < self.scale.value.data < math.inf:
            raise VerifyException("scale must be positive and finite")
        if expect_uniform_kind(self):
            factor = self.scale.value.data
            verify_accumulator(self.result, channels // heads, self.query, self.key, factor=factor)


@irdl_op_definition
class SoftmaxOp(IRDLOperation):
    """
    Compute the softmax over the last dimension. Quantised, the result is unsigned and its scale is
    a power of two, 2**-1 to 2**-35; see the softmax section of docs/arithmetic.md.
    """

    name = "binvit.softmax"

    input = operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$input attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, element_type: Attribute):
        super().__init__(operands=[input], result_types=[TensorType(element_type, shape_of(input))])

    @property
    def result_exponent(self) -> int:
        """
        The `n` of the result's scale `2**-n`. Raises VerifyException if the scale has another form.
        """
        scale = quantized("result", self.result, signed=False).scale.data
        mantissa, exponent = math.frexp(scale)
        if mantissa != 0.5 or not 1 <= 1 - exponent <= 35:
            raise VerifyException(
                f"result scale must be a power of two in 2**-35..1/2, got {scale!r}"
            )
        return 1 - exponent

    def verify_(self) -> None:
        expect_shape("result", self.result, shape_of(self.input))
        if expect_uniform_kind(self):
            quantized("input", self.input)
            _ = self.result_exponent


@irdl_op_definition
class AttentionContextOp(IRDLOperation):
    """
    Compute `probabilities_h @ value_h` for every head `h`, with the results side by side again.
    Probabilities are `HxFxF`, value and result are `FxD`.
    """

    name = "binvit.attention_context"

    probabilities = operand_def(Tensor)
    value = operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$probabilities `,` $value attr-dict `:` functional-type(operands, results)"

    def __init__(self, probabilities: SSAValue, value: SSAValue, element_type: Attribute):
        super().__init__(
            operands=[probabilities, value],
            result_types=[TensorType(element_type, shape_of(value))],
        )

    def verify_(self) -> None:
        expect_rank("value", self.value, 2)
        expect_rank("probabilities", self.probabilities, 3)
        tokens, channels = shape_of(self.value)
        heads = shape_of(self.probabilities)[0]
        expect_shape("probabilities", self.probabilities, [heads, tokens, tokens])
        if channels % heads:
            raise VerifyException(f"{heads} heads do not divide {channels} channels")
        expect_shape("result", self.result, [tokens, channels])
        if expect_uniform_kind(self):
            quantized("probabilities", self.probabilities, signed=False)
            verify_accumulator(self.result, tokens, self.probabilities, self.value)
