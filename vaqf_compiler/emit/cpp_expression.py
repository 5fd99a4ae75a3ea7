"""
C++ expressions: their text, how tightly they bind, and their C++ type.

C++ arithmetic gives a type that is wider than its operands' (`int` in native simulation, a bit
more with ap_int). An expression's type may therefore be wider than its value's type or, where a
sign extension is left to C++, narrower; the value is the same. A conversion is printed where the
type matters: where a result wraps, where operands must be computed in more bits, where bits are
shifted out, and where both arms of `?:` must have one type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue

from vaqf_compiler.emit.cpp_types import cpp_type, is_word, machine_bits, unsigned_type
from vaqf_compiler.emit.refusal import refusal


class Expression(NamedTuple):
    """An expression that has the value of an MLIR value."""

    text: str
    precedence: int
    """As in the C++ standard's grammar: 0 for primary expressions, greater binds less."""
    type: str | None
    """The C++ type; None for whatever type arithmetic gives."""
    bits: int
    """Width of the machine integer that native simulation computes it in."""
    source: Expression | None = None
    """For a conversion to `type`, what is converted: equal in the low bits that it keeps."""


Printed = Callable[[SSAValue], Expression]

PRIMARY, UNARY, MULTIPLY, ADD, SHIFT, RELATION, EQUALITY = 0, 1, 2, 3, 4, 5, 6
BIT_AND, BIT_XOR, BIT_OR, AND, OR, TERNARY = 7, 8, 9, 10, 11, 12


def parenthesise(expression: Expression, limit: int) -> str:
    """The text, in parentheses where it binds less tightly than `limit`."""
    return expression.text if expression.precedence <= limit else f"({expression.text})"


def variable(name: str, type_: Attribute) -> Expression:
    """A variable or array element of a type."""
    return Expression(name, PRIMARY, cpp_type(type_), machine_bits(type_))


def converted(expression: Expression, type_: Attribute) -> Expression:
    """`type(expression)`, unless it has that type."""
    name = cpp_type(type_)
    if expression.type == name:
        return expression
    text = f"{name}({expression.text})"
    return Expression(text, PRIMARY, name, machine_bits(type_), expression)


def initialiser(expression: Expression, type_: Attribute) -> str:
    """The text where it initialises, or is assigned to, a variable of a type."""
    name = cpp_type(type_)
    if expression.source and expression.type == name and name not in ("int", "bool"):
        return expression.source.text  # integers of some bits convert by themselves
    return expression.text


def condition(expression: Expression) -> Expression:
    """A boolean where C++ expects a condition."""
    return expression.source or expression


def subscripts(indices: Sequence[SSAValue], operand: Printed) -> str:
    """`[i][j]`."""
    return "".join(f"[{operand(index).text}]" for index in indices)


def is_index(value: SSAValue) -> bool:
    """Whether it is an index."""
    return isinstance(value.type, IndexType)


def is_bool(value: SSAValue) -> bool:
    """Whether it is an i1."""
    return value.type == IntegerType(1)


def refuse_bool(op: Operation, remedy: str) -> None:
    """Raise OperationError for an operation with a boolean result."""
    if is_bool(op.results[0]):
        raise refusal(op, f"not on i1; use {remedy}")


def refuse_word(op: Operation) -> None:
    """Raise OperationError for an operation on more than 64 bits."""
    if is_word(op.operands[-1].type):
        raise refusal(op, "not on more than 64 bits: such words are only bits")


def unconverted(value: SSAValue, operand: Printed) -> Expression:
    """An operand whose low bits, as many as its type has, are those of the value."""
    expression = operand(value)
    return (expression.type == cpp_type(value.type) and expression.source) or expression


def as_unsigned(value: SSAValue, operand: Printed) -> Expression:
    """An operand as an unsigned number."""
    expression, name = unconverted(value, operand), unsigned_type(value.type)
    if expression.type == name:
        return expression
    return Expression(f"{name}({expression.text})", PRIMARY, name, machine_bits(value.type))
