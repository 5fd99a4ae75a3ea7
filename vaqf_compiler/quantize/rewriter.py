"""Construction of the integer operations that replace each float operation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatchmethod

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects import binvit
from vaqf_compiler.dialects.binvit import BinaryType, QuantizedType
from vaqf_compiler.dialects.binvit.checks import element, quantized, shape_of
from vaqf_compiler.dialects.binvit.types import IntegerElement, dot_product_bits, sum_bits
from vaqf_compiler.errors import OperationError
from vaqf_compiler.quantize.ranges import Ranges
from vaqf_compiler.quantize.roles import is_head, is_residual, parameter_of
from vaqf_compiler.quantize.scales import (
    FARTHEST,
    finest_normalised,
    finest_sums,
    integer_bias,
    layer_norm_types,
    probability,
    symmetric,
)
from vaqf_compiler.reference.interpreter import Array

IMAGE_BITS = 8
WEIGHT_BITS = 8
"""Bits of the weights of layers that are not binarised: patch embedding and heads."""
AVERAGE_BITS = 32
"""
Bits of tensors that are averaged, such as the logits of several heads, when they are brought to one
scale.
"""
AVERAGE_PLACES = 8
"""
The most binary places by which this scale may be finer than the coarsest scale of these tensors.
"""

RESIDUAL_BITS = 16
"""Bits of the residual stream. It has one scale throughout, so that additions need no rescaling."""
ROUNDING = 1e-12
"""Relative difference within which scales count as equal, since they may differ by rounding."""


def gelu_input_bits(bits: int) -> int:
    """
    Return the bits of the input of a GELU whose result has `bits` bits: two more, as far as the
    sizes of tables permit.
    """
    return min(bits + 2, binvit.GeluOp.TABLE_BITS)


def quantize_function(
    function: func.FuncOp,
    *,
    bits: int,
    ranges: Ranges,
    residual: QuantizedType,
    binary: Mapping[binvit.ParameterOp, float],
    read: Callable[[binvit.ParameterOp], Array],
) -> None:
    """
    Rewrite a float model, a function of an image, to integers. Activations have `bits` bits;
    `binary` has the scales of the binary weights. Raises PassFailedException for an operation that
    has no integer form.
    """
    image = function.args[0]
    image_type = TensorType(symmetric(IMAGE_BITS, ranges.largest(image)), shape_of(image))
    block = Block(arg_types=[image_type])
    block.args[0].name_hint = image.name_hint
    quantizer = Quantizer(
        builder=Builder(InsertPoint.at_end(block)),
        bits=bits,
        ranges=ranges,
        residual=residual,
        binary=binary,
        read=read,
        values={image: block.args[0]},
    )
    for operation in function.body.block.ops:
        try:
            quantizer.rewrite(operation)
        except VerifyException as error:  # raised by the verifier of a new type or operation
            raise quantizer.fail(operation, str(error)) from error
    function.detach_region(function.body)
    function.add_region(Region(block))
    function.update_function_type()


@dataclass
class Quantizer:
    """
    Rewrites one function, operation by operation. `values` maps each float value to its integer
    counterpart.
    """

    builder: Builder
    bits: int
    ranges: Ranges
    residual: QuantizedType
    binary: Mapping[binvit.ParameterOp, float]
    read: Callable[[binvit.ParameterOp], Array]
    values: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def add(self, op: Operation, source: Operation) -> SSAValue:
        """Insert an operation that belongs to the layer of `source`, and return its result."""
        if (layer := source.attributes.get("layer")) is not None:
            op.attributes["layer"] = layer
        op.location = source.location
        result = self.builder.insert(op).results[0]
        result.name_hint = source.results[0].name_hint
        return result

    def activation(
        self, value: SSAValue, finest: float = 0.0, bits: int | None = None
    ) -> QuantizedType:
        """
        Return the signed type for a value that feeds a layer, by default of `self.bits` bits, with
        a scale of at least `finest`. The scale is also coarse enough for the bias of at least one
        of the layers that the value feeds, if all are binary layers with a bias: steps finer than
        that are negligible beside these biases.
        """
        chosen = self.bits if bits is None else bits
        needed = min((self._finest_input(use.operation) for use in value.uses), default=0.0)
        return symmetric(chosen, self.ranges.clipped(value, chosen), max(finest, needed))

    def sum_activation(
        self, value: SSAValue, total: QuantizedType, bits: int | None = None
    ) -> QuantizedType:
        """
        Return the type as `activation` does, for a value that is requantised from exact sums of
        type `total`.
        """
        found = self.activation(value, total.scale.data, bits)
        coarsest = total.scale.data * FARTHEST
        return QuantizedType(found.bits.data, min(found.scale.data, coarsest))

    def _finest_input(self, op: Operation) -> float:
        """
        Return the smallest scale of the input of `op` for which the bias of a binary layer fits.
        The result is 0 for all other operations, because their weights or results can have another
        scale instead.
        """
        if not isinstance(op, binvit.LinearOp) or op.bias is None:
            return 0.0
        weight, bias = parameter_of(op.weight), parameter_of(op.bias)
        if weight is None or bias is None or weight not in self.binary:
            return 0.0
        return finest_sums(self.read(bias)) / self.binary[weight]

    def parameter(self, op: binvit.ParameterOp, element_type: IntegerElement) -> SSAValue:
        """Insert a parameter, rounded to integers, and return it."""
        copied = self.builder.insert(op.clone())
        copied.result.name_hint = op.result.name_hint
        return self.builder.insert(binvit.QuantizeOp(copied.result, element_type)).result

    def operand(self, op: Operation, value: SSAValue) -> SSAValue:
        """
        Return the integers of an operand of `op`. A parameter gets the residual stream's type.
        """
        if value in self.values:
            return self.values[value]
        found = parameter_of(value)
        if found is None or not is_residual(value):
            raise self.fail(op, "an operand has no quantised form")
        return self.parameter(found, self.residual)

    def fail(self, op: Operation, reason: str) -> OperationError:
        """Return the error for an operation that cannot be quantised."""
        layer = op.attributes.get("layer")
        return OperationError(
            op, f"cannot quantise {op.name}{f' of layer {layer}' if layer else ''}: {reason}"
        )

    @singledispatchmethod
    def rewrite(self, op: Operation) -> None:
        """Build the integer form of `op`. Raises PassFailedException if it has none."""
        raise self.fail(op, "no integer arithmetic is defined for it")

    @rewrite.register
    def _(self, op: binvit.ParameterOp) -> None:
        """Do nothing, because parameters are quantised where they are used."""

    @rewrite.register
    def _(self, op: func.ReturnOp) -> None:
        self.builder.insert(func.ReturnOp(*(self.operand(op, value) for value in op.arguments)))

    def _weighted_sum(
        self,
        op: binvit.LinearOp | binvit.PatchEmbedOp,
        x: SSAValue,
        terms: int,
        factor: float = 1.0,
    ) -> tuple[SSAValue, SSAValue | None, QuantizedType]:
        """
        Return the integer weight and bias of a layer whose input is multiplied by `factor`, and the
        type of its accumulator. If a bias would not fit, or if the scale of the residual stream
        would be too far from that of the sums, the scale of the weights is made coarse enough. The
        products are then negligible beside what they are added to, and other layers may need the
        finer scale of the input.
        """
        weight = parameter_of(op.weight)
        if weight is None:
            raise self.fail(op, "its weight is not a parameter")
        bias_parameter, values = None, None
        if op.bias is not None:
            bias_parameter = parameter_of(op.bias)
            if bias_parameter is None:
                raise self.fail(op, "its bias is not a parameter")
            values = self.read(bias_parameter)
        input_type = quantized("input", x)
        input_scale = input_type.scale.data * factor
        finest = 0.0 if values is None else finest_sums(values)
        if is_residual(op.result):
            finest = max(finest, self.residual.scale.data / FARTHEST)
        finest /= input_scale
        scale = self.binary.get(weight)
        weight_type: IntegerElement
        if scale is None:
            largest = float(np.abs(self.read(weight)).max())
            weight_type = symmetric(WEIGHT_BITS, largest, finest)
        elif finest <= scale * (1 + ROUNDING):
            weight_type = BinaryType(scale)
        else:
            weight_type = BinaryType(finest)
            print(
                f"binvit-quantize: the binary weights '{weight.parameter.data}' count as "
                f"{finest:.3g} instead of {scale:.3g}, which is next to nothing beside what their "
                "products are added to",
                file=sys.stderr,
            )
        scale = input_scale * weight_type.scale.data
        bias, bias_type = None, None
        if bias_parameter is not None and values is not None:
            bias_type = integer_bias(values, scale)
            bias = self.parameter(bias_parameter, bias_type)
        bits = dot_product_bits(terms, input_type, weight_type, bias_type)
        return self.parameter(weight, weight_type), bias, QuantizedType(bits, scale)

    @rewrite.register
    def _(self, op: binvit.PatchEmbedOp) -> None:
        image = self.operand(op, op.image)
        terms = int(np.prod(shape_of(op.weight)[1:]))
        weight, bias, accumulator = self._weighted_sum(op, image, terms, op.factor)
        result_type = TensorType(accumulator, shape_of(op.result))
        total = self.add(binvit.PatchEmbedOp(image, weight, bias, result_type, op.factor), op)
        self.values[op.result] = self.add(binvit.RequantizeOp(total, self.residual), op)

    @rewrite.register
    def _(self, op: binvit.LinearOp) -> None:
        x = self.operand(op, op.input)
        weight, bias, accumulator = self._weighted_sum(op, x, shape_of(op.input)[1])
        total = self.add(binvit.LinearOp(x, weight, bias, accumulator), op)
        users = {type(use.operation) for use in op.result.uses}
        if is_head(op):
            target = None
        elif is_residual(op.result):
            target = self.residual
        else:
            bits = gelu_input_bits(self.bits) if users == {binvit.GeluOp} else self.bits
            target = self.sum_activation(op.result, accumulator, bits)
        if target is not None:
            total = self.add(binvit.RequantizeOp(total, target), op)
        self.values[op.result] = total

    @rewrite.register
    def _(self, op: binvit.LayerNormOp) -> None:
        gamma, beta = parameter_of(op.gamma), parameter_of(op.beta)
        if gamma is None or beta is None:
            raise self.fail(op, "its gamma or beta is not a parameter")
        values = self.read(gamma), self.read(beta)
        result = self.activation(op.result, finest_normalised(*values))
        types = layer_norm_types(*values, result)
        norm = binvit.LayerNormOp(
            self.operand(op, op.input),
            self.parameter(gamma, types[0]),
            self.parameter(beta, types[1]),
            op.epsilon.value.data,
            result,
        )
        self.values[op.result] = self.add(norm, op)

    @rewrite.register
    def _(self, op: binvit.AttentionScoresOp) -> None:
        query, key = self.operand(op, op.query), self.operand(op, op.key)
        heads, factor = op.heads.value.data, op.scale.value.data
        a, b = quantized("query", query), quantized("key", key)
        bits = dot_product_bits(shape_of(query)[1] // heads, a, b)
        accumulator = QuantizedType(bits, a.scale.data * b.scale.data * factor)
        scores = binvit.AttentionScoresOp(query, key, heads, factor, accumulator)
        self.values[op.result] = self.add(scores, op)

    @rewrite.register
    def _(self, op: binvit.SoftmaxOp) -> None:
        result = probability(self.bits, self.ranges.clipped(op.result, self.bits, signed=False))
        softmax = binvit.SoftmaxOp(self.operand(op, op.input), result)
        self.values[op.result] = self.add(softmax, op)

    @rewrite.register
    def _(self, op: binvit.AttentionContextOp) -> None:
        probabilities = self.operand(op, op.probabilities)
        value = self.operand(op, op.value)
        a, b = element(probabilities), element(value)
        assert isinstance(a, QuantizedType)
        assert isinstance(b, QuantizedType)
        bits = dot_product_bits(shape_of(value)[0], a, b)
        accumulator = QuantizedType(bits, a.scale.data * b.scale.data)
        context = self.add(binvit.AttentionContextOp(probabilities, value, accumulator), op)
        target = self.sum_activation(op.result, accumulator)
        self.values[op.result] = self.add(binvit.RequantizeOp(context, target), op)

    @rewrite.register
    def _(self, op: binvit.GeluOp) -> None:
        result = self.activation(op.result)
        gelu = binvit.GeluOp(self.operand(op, op.input), op.approximate.data, result)
        self.values[op.result] = self.add(gelu, op)

    @rewrite.register
    def _(self, op: binvit.AddOp) -> None:
        operands = [self.operand(op, value) for value in op.operands]
        if any(element(value) != self.residual for value in operands):
            raise self.fail(op, "only additions to the residual stream are quantised")
        self.values[op.result] = self.add(binvit.AddOp(*operands), op)

    @rewrite.register
    def _(self, op: binvit.ConcatTokensOp) -> None:
        inputs = [self.operand(op, value) for value in op.inputs]
        self.values[op.result] = self.add(binvit.ConcatTokensOp(inputs), op)

    @rewrite.register
    def _(self, op: binvit.SelectTokenOp) -> None:
        selected = binvit.SelectTokenOp(self.operand(op, op.input), op.index.value.data)
        self.values[op.result] = self.add(selected, op)

    def _mean_type(self, value: SSAValue, count: int) -> QuantizedType:
        """Return the type of an exact sum whose scale is divided by the number of terms."""
        source = quantized("input", value)
        return QuantizedType(sum_bits(count, source), source.scale.data / count)

    @rewrite.register
    def _(self, op: binvit.MeanTokensOp) -> None:
        x, first = self.operand(op, op.input), op.first.value.data
        total_type = self._mean_type(x, shape_of(x)[0] - first)
        total = self.add(binvit.MeanTokensOp(x, first, total_type), op)
        target = self.sum_activation(op.result, total_type)
        self.values[op.result] = self.add(binvit.RequantizeOp(total, target), op)

    @rewrite.register
    def _(self, op: binvit.AverageOp) -> None:
        inputs = [self.operand(op, value) for value in op.inputs]
        coarsest = max(quantized("input", value).scale.data for value in inputs)
        largest = max(self.ranges.largest(value) for value in op.inputs)
        common = symmetric(AVERAGE_BITS, largest, coarsest * 2.0**-AVERAGE_PLACES)
        inputs = [self.add(binvit.RequantizeOp(value, common), op) for value in inputs]
        total_type = self._mean_type(inputs[0], len(inputs))
        total = self.add(binvit.AverageOp(inputs, total_type), op)
        if not all(isinstance(use.operation, func.ReturnOp) for use in op.result.uses):
            target = self.sum_activation(op.result, total_type)
            total = self.add(binvit.RequantizeOp(total, target), op)
        self.values[op.result] = total
