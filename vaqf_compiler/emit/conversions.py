"""Conversions between types as C++ expressions."""

from __future__ import annotations

from xdsl.dialects import arith

from vaqf_compiler.emit.cpp_expression import (
    BIT_AND,
    OR,
    PRIMARY,
    TERNARY,
    UNARY,
    Expression,
    Printed,
    as_unsigned,
    condition,
    converted,
    is_bool,
    parenthesise,
    unconverted,
)
from vaqf_compiler.emit.cpp_types import (
    WIDEST_SIGNED,
    cpp_type,
    is_word,
    width_of,
)
from vaqf_compiler.emit.refusal import refusal


def print_sign_extension(op: arith.ExtSIOp, operand: Printed) -> Expression:
    """Nothing to print but for words: C++ extends signs by itself."""
    source = operand(op.input)
    if is_word(op.result.type):
        if is_word(op.input.type):
            raise refusal(op, f"not from {op.input.type}: such words are only bits")
        if not is_bool(op.input):
            return converted(source, op.result.type)
    if is_bool(op.input):
        test = parenthesise(condition(source), OR)
        number = Expression(f"{test} ? -1 : 0", TERNARY, "int", 32)
        return converted(number, op.result.type) if is_word(op.result.type) else number
    return source


def print_zero_extension(op: arith.ExtUIOp, operand: Printed) -> Expression:
    """A conversion by way of an unsigned type."""
    if is_bool(op.input):
        return Expression(f"int({condition(operand(op.input)).text})", PRIMARY, "int", 32)
    return converted(as_unsigned(op.input, operand), op.result.type)


def print_truncation(op: arith.TruncIOp, operand: Printed) -> Expression:
    """A conversion, which keeps the low bits."""
    source = unconverted(op.input, operand)
    if is_bool(op.result):
        bit = Expression(f"{parenthesise(source, UNARY)} & 1", BIT_AND, None, source.bits)
        return converted(bit, op.result.type)
    if source.type == cpp_type(op.result.type):
        return source
    return converted(source, op.result.type)


def print_index_cast(op: arith.IndexCastOp, operand: Printed) -> Expression:
    """A conversion from or to `int`."""
    if is_bool(op.input) or is_bool(op.result):
        raise refusal(op, "not on i1; use arith.extui or arith.cmpi")
    source = operand(op.input)
    holds_every_index = 32 <= (width_of(op.result.type) or 0) <= WIDEST_SIGNED
    return source if holds_every_index else converted(source, op.result.type)
