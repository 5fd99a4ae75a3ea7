"""Constants, selections, comparisons and bit operations as C++ expressions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.emit.cpp_expression import (
    ADD,
    AND,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    EQUALITY,
    OR,
    PRIMARY,
    RELATION,
    TERNARY,
    UNARY,
    Expression,
    Printed,
    as_unsigned,
    condition,
    converted,
    is_bool,
    is_index,
    parenthesise,
    refuse_bool,
    refuse_word,
    unconverted,
    variable,
)
from vaqf_compiler.emit.cpp_types import (
    cpp_type,
    literal,
    machine_bits,
    unsigned_type,
)
from vaqf_compiler.emit.refusal import refusal

BITWISE: dict[type[Operation], tuple[str, int]] = {
    arith.AndIOp: ("&", BIT_AND),
    arith.OrIOp: ("|", BIT_OR),
    arith.XOrIOp: ("^", BIT_XOR),
}
EXTREMA: dict[type[Operation], tuple[str, bool]] = {
    arith.MaxSIOp: ("maximum", True),
    arith.MinSIOp: ("minimum", True),
    arith.MaxUIOp: ("maximum", False),
    arith.MinUIOp: ("minimum", False),
}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
"""Operators by MLIR's predicate number; 2 to 5 are signed, the last four unsigned."""


def print_constant(op: arith.ConstantOp) -> Expression:
    """Print an integer literal, `true` or `false`."""
    if not isinstance(op.value, IntegerAttr):
        raise refusal(op, f"not an integer or an index: {op.value}")
    value = op.value.value.data
    if is_bool(op.result):
        return Expression("true" if value else "false", PRIMARY, "bool", 32)
    text = literal(value, op.result.type)
    precedence = UNARY if text.startswith("-") else PRIMARY
    small = text.lstrip("-").isdecimal()
    return Expression(text, precedence, "int" if small else None, 32 if small else 64)


def print_comparison(op: arith.CmpiOp, operand: Printed) -> Expression:
    """Print `==`, `!=`, `<`, `<=`, `>` or `>=`."""
    predicate = op.predicate.value.data
    precedence = EQUALITY if predicate < 2 else RELATION
    if predicate >= 6:
        lhs, rhs = (parenthesise(as_unsigned(value, operand), ADD) for value in op.operands)
    else:
        if predicate >= 2:
            refuse_word(op)
            if is_bool(op.lhs):
                raise refusal(op, "i1 has no sign; compare for equality, or unsigned")
        # Compilers would warn of chained comparisons and of bit operations without parentheses.
        lhs, rhs = (parenthesise(operand(value), ADD) for value in op.operands)
    return Expression(f"{lhs} {COMPARISONS[predicate]} {rhs}", precedence, "bool", 32)


def _common(values: Sequence[SSAValue], operand: Printed) -> tuple[list[Expression], str | None]:
    """Return expressions for `values`, and the C++ type that they have in common, or None."""
    expressions = [operand(value) for value in values]
    name = expressions[0].type
    return expressions, name if all(e.type == name for e in expressions) else None


def print_select(op: arith.SelectOp, operand: Printed) -> Expression:
    """Print `?:`."""
    type_ = op.result.type
    arms, name = _common((op.lhs, op.rhs), operand)
    if name is None:
        arms = [converted(arm, type_) for arm in arms]
    test = parenthesise(condition(operand(op.cond)), OR)
    text = f"{test} ? {arms[0].text} : {arms[1].text}"
    return Expression(text, TERNARY, arms[0].type, max(arm.bits for arm in arms))


def print_extremum(op: Operation, operand: Printed) -> Expression:
    """Print `maximum` or `minimum` of vaqf_types.h."""
    function, signed = EXTREMA[type(op)]
    type_ = op.results[0].type
    if not signed:
        # The template's integers convert by themselves; `unsigned` would convert with a warning.
        printed = operand if is_index(op.results[0]) else partial(unconverted, operand=operand)
        arguments = ", ".join(printed(value).text for value in op.operands)
        name = unsigned_type(type_)
        text = f"{function}<{name}>({arguments})"
        return converted(Expression(text, PRIMARY, name, machine_bits(type_)), type_)
    refuse_bool(op, "arith.andi or arith.ori")
    refuse_word(op)
    expressions, name = _common(op.operands, operand)
    arguments = ", ".join(expression.text for expression in expressions)
    if name is None:
        function = f"{function}<{cpp_type(type_)}>"
        return variable(f"{function}({arguments})", type_)
    return Expression(f"{function}({arguments})", PRIMARY, name, expressions[0].bits)


def print_bitwise(op: Operation, operand: Printed) -> Expression:
    """Print `&`, `|` or `^`, or for booleans `&&`, `||` or `!=`."""
    lhs, rhs = (operand(value) for value in op.operands)
    if not is_bool(op.results[0]):
        if isinstance(op, arith.XOrIOp) and rhs.text == "-1":
            own = "int" if is_index(op.results[0]) else None
            return Expression(f"~{parenthesise(lhs, UNARY)}", UNARY, own, lhs.bits)
        symbol, precedence = BITWISE[type(op)]
        text = f"{parenthesise(lhs, UNARY)} {symbol} {parenthesise(rhs, UNARY)}"
        own = "int" if is_index(op.results[0]) else None
        return Expression(text, precedence, own, max(lhs.bits, rhs.bits))
    if isinstance(op, arith.XOrIOp):
        if rhs.text == "true":
            return Expression(f"!{parenthesise(condition(lhs), PRIMARY)}", UNARY, "bool", 32)
        text = f"{parenthesise(lhs, ADD)} != {parenthesise(rhs, ADD)}"
        return Expression(text, EQUALITY, "bool", 32)
    symbol, precedence = ("&&", AND) if isinstance(op, arith.AndIOp) else ("||", OR)
    terms = (
        parenthesise(side, precedence if side.precedence == precedence else EQUALITY)
        for side in (condition(lhs), condition(rhs))
    )
    return Expression(f" {symbol} ".join(terms), precedence, "bool", 32)
