"""Walk a torch-dialect function and build the `binvit` operations that compute the same."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
    StringAttr,
    TensorType,
    f32,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.rewriter import InsertPoint
from xdsl.utils.exceptions import VerifyException

from vaqf_compiler.dialects.binvit import LinearOp, ParameterOp, SelectTokenOp
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.torch.types import VTensorType
from vaqf_compiler.dialects.torch.unknown import operation_name
from vaqf_compiler.errors import OperationError
from vaqf_compiler.locations import layer_at
from vaqf_compiler.torch_to_binvit.views import (
    Abstract,
    Constant,
    Parameter,
    Scaled,
    Shape,
    Tensor,
    View,
    as_rows,
    image_of,
    without_leading_ones,
)

Rule = Callable[..., Abstract]
"""
What builds the replacement of an operation: it takes the converter and, under the names of the
operation's operands, what they stand for. The name of an operand that cannot change the result
begins with an underscore; every other one must be used.
"""
OpT = TypeVar("OpT", bound=Operation)

LARGEST_TENSOR = 2**28
"""Elements of a tensor that the conversion can follow one by one."""


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
        self.op: Operation = function
        """The operation that is being converted."""
        self._parameters: dict[tuple[str, int, Shape], SSAValue] = {}

    @classmethod
    def rule(cls, *operations: type[Operation]) -> Callable[[Rule], Rule]:
        """Register the rule for some kinds of operations. It must name all their operands."""

        def register(rule: Rule) -> Rule:
            names = [name.lstrip("_") for name in inspect.signature(rule).parameters]
            for operation in operations:
                assert issubclass(operation, IRDLOperation)
                operands = [name for name, _ in operation.get_irdl_definition().operands]
                if names[1:] != operands and names[1:] != ["operands"]:
                    raise TypeError(f"a rule for {operation.name} must take {operands}")
                cls.rules[operation] = rule
            return rule

        return register

    def fail(self, reason: str) -> OperationError:
        """The error for the operation that is being converted."""
        name = self.op.results[0].name_hint if self.op.results else None
        result = f" (result %{name})" if name else ""
        types = ", ".join(str(operand.type) for operand in self.op.operands)
        layer = layer_at(self.op.location)
        where = f"in layer '{layer}': " if layer else ""
        return OperationError(
            self.op,
            f"{where}cannot convert {operation_name(self.op)}{result} on ({types}): {reason}",
        )

    def convert(self, op: Operation) -> None:
        """
        Apply the rule for `op` and compare what it says of the results with their types.
        Raises OperationError where there is no rule, or where it refuses.
        """
        self.op = op
        rule = self.rules.get(type(op))
        if rule is None:
            raise self.fail("no Vision Transformer operation is known that uses it")
        result = rule(self, *(self.values[operand] for operand in op.operands))
        results = [result] if len(op.results) == 1 else result
        assert isinstance(results, list)
        if len(results) != len(op.results):
            raise self.fail(f"it gives {len(results)} values, not {len(op.results)}")
        for value, abstract in zip(op.results, results, strict=True):
            self.values[value] = self._checked(value.type, abstract)

    def _checked(self, type_: Attribute, abstract: Abstract) -> Abstract:
        """A result, which must be of the type that the IR gives it."""
        if not isinstance(type_, VTensorType):
            return abstract
        if not isinstance(abstract, Constant | Parameter | View | Scaled):
            raise self.fail("its result is no tensor")
        shape = self.static_shape(type_)
        if image_of(abstract).shape != shape:
            found = "x".join(map(str, image_of(abstract).shape))
            raise self.fail(f"its result would have shape {found}, its type says {type_}")
        if isinstance(abstract, Constant):
            return Constant(self._as_element_type(abstract.elements, type_.element_type))
        if type_.element_type != f32:
            raise self.fail(f"only tensors of f32 are supported, not {type_}")
        return abstract

    def static_shape(self, type_: VTensorType) -> Shape:
        """The sizes of a tensor, which must be known and not too many."""
        shape = type_.static_shape()
        if shape is None:
            raise self.fail(f"{type_} has sizes that are unknown; give the model a fixed shape")
        if not 0 < math.prod(shape) <= LARGEST_TENSOR or min(shape, default=1) < 1:
            raise self.fail(f"{type_} has no elements, or more than {LARGEST_TENSOR}")
        return shape

    def _as_element_type(self, elements: NDArray[Any], type_: Attribute) -> NDArray[Any]:
        """Elements of the kind that the type says, in its width."""
        dtype = numpy_type(type_)
        if dtype is None or np.dtype(dtype).kind != elements.dtype.kind:
            raise self.fail(f"constants of {type_} are not supported here")
        return elements.astype(dtype)

    def add(self, op: OpT, layer: str | None = None) -> OpT:
        """
        Insert a `binvit` operation, which stands where the torch operation does; `layer` names it
        in messages and generated code.
        """
        op.location = self.op.location
        if layer is not None:
            op.attributes["layer"] = StringAttr(layer)
        try:
            op.verify()
        except VerifyException as error:
            raise self.fail(f"it would become {op.name}, but {error}") from error
        return self.builder.insert(op)

    def parameter(
        self, name: str, shape: Shape, stored: Shape, first_row: int | None = None
    ) -> SSAValue:
        """The value of a parameter of shape `stored`, reshaped or cut to `shape`; made once."""
        key = (name, first_row or 0, shape)
        if key not in self._parameters:
            op = self.add(ParameterOp(name, TensorType(f32, shape), first_row, stored))
            op.result.name_hint = re.sub(r"\W|^(?=\d)", "_", name, flags=re.ASCII)
            self._parameters[key] = op.result
        return self._parameters[key]

    def whole_parameter(self, what: str, tensor: Abstract, rank: int) -> SSAValue:
        """A parameter used as it is stored, but for leading dimensions of size one."""
        if not isinstance(tensor, Parameter):
            raise self.fail(f"its {what} is not a parameter of the model")
        shape = tensor.indices.shape
        count = math.prod(tensor.stored_shape)
        if not np.array_equal(tensor.indices.reshape(-1), np.arange(count)):
            raise self.fail(f"its {what}, '{tensor.name}', is permuted, cut or repeated")
        while len(shape) > rank and shape[0] == 1:
            shape = shape[1:]
        if len(shape) != rank:
            raise self.fail(f"its {what}, '{tensor.name}', does not have rank {rank}")
        return self.parameter(tensor.name, shape, tensor.stored_shape)

    def tokens(self, tensor: Abstract) -> SSAValue:
        """
        The matrix of tokens by channels that a tensor is, whose last dimension are the channels
        and whose other dimensions together are the tokens.
        """
        match tensor:
            case Parameter():
                return self.whole_parameter("operand", tensor, 2)
            case View(source, indices):
                shape = shape_of(source)
                rows = as_rows(indices, shape[-1]) if len(shape) == 2 else None
                if rows == range(shape[0]):
                    return source
                if rows is not None and len(rows) == 1:
                    return self.add(SelectTokenOp(source, rows[0])).result
                raise self.fail("an operand is not a whole matrix of tokens by channels")
            case Scaled():
                raise self.fail(
                    f"an operand was multiplied by a constant, {tensor.factor:g}, which can only "
                    "be kept on the image, and on queries, keys and scores of an attention"
                )
            case _:
                raise self.fail("an operand is a constant or no tensor")

    def shape(self, tensor: Abstract) -> Shape:
        """The shape of an operand that must be a tensor."""
        if not isinstance(tensor, Constant | Parameter | View | Scaled):
            raise self.fail("an operand is no tensor")
        return image_of(tensor).shape

    def joined_shape(self, tensors: Sequence[Abstract]) -> Shape:
        """The shape that operands have in common but for sizes of one in front of it."""
        shapes = [self.shape(tensor) for tensor in tensors]
        if len({without_leading_ones(shape) for shape in shapes}) != 1:
            found = " and ".join("x".join(map(str, shape)) for shape in shapes)
            raise self.fail(f"operands of shapes {found} would have to be repeated")
        return max(shapes, key=len)


def numpy_type(type_: Attribute) -> DTypeLike | None:
    """The type of NumPy that holds elements of a torch tensor; None for one that we do not use."""
    match type_:
        case Float32Type():
            return np.float32
        case Float64Type():
            return np.float64
        case IntegerType() if type_.width.data == 1:
            return np.bool_
        case IntegerType() if type_.signedness.data == Signedness.SIGNED:
            return {8: np.int8, 16: np.int16, 32: np.int32, 64: np.int64}.get(type_.width.data)
        case _:
            return None


def layer_of(weight: Abstract) -> str | None:
    """The name of the layer that a weight belongs to."""
    return weight.name.removesuffix(".weight") if isinstance(weight, Parameter) else None


def columns_of(c: Converter, source: SSAValue, columns: range) -> SSAValue:
    """
    The given columns of a matrix of tokens: where they are not all of it, the source must be a
    linear layer, of which a part is computed with the part of its weight and bias.
    """
    tokens, channels = shape_of(source)
    if columns == range(channels):
        return source
    linear = source.owner
    if not isinstance(linear, LinearOp):
        raise c.fail("its operand is a part of something that is no linear layer")
    parts: list[SSAValue | None] = []
    for value in (linear.weight, linear.bias):
        if value is None:
            parts.append(None)
            continue
        owner = value.owner
        assert isinstance(owner, ParameterOp)
        shape = (len(columns), *shape_of(value)[1:])
        name, stored = owner.parameter.data, owner.stored_shape
        parts.append(c.parameter(name, shape, stored, columns.start))
    weight, bias = parts
    assert weight is not None
    part = LinearOp(linear.input, weight, bias, f32)
    layer = linear.attributes.get("layer")
    name = None
    if isinstance(layer, StringAttr):
        name = f"{layer.data}[{columns.start}:{columns.stop}]"
    assert shape_of(part.result) == (tokens, len(columns))
    return c.add(part, name).result


def parameter_tensor(name: str, shape: Shape) -> Tensor:
    """A parameter as it is stored."""
    return Parameter(name, shape, np.arange(math.prod(shape), dtype=np.int32).reshape(shape))
