"""Operations that join, select or average tokens and logits."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    IntegerAttr,
    TensorType,
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
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.binvit.checks import (
    Tensor,
    close,
    element,
    expect_rank,
    expect_same_element,
    expect_shape,
    expect_uniform_kind,
    quantized,
    shape_of,
)
from vaqf_compiler.dialects.binvit.types import sum_bits


@irdl_op_definition
class ConcatTokensOp(IRDLOperation):
    """Concatenate the tokens of several `F_ixD` tensors."""

    name = "binvit.concat_tokens"

    inputs = var_operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$inputs attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[SSAValue]):
        tokens = sum(shape_of(value)[0] for value in inputs)
        shape = [tokens, shape_of(inputs[0])[1]]
        super().__init__(operands=[inputs], result_types=[TensorType(element(inputs[0]), shape)])

    def verify_(self) -> None:
        if not self.inputs:
            raise VerifyException("expects at least one operand")
        for value in (*self.inputs, self.result):
            expect_rank("every operand", value, 2)
        expect_same_element(self)
        tokens = sum(shape_of(value)[0] for value in self.inputs)
        channels = {shape_of(value)[1] for value in self.inputs}
        if len(channels) != 1:
            raise VerifyException("operands must have the same number of channels")
        expect_shape("result", self.result, [tokens, channels.pop()])


@irdl_op_definition
class SelectTokenOp(IRDLOperation):
    """Select one token, `FxD -> 1xD`; this is pooling by the class token."""

    name = "binvit.select_token"

    input = operand_def(Tensor)
    index = prop_def(IntegerAttr[I64])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$input `at` $index attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, index: int):
        super().__init__(
            operands=[input],
            properties={"index": IntegerAttr(index, i64)},
            result_types=[TensorType(element(input), [1, shape_of(input)[1]])],
        )

    def verify_(self) -> None:
        expect_rank("input", self.input, 2)
        tokens, channels = shape_of(self.input)
        expect_shape("result", self.result, [1, channels])
        expect_same_element(self)
        if not 0 <= self.index.value.data < tokens:
            raise VerifyException(f"index {self.index.value.data} is not a token of {tokens}")


@irdl_op_definition
class MeanTokensOp(IRDLOperation):
    """
    Compute the mean of the tokens from `first` on, `FxD -> 1xD`. Quantised, the result is their
    exact sum, and the division by their number is part of its scale.
    """

    name = "binvit.mean_tokens"

    input = operand_def(Tensor)
    first = prop_def(IntegerAttr[I64])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$input `from` $first attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, first: int, element_type: Attribute):
        super().__init__(
            operands=[input],
            properties={"first": IntegerAttr(first, i64)},
            result_types=[TensorType(element_type, [1, shape_of(input)[1]])],
        )

    def verify_(self) -> None:
        expect_rank("input", self.input, 2)
        tokens, channels = shape_of(self.input)
        expect_shape("result", self.result, [1, channels])
        if not 0 <= self.first.value.data < tokens:
            raise VerifyException(f"first token {self.first.value.data} is not one of {tokens}")
        if expect_uniform_kind(self):
            count = tokens - self.first.value.data
            _verify_mean(self.input, self.result, count)


@irdl_op_definition
class AverageOp(IRDLOperation):
    """
    Compute the elementwise mean of tensors of one type, such as the logits of a distilled model's
    two heads. Quantised, the result is their exact sum, and the division is part of its scale.
    """

    name = "binvit.average"

    inputs = var_operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$inputs attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[SSAValue], element_type: Attribute):
        super().__init__(
            operands=[inputs], result_types=[TensorType(element_type, shape_of(inputs[0]))]
        )

    def verify_(self) -> None:
        if not self.inputs:
            raise VerifyException("expects at least one operand")
        if len({value.type for value in self.inputs}) != 1:
            raise VerifyException("operands must have the same type")
        expect_shape("result", self.result, shape_of(self.inputs[0]))
        if expect_uniform_kind(self):
            count = len(self.inputs)
            _verify_mean(self.inputs[0], self.result, count)


def _verify_mean(input: SSAValue, result: SSAValue, count: int) -> None:
    """Check that the result holds a sum of `count` integers, with its scale divided by `count`."""
    source, target = quantized("input", input), quantized("result", result)
    scale = source.scale.data / count
    if not close(target.scale.data, scale):
        raise VerifyException(
            f"result scale must be the input's divided by {count}, {scale!r}, "
            f"got {target.scale.data!r}"
        )
    needed = sum_bits(count, source)
    if target.bits.data < needed:
        raise VerifyException(
            f"a sum of {count} {source} needs {needed} bits, got {target.bits.data}"
        )
