"""Walk a torch-dialect function and build the `binvit` operations that compute the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import StringAttr, TensorType, f32
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from vaqf_compiler.dialects.binvit import (
    LinearOp,
    ParameterOp,
    SelectTokenOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.torch.constants import LiteralOp
from vaqf_compiler.dialects.torch.types import VTensorType
from vaqf_compiler.errors import OperationError
from vaqf_compiler.torch_to_binvit.views import (
    Abstract,
    Parameter,
    Tensor,
    View,
    as_rows,
    whole,
)

Rule = Callable[["Converter", Operation, list[Abstract]], Abstract]
OpT = TypeVar("OpT", bound=Operation)


class Converter:
    """
    The state of one conversion: what each torch value stands for, and where operations go.

    Rules, one for each kind of torch operation, are added with `@Converter.rule(...)`.
    """

    rules: ClassVar[dict[type[Operation], Rule]] = {}

    def __init__(self, function: func.FuncOp):
        self.function = function
        self.builder = Builder(InsertPoint.at_end(function.body.block))
        self.values: dict[SSAValue, Abstract] = {}
        self._parameters: dict[tuple[str, int, tuple[int, ...]], SSAValue] = {}

    @classmethod
    def rule(cls, *operations: type[Operation]) -> Callable[[Rule], Rule]:
        """Register the rule for some kinds of operations."""

        def register(rule: Rule) -> Rule:
            cls.rules.update(dict.fromkeys(operations, rule))
            return rule

        return register

    def fail(self, op: Operation, reason: str) -> OperationError:
        """The error for an operation that no rule understands."""
        name = op.results[0].name_hint if op.results else None
        result = f" (result %{name})" if name else ""
        types = ", ".join(str(operand.type) for operand in op.operands)
        return OperationError(op, f"cannot convert {op.name}{result} on ({types}): {reason}")

    def convert(self, op: Operation) -> None:
        """Apply the rule for `op`. Raises PassFailedException where there is none."""
        rule = self.rules.get(type(op))
        if rule is None:
            raise self.fail(op, "no Vision Transformer operation is known that uses it")
        result = rule(self, op, [self.values[operand] for operand in op.operands])
        if len(op.results) == 1:
            self.values[op.results[0]] = result
            return
        assert isinstance(result, list)
        self.values.update(zip(op.results, result, strict=True))

    def add(self, op: OpT, layer: str | None = None) -> OpT:
        """Insert a `binvit` operation; `layer` names it in messages and generated code."""
        if layer is not None:
            op.attributes["layer"] = StringAttr(layer)
        return self.builder.insert(op)

    def parameter(
        self, name: str, shape: tuple[int, ...], first_row: int | None = None
    ) -> SSAValue:
        """The value of a named parameter, reshaped or cut to `shape`; made once."""
        key = (name, first_row or 0, shape)
        if key not in self._parameters:
            op = self.add(ParameterOp(name, TensorType(f32, shape), first_row))
            op.result.name_hint = name.replace(".", "_")
            self._parameters[key] = op.result
        return self._parameters[key]

    def whole_parameter(self, op: Operation, what: str, tensor: Abstract, rank: int) -> SSAValue:
        """A parameter used as it is stored, but for leading dimensions of size one."""
        if not isinstance(tensor, Parameter):
            raise self.fail(op, f"its {what} is not a parameter of the model")
        flat = tensor.indices.reshape(-1)
        shape = tensor.indices.shape
        if not np.array_equal(flat, np.arange(np.prod(tensor.shape))):
            raise self.fail(op, f"its {what}, '{tensor.name}', is permuted or cut")
        while len(shape) > rank and shape[0] == 1:
            shape = shape[1:]
        if len(shape) != rank:
            raise self.fail(op, f"its {what}, '{tensor.name}', does not have rank {rank}")
        return self.parameter(tensor.name, shape)

    def tokens(self, op: Operation, tensor: Abstract) -> SSAValue:
        """A tensor of shape `1xFxD` or `FxD` as the matrix of tokens that it is."""
        match tensor:
            case Parameter():
                return self.whole_parameter(op, "operand", tensor, 2)
            case View():
                if tensor.factor != 1.0:
                    raise self.fail(op, "an operand was multiplied by a constant")
                shape = shape_of(tensor.source)
                rows = as_rows(tensor.indices, shape[-1]) if len(shape) == 2 else None
                if rows == range(shape[0]):
                    return tensor.source
                if rows is not None and len(rows) == 1:
                    return self.add(SelectTokenOp(tensor.source, rows[0])).result
                raise self.fail(op, "an operand is not a whole matrix of tokens by channels")
            case _:
                raise self.fail(op, "an operand is a constant or no tensor")

    def like(self, op: Operation, source: SSAValue) -> View:
        """The result of `op`, elements of `source` in order."""
        result = op.results[0].type
        assert isinstance(result, VTensorType)
        return whole(source, result.get_shape())


def layer_of(weight: Abstract) -> str | None:
    """The name of the layer that a weight belongs to."""
    return weight.name.removesuffix(".weight") if isinstance(weight, Parameter) else None


def columns_of(converter: Converter, op: Operation, source: SSAValue, columns: range) -> SSAValue:
    """
    The given columns of a matrix of tokens: where they are not all of it, the source must be a
    linear layer, of which a part is computed with the part of its weight and bias.
    """
    tokens, channels = shape_of(source)
    if columns == range(channels):
        return source
    linear = source.owner
    if not isinstance(linear, LinearOp):
        raise converter.fail(op, "its operand is a part of something that is no linear layer")
    parts: list[SSAValue | None] = []
    for value in (linear.weight, linear.bias):
        if value is None:
            parts.append(None)
            continue
        assert isinstance(value.owner, ParameterOp)
        shape = (len(columns), *shape_of(value)[1:])
        parts.append(converter.parameter(value.owner.parameter.data, shape, columns.start))
    weight, bias = parts
    assert weight is not None
    part = LinearOp(linear.input, weight, bias, f32)
    layer = linear.attributes.get("layer")
    name = None
    if isinstance(layer, StringAttr):
        name = f"{layer.data}[{columns.start}:{columns.stop}]"
    assert shape_of(part.result) == (tokens, len(columns))
    return converter.add(part, name).result


def literal(op: LiteralOp, shape: tuple[int, ...]) -> Tensor:
    """What a literal stands for."""
    if op.parameter is None:
        raise OperationError(op, "only parameters are supported as tensor literals")
    return Parameter(op.parameter, shape, np.arange(np.prod(shape), dtype=np.int32).reshape(shape))
