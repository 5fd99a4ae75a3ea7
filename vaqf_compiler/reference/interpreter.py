"""The `binvit` dialect as programs that run: an interpreter in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp
from xdsl.interpreter import (
    Interpreter,
    InterpreterFunctions,
    PythonValues,
    ReturnedValues,
    impl,
    impl_terminator,
    register_impls,
)
from xdsl.interpreters.func import FuncFunctions
from xdsl.ir import Block, Operation, SSAValue

from vaqf_compiler.dialects import binvit
from vaqf_compiler.dialects.binvit.checks import element, is_quantized, quantized, shape_of
from vaqf_compiler.dialects.binvit.parameters import significant
from vaqf_compiler.dialects.binvit.types import IntegerElement, QuantizedType
from vaqf_compiler.errors import UserError
from vaqf_compiler.reference import float_semantics as floats
from vaqf_compiler.reference import integer_semantics as ints
from vaqf_compiler.reference.tables import (
    gelu,
    gelu_table,
    layer_norm_epsilon,
    softmax_constants,
)
from vaqf_compiler.weights import WeightFile

Array = NDArray[Any]
Weights = Mapping[str, Array]
Observer = Callable[[SSAValue, Array], None]


def _differs(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """How a tensor's shape is another one than expected."""
    rows, columns = significant(found), significant(expected)
    if rows and columns and rows[1:] == columns[1:]:
        return f"has {rows[0]} rows, not {columns[0]}: shape {found}, not {expected}"
    return f"has shape {found}, not {expected}"


def _integer(value: SSAValue) -> IntegerElement:
    found = element(value)
    assert isinstance(found, IntegerElement)
    return found


def _product(lhs: Array, rhs: Array, lhs_value: SSAValue, rhs_value: SSAValue) -> Array:
    """`lhs @ rhs`, exact on integers."""
    if not is_quantized(lhs_value):
        return lhs @ rhs
    a, b = _integer(lhs_value), _integer(rhs_value)
    return ints.matmul(lhs, rhs, ints.magnitude(a), ints.magnitude(b))


@register_impls
class BinvitFunctions(InterpreterFunctions):
    """One method for each operation; float32 arrays in float, int64 arrays quantised."""

    def __init__(self, weights: Weights, binary: Mapping[binvit.ParameterOp, float] | None = None):
        """`binary` has parameters of a float model that are their signs times a scale."""
        self.weights = weights
        self.binary = binary or {}

    def read(self, op: binvit.ParameterOp) -> Array:
        """
        The values of a parameter. Leading dimensions of size one may differ from the file.
        Raises UserError where the file has a tensor of another shape.
        """
        name, shape, expected = op.parameter.data, shape_of(op.result), op.stored_shape
        stored = self.weights[name]
        if significant(stored.shape) != significant(expected):
            source = self.weights.path if isinstance(self.weights, WeightFile) else "the weights"
            raise UserError(
                f"tensor '{name}' of '{source}' {_differs(stored.shape, expected)}; give the "
                "weights of the model that was imported, or import the one that they are of"
            )
        if op.first_row is None:
            return stored.reshape(shape)
        first = op.first_row.value.data
        return stored.reshape(-1, *shape[1:])[first : first + shape[0]]

    @impl(binvit.ParameterOp)
    def parameter(
        self, interpreter: Interpreter, op: binvit.ParameterOp, args: PythonValues
    ) -> PythonValues:
        values = self.read(op)
        if (scale := self.binary.get(op)) is not None:
            values = np.where(values >= 0, scale, -scale).astype(np.float32)
        return (values,)

    @impl(binvit.QuantizeOp)
    def quantize(
        self, interpreter: Interpreter, op: binvit.QuantizeOp, args: PythonValues
    ) -> PythonValues:
        return (ints.quantize(args[0], _integer(op.result)),)

    @impl(binvit.RequantizeOp)
    def requantize(
        self, interpreter: Interpreter, op: binvit.RequantizeOp, args: PythonValues
    ) -> PythonValues:
        scaled = args[0] * op.multiplier.value.data
        rounded = ints.shift_right_rounding(scaled, op.shift.value.data)
        return (ints.clamp(rounded, _integer(op.result)),)

    @impl(binvit.AllValuesOp)
    def all_values(
        self, interpreter: Interpreter, op: binvit.AllValuesOp, args: PythonValues
    ) -> PythonValues:
        found = _integer(op.result)
        return (np.arange(found.minimum, found.maximum + 1),)

    @impl(binvit.ComplementBiasOp)
    def complement_bias(
        self, interpreter: Interpreter, op: binvit.ComplementBiasOp, args: PythonValues
    ) -> PythonValues:
        weight, *bias = args
        filled = np.pad(weight, ((0, 0), (0, op.padding)), constant_values=-1)
        negative = np.count_nonzero(filled[:, ::2] < 0, axis=1)
        return (negative + bias[0] if bias else negative,)

    @impl(binvit.PatchesOp)
    def patches(
        self, interpreter: Interpreter, op: binvit.PatchesOp, args: PythonValues
    ) -> PythonValues:
        return (floats.patches(args[0], op.size.value.data),)

    @impl(binvit.PatchEmbedOp)
    def patch_embed(
        self, interpreter: Interpreter, op: binvit.PatchEmbedOp, args: PythonValues
    ) -> PythonValues:
        image, weight, *bias = args
        if not is_quantized(op.image):  # else the factor is part of the scale
            image = image * np.float32(op.factor)
        rows = floats.patches(image, shape_of(op.weight)[2])
        matrix = weight.reshape(len(weight), -1).T
        result = _product(rows, matrix, op.image, op.weight)
        return (result + bias[0] if bias else result,)

    @impl(binvit.LinearOp)
    def linear(
        self, interpreter: Interpreter, op: binvit.LinearOp, args: PythonValues
    ) -> PythonValues:
        x, weight, *bias = args
        result = _product(x, weight.T, op.input, op.weight)
        return (result + bias[0] if bias else result,)

    @impl(binvit.LayerNormOp)
    def layer_norm(
        self, interpreter: Interpreter, op: binvit.LayerNormOp, args: PythonValues
    ) -> PythonValues:
        x, gamma, beta = args
        if not is_quantized(op.input):
            return (floats.layer_norm(x, gamma, beta, op.epsilon.value.data),)
        result = ints.layer_norm(x, gamma, beta, layer_norm_epsilon(op), op.shift)
        return (ints.clamp(result, _integer(op.result)),)

    @impl(binvit.AttentionScoresOp)
    def scores(
        self, interpreter: Interpreter, op: binvit.AttentionScoresOp, args: PythonValues
    ) -> PythonValues:
        heads = op.heads.value.data
        query, key = (floats.split_heads(x, heads) for x in args)
        product = _product(query, key.swapaxes(1, 2), op.query, op.key)
        if is_quantized(op.query):  # there the factor is part of the scale
            return (product,)
        return (product * np.float32(op.scale.value.data),)

    @impl(binvit.SoftmaxOp)
    def softmax(
        self, interpreter: Interpreter, op: binvit.SoftmaxOp, args: PythonValues
    ) -> PythonValues:
        if not is_quantized(op.input):
            return (floats.softmax(args[0]),)
        constants = softmax_constants(_integer(op.input).scale.data)
        result = quantized("result", op.result, signed=False)
        return (ints.softmax(args[0], constants, result, op.result_exponent),)

    @impl(binvit.AttentionContextOp)
    def context(
        self, interpreter: Interpreter, op: binvit.AttentionContextOp, args: PythonValues
    ) -> PythonValues:
        probabilities, value = args
        values = floats.split_heads(value, len(probabilities))
        product = _product(probabilities, values, op.probabilities, op.value)
        return (floats.join_heads(product),)

    @impl(binvit.GeluOp)
    def gelu(self, interpreter: Interpreter, op: binvit.GeluOp, args: PythonValues) -> PythonValues:
        if not is_quantized(op.input):
            return (gelu(args[0], op.approximate.data).astype(np.float32),)
        return (gelu_table(op)[args[0] - _integer(op.input).minimum],)

    @impl(binvit.AddOp)
    def add(self, interpreter: Interpreter, op: binvit.AddOp, args: PythonValues) -> PythonValues:
        total = args[0] + args[1]
        found = element(op.result)
        return (ints.clamp(total, found) if isinstance(found, QuantizedType) else total,)

    @impl(binvit.ChannelScaleOp)
    def channel_scale(
        self, interpreter: Interpreter, op: binvit.ChannelScaleOp, args: PythonValues
    ) -> PythonValues:
        return (args[0] * args[1],)

    @impl(binvit.ConcatTokensOp)
    def concat(
        self, interpreter: Interpreter, op: binvit.ConcatTokensOp, args: PythonValues
    ) -> PythonValues:
        return (np.concatenate(args),)

    @impl(binvit.SelectTokenOp)
    def select(
        self, interpreter: Interpreter, op: binvit.SelectTokenOp, args: PythonValues
    ) -> PythonValues:
        index = op.index.value.data
        return (args[0][index : index + 1],)

    @impl(binvit.MeanTokensOp)
    def mean(
        self, interpreter: Interpreter, op: binvit.MeanTokensOp, args: PythonValues
    ) -> PythonValues:
        tokens = args[0][op.first.value.data :]
        total = tokens.sum(axis=0, keepdims=True)
        return (total if is_quantized(op.result) else total / np.float32(len(tokens)),)

    @impl(binvit.AverageOp)
    def average(
        self, interpreter: Interpreter, op: binvit.AverageOp, args: PythonValues
    ) -> PythonValues:
        total = sum(args[1:], args[0])
        return (total if is_quantized(op.result) else total / np.float32(len(args)),)

    @impl(binvit.DispatchOp)
    def dispatch(
        self, interpreter: Interpreter, op: binvit.DispatchOp, args: PythonValues
    ) -> PythonValues:
        return interpreter.run_ssacfg_region(op.body, (), op.name)

    @impl_terminator(binvit.YieldOp)
    def yielded(
        self, interpreter: Interpreter, op: binvit.YieldOp, args: PythonValues
    ) -> tuple[ReturnedValues, PythonValues]:
        return ReturnedValues(args), ()


class _Observing(Interpreter.Listener):
    """Shows every result to an observer."""

    def __init__(self, observe: Observer):
        self.observe = observe

    def did_interpret_op(self, op: Operation, results: PythonValues) -> None:
        for value, array in zip(op.results, results, strict=True):
            self.observe(value, array)


def _interpreter(
    module: ModuleOp, functions: BinvitFunctions, listeners: Sequence[Interpreter.Listener] = ()
) -> Interpreter:
    interpreter = Interpreter(module, listeners=tuple(listeners))
    interpreter.register_implementations(FuncFunctions())
    interpreter.register_implementations(functions)
    return interpreter


def run_function(
    module: ModuleOp,
    name: str,
    inputs: Sequence[Array],
    weights: Weights,
    observe: Observer | None = None,
    binary: Mapping[binvit.ParameterOp, float] | None = None,
) -> list[Array]:
    """
    Run a function of `module` on arrays and return its results.

    `weights` has the parameters; `observe` is called with every value computed on the way. Of a
    float model, `binary` has the parameters that are taken as their signs times a scale.
    """
    listeners = () if observe is None else (_Observing(observe),)
    interpreter = _interpreter(module, BinvitFunctions(weights, binary), listeners)
    return list(interpreter.call_op(name, tuple(inputs)))


def run_packs(
    block: Block, weights: Weights, arguments: Sequence[Array]
) -> Iterator[tuple[binvit.PackOp, Array]]:
    """
    Run the block of a memory image; each pack with its operand. Values are dropped after their
    last use: together they can be many times the size of the packed file.
    """
    interpreter = _interpreter(ModuleOp([]), BinvitFunctions(weights))
    values: dict[SSAValue, Array] = dict(zip(block.args, arguments, strict=True))
    remaining = {v: len(list(v.uses)) for op in block.ops for v in (*op.results, *op.operands)}
    for op in block.ops:
        operands = tuple(values[operand] for operand in op.operands)
        for operand in op.operands:
            remaining[operand] -= 1
            if not remaining[operand]:
                del values[operand]
        if isinstance(op, binvit.PackOp):
            yield op, operands[0]
        else:
            values.update(zip(op.results, interpreter.run_op(op, operands), strict=True))
