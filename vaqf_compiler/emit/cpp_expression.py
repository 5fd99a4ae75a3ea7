"""
C++ expressions: their text, how tightly they bind, and their C++ type.

C++ arithmetic gives a type that is wider than its operands' (`int` in native simulation, a bit more
with ap_int). An expression's type may therefore be wider than its value's type, or narrower if a
sign extension is left to C++; the value is the same. A conversion is printed where the type
matters: if a result wraps, if operands must be computed in more bits, if bits are shifted out, and
if both arms of `?:` must have one type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import IndexType, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue

from vaqf_compiler.emit.cpp_types import cpp_type, is_word, machine_bits, unsigned_type
from vaqf_compiler.emit.refusal import refusal


class Expression(NamedTuple):
    """A C++ expression that has the value of an MLIR value."""

    text: str
    precedence: int
    """
    Precedence as in the C++ standard's grammar: 0 for primary expressions; greater numbers bind
    less tightly.
    """
    type: str | None
    """The C++ type, or None for whatever type arithmetic gives."""
    bits: int
    """Width of the machine integer in which native simulation computes the expression."""
    source: Expression | None = None
    """
    For a conversion to `type`, the expression that is converted. It is equal in the bits that are
    kept.
    """


Printed = Callable[[SSAValue], Expression]

PRIMARY, UNARY, MULTIPLY, ADD, SHIFT, RELATION, EQUALITY = 0, 1, 2, 3, 4, 5, 6
BIT_AND, BIT_XOR, BIT_OR, AND, OR, TERNARY = 7, 8, 9, 10, 11, 12


def parenthesise(expression: Expression, limit: int) -> str:
    """Return the text, in parentheses if its precedence exceeds `limit`."""
    return expression.text if expression.precedence <= limit else f"({expression.text})"


def variable(name: str, type_: Attribute) -> Expression:
    """Return the expression for a variable or array element of a type."""
    return Expression(name, PRIMARY, cpp_type(type_), machine_bits(type_))


def converted(expression: Expression, type_: Attribute) -> Expression:
    """Return `type(expression)`, or the expression itself if it has that type."""
    name = cpp_type(type_)
    if expression.type == name:
        return expression
    text = f"{name}({expression.text})"
    return Expression(text, PRIMARY, name, machine_bits(type_), expression)


def initialiser(expression: Expression, type_: Attribute) -> str:
    """
    Return the text of an expression that initialises, or is assigned to, a variable of a type.
    """
    name = cpp_type(type_)
    if expression.source and expression.type == name and name not in ("int", "bool"):
        return expression.source.text  # Integers of given widths convert by themselves.
    return expression.text


def condition(expression: Expression) -> Expression:
    """Return a boolean, without its conversion, for a place where C++ expects a condition."""
    return expression.source or expression


def subscripts(indices: Sequence[SSAValue], operand: Printed) -> str:
    """Return the text of subscripts, such as `[i][j]`."""
    return "".join(f"[{operand(index).text}]" for index in indices)


def is_index(value: SSAValue) -> bool:
    """Return whether a value is an index."""
    return isinstance(value.type, IndexType)


def is_bool(value: SSAValue) -> bool:
    """Return whether a value is an i1."""
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
    """Return an expression with the same low bits as the value, as many as its type has."""
    expression = operand(value)
    return (expression.type == cpp_type(value.type) and expression.source) or expression


def as_unsigned(value: SSAValue, operand: Printed) -> Expression:
    """Return an operand as an unsigned number."""
    expression, name = unconverted(value, operand), unsigned_type(value.type)
    if expression.type == name:
        return expression
    return Expression(f"{name}({expression.text})", PRIMARY, name, machine_bits(value.type))
