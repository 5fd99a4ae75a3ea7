"""
Operations of PyTorch that the `torch` dialect lacks. They are read, so that what is wrong with a
file is said of the operation, but nothing converts them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from xdsl.dialects.builtin import StringAttr, UnregisteredOp
from xdsl.ir import Operation
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    prop_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser

T = TypeVar("T")


@irdl_op_definition
class OperatorOp(IRDLOperation):
    """An operator that torch-mlir itself has no operation for."""

    name = "torch.operator"
    operator = prop_def(StringAttr, prop_name="name")
    inputs = var_operand_def()
    outputs = var_result_def()
    assembly_format = "$name `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)"


def unknown_operation(name: str) -> type[Operation]:
    """The class of operations called `name`, which reads their generic and their ATen form."""

    class UnknownTorchOp(UnregisteredOp.with_name(name)):
        @classmethod
        def parse(cls, parser: Parser) -> UnknownTorchOp:
            # torch-mlir's form: `%a, %b {...} : type, type -> type`, each part where there is any.
            operands = _list(parser, parser.parse_optional_unresolved_operand)
            attributes = parser.parse_optional_attr_dict()
            position = parser.pos
            types = _list(parser, parser.parse_optional_type) if _colon(parser) else []
            arrow = parser.parse_optional_punctuation("->") is not None
            results = _list(parser, parser.parse_optional_type) if arrow else []
            return cls.create(
                operands=parser.resolve_operands(operands, types, position),
                result_types=results,
                attributes=attributes,
            )

    return UnknownTorchOp


def operation_name(op: Operation) -> str:
    """What an operation is called in the file."""
    match op:
        case UnregisteredOp():
            return op.op_name.data
        case OperatorOp():
            return f'{op.name} "{op.operator.data}"'
        case _:
            return op.name


def _colon(parser: Parser) -> bool:
    return parser.parse_optional_punctuation(":") is not None


def _list(parser: Parser, parse: Callable[[], T | None]) -> list[T]:
    """A list without delimiters that may be empty."""
    first = parse()
    if first is None:
        return []
    elements = [first]
    while parser.parse_optional_punctuation(",") is not None:
        element = parse()
        if element is None:
            parser.raise_error("expected another element")
        elements.append(element)
    return elements
