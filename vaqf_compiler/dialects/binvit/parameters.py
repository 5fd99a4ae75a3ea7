"""Parameters of the model, and changes of scale between integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    IntegerAttr,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import SSAValue
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
    close,
    element,
    expect_rank,
    expect_shape,
    is_quantized,
    quantized,
    shape_of,
)
from vaqf_compiler.dialects.binvit.types import (
    BinaryType,
    IntegerElement,
    QuantizedType,
)


def significant(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape without leading dimensions of size one."""
    sizes = list(shape)
    while sizes and sizes[0] == 1:
        del sizes[0]
    return tuple(sizes)


@irdl_op_definition
class ParameterOp(IRDLOperation):
    """
    A named float tensor of the model's `.safetensors` file (module attribute `binvit.weights`), or
    its rows `[first_row, first_row + rows)`. `stored` is the tensor's shape in the file, if it
    differs from the result's by more than leading dimensions of size one.
    """

    name = "binvit.parameter"

    parameter = prop_def(StringAttr)
    first_row = opt_prop_def(IntegerAttr[I64])
    stored = opt_prop_def(DenseArrayBase.constr(i64))
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = (
        "$parameter (`from` `row` $first_row^)? (`of` $stored^)? attr-dict `:` type($result)"
    )

    def __init__(
        self,
        parameter: str,
        result_type: TensorType,
        first_row: int | None = None,
        stored: Sequence[int] | None = None,
    ):
        """
        Create the operation. `stored` can be omitted for a whole tensor, and so can leading
        dimensions of size one.
        """
        shape = result_type.get_shape()
        if stored is not None and first_row is None and significant(stored) == significant(shape):
            stored = None
        super().__init__(
            properties={
                "parameter": StringAttr(parameter),
                "first_row": None if first_row is None else IntegerAttr(first_row, i64),
                "stored": None if stored is None else DenseArrayBase.from_list(i64, stored),
            },
            result_types=[result_type],
        )

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape of the whole tensor; leading dimensions of size one may be missing."""
        return shape_of(self.result) if self.stored is None else tuple(self.stored.get_values())

    def verify_(self) -> None:
        if is_quantized(self.result):
            raise VerifyException("parameters are float: quantise them with binvit.quantize")
        shape, stored = shape_of(self.result), self.stored_shape
        if self.first_row is None:
            if math.prod(stored) != math.prod(shape):
                raise VerifyException(f"a tensor of {stored} has not the elements of {shape}")
            return
        first = self.first_row.value.data
        if first < 0:
            raise VerifyException("first row must not be negative")
        if self.stored is None:
            raise VerifyException("of which shape the rows are must be said")
        row = math.prod(shape[1:])
        if not shape or math.prod(stored) % row or (first + shape[0]) * row > math.prod(stored):
            raise VerifyException(f"a tensor of {stored} has no rows {first} up of {shape}")


@irdl_op_definition
class QuantizeOp(IRDLOperation):
    """
    Round a float tensor to integers of the result type: `clamp(round(x / scale))`, with ties to
    even. A binary result is 1 if `x >= 0`, otherwise -1. The operation is evaluated at compile time
    on parameters.
    """

    name = "binvit.quantize"

    input = operand_def(Tensor)
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "$input attr-dict `:` type($input) `->` type($result)"

    def __init__(self, input: SSAValue, element_type: IntegerElement):
        super().__init__(operands=[input], result_types=[TensorType(element_type, shape_of(input))])

    def verify_(self) -> None:
        expect_shape("result", self.result, shape_of(self.input))
        if is_quantized(self.input) or not is_quantized(self.result):
            raise VerifyException("quantises a float tensor to a quantised one")


@irdl_op_definition
class RequantizeOp(IRDLOperation):
    """
    Bring integers to another scale: `clamp((x * multiplier + 2**(shift-1)) >> shift)`, where
    `multiplier / 2**shift` approximates the ratio of the input's scale to the result's.
    """

    name = "binvit.requantize"

    input = operand_def(Tensor)
    multiplier = prop_def(IntegerAttr[I64])
    shift = prop_def(IntegerAttr[I64])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = (
        "$input `by` $multiplier `shift` $shift attr-dict `:` type($input) `->` type($result)"
    )

    MULTIPLIER_BITS: ClassVar[int] = 16

    def __init__(self, input: SSAValue, element_type: QuantizedType):
        """
        Create the operation. Multiplier and shift are derived from the two scales; see
        `rescale_factor`.
        """
        source = quantized("input", input)
        multiplier, shift = self.rescale_factor(source.scale.data / element_type.scale.data)
        super().__init__(
            operands=[input],
            properties={
                "multiplier": IntegerAttr(multiplier, i64),
                "shift": IntegerAttr(shift, i64),
            },
            result_types=[TensorType(element_type, shape_of(input))],
        )

    @classmethod
    def rescale_factor(cls, ratio: float) -> tuple[int, int]:
        """
        Return the `(multiplier, shift)` nearest to `ratio`. The multiplier is normalised to 16
        bits, so that its relative error is at most 2**-16. Raises VerifyException if the shift is
        not in 1..62.
        """
        mantissa, exponent = math.frexp(ratio)
        multiplier, shift = round(mantissa * 2**cls.MULTIPLIER_BITS), cls.MULTIPLIER_BITS - exponent
        if multiplier == 2**cls.MULTIPLIER_BITS:
            multiplier, shift = multiplier // 2, shift - 1
        if not 1 <= shift <= 62:
            raise VerifyException(
                f"cannot rescale by {ratio!r}: the shift {shift} leaves 1..62; are weights or "
                "activations of this layer or the one before out of all proportion?"
            )
        return multiplier, shift

    def verify_(self) -> None:
        expect_shape("result", self.result, shape_of(self.input))
        source = quantized("input", self.input, signed=None)
        target = quantized("result", self.result, signed=None)
        multiplier, shift = self.multiplier.value.data, self.shift.value.data
        if not (0 < multiplier < 2**self.MULTIPLIER_BITS and 1 <= shift <= 62):
            raise VerifyException("multiplier must be in 1..65535 and shift in 1..62")
        ratio = source.scale.data / target.scale.data
        if not close(multiplier / 2**shift, ratio, 2**-15):
            raise VerifyException(
                f"{multiplier} / 2**{shift} does not approximate the ratio of the scales, {ratio!r}"
            )


@irdl_op_definition
class ComplementBiasOp(IRDLOperation):
    """
    Compute the bias for an engine that takes products with binary weights in pairs. Of neighbours
    `a` and `b`, the engine takes `a + b` or `a - b`, and if the first weight is -1, the complement
    `~` of that, which is one less than the negative. The result is the bias `M` plus, for each row
    of the weight `MxN`, the number of pairs that begin with -1. Each row is padded with -1 to a
    multiple of `columns`, an even number, as a weight tile is.
    """

    name = "binvit.complement_bias"

    weight = operand_def(Tensor)
    bias = opt_operand_def(Tensor)
    columns = prop_def(IntegerAttr[I64])
    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = (
        "$weight (`bias` $bias^)? `columns` $columns attr-dict `:` "
        "functional-type(operands, results)"
    )

    def __init__(
        self, weight: SSAValue, bias: SSAValue | None, columns: int, element_type: QuantizedType
    ):
        super().__init__(
            operands=[weight, bias],
            properties={"columns": IntegerAttr(columns, i64)},
            result_types=[TensorType(element_type, [shape_of(weight)[0]])],
        )

    @property
    def padding(self) -> int:
        """The number of weights with which each row is padded."""
        return -shape_of(self.weight)[1] % self.columns.value.data

    def verify_(self) -> None:
        expect_rank("weight", self.weight, 2)
        if not isinstance(element(self.weight), BinaryType):
            raise VerifyException(f"weight must be binary, got {element(self.weight)}")
        if self.columns.value.data < 1 or self.columns.value.data % 2:
            raise VerifyException("columns must be even and at least 2")
        rows, columns = shape_of(self.weight)
        expect_shape("result", self.result, [rows])
        result = quantized("result", self.result)
        pairs = (columns + self.padding) // 2
        low, high = 0, pairs
        if self.bias is not None:
            expect_shape("bias", self.bias, [rows])
            bias = quantized("bias", self.bias)
            low, high = low + bias.minimum, high + bias.maximum
            if not close(bias.scale.data, result.scale.data):
                raise VerifyException("bias and result must have the same scale")
        if low < result.minimum or high > result.maximum:
            raise VerifyException(
                f"{low} to {high}, bias and {pairs} pairs of weights, do not fit {result}"
            )


@irdl_op_definition
class AllValuesOp(IRDLOperation):
    """
    Every integer of a type in ascending order: the inputs for which a lookup table has entries.
    """

    name = "binvit.all_values"

    result = result_def(Tensor)

    traits = traits_def(Pure())
    assembly_format = "attr-dict `:` type($result)"

    def __init__(self, element_type: QuantizedType):
        size = element_type.maximum - element_type.minimum + 1
        super().__init__(result_types=[TensorType(element_type, [size])])

    def verify_(self) -> None:
        found = quantized("result", self.result, signed=None)
        expect_shape("result", self.result, [found.maximum - found.minimum + 1])
