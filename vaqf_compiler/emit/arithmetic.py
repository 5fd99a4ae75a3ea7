"""Sums, products, quotients and shifts as C++ expressions, exactly as MLIR defines them."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.ir import Attribute, Operation, SSAValue

from vaqf_compiler.emit.cpp_expression import (
    ADD,
    MULTIPLY,
    PRIMARY,
    SHIFT,
    UNARY,
    Expression,
    Printed,
    as_unsigned,
    converted,
    is_index,
    parenthesise,
    refuse_bool,
    refuse_word,
)
from vaqf_compiler.emit.cpp_types import (
    cpp_type,
    is_word,
    machine_bits,
    width_of,
)

SIGNED: dict[type[Operation], tuple[str, int]] = {
    arith.AddiOp: ("+", ADD),
    arith.SubiOp: ("-", ADD),
    arith.MuliOp: ("*", MULTIPLY),
    arith.DivSIOp: ("/", MULTIPLY),
    arith.RemSIOp: ("%", MULTIPLY),
}
UNSIGNED: dict[type[Operation], tuple[str, int]] = {
    arith.DivUIOp: ("/", MULTIPLY),
    arith.RemUIOp: ("%", MULTIPLY),
}


def _amount(value: SSAValue, operand: Printed) -> str:
    """
    Return an unsigned shift amount, because `ap_int` shifts by a negative amount in the other
    direction.
    """
    match value.owner:
        case arith.ConstantOp():
            return f"{operand(value).text}U"  # less than the width, and so never negative
        case arith.ExtUIOp() if narrow := operand(value).source:
            return parenthesise(narrow, MULTIPLY)
        case _:
            return as_unsigned(value, operand).text


def print_shift(op: arith.ShLIOp | arith.ShRSIOp | arith.ShRUIOp, operand: Printed) -> Expression:
    """Print `<<` or `>>`. Raises OperationError for i1."""
    refuse_bool(op, "arith.select")
    type_ = op.result.type
    amount = _amount(op.rhs, operand)
    if isinstance(op, arith.ShRSIOp):
        refuse_word(op)
        value = operand(op.lhs)
        if value.type is not None or value.bits < machine_bits(type_):
            value = converted(value, type_)
        own = "int" if is_index(op.result) else None
        return Expression(f"{parenthesise(value, UNARY)} >> {amount}", SHIFT, own, value.bits)
    symbol = "<<" if isinstance(op, arith.ShLIOp) else ">>"
    text = f"{parenthesise(as_unsigned(op.lhs, operand), UNARY)} {symbol} {amount}"
    shifted = Expression(text, SHIFT, None, machine_bits(type_))
    if is_word(type_) and (symbol == ">>" or cpp_type(type_) == "u128"):
        return shifted
    return converted(shifted, type_)


def print_unsigned(op: Operation, operand: Printed) -> Expression:
    """Print an operation of `UNSIGNED`."""
    # ap_uint computes some remainders of more than 64 bits wrongly.
    refuse_word(op)
    return _on_unsigned(op, *UNSIGNED[type(op)], operand)


def _on_unsigned(op: Operation, symbol: str, precedence: int, operand: Printed) -> Expression:
    """Print an operation on unsigned numbers, for which C++ wraps as MLIR does."""
    type_ = op.results[0].type
    lhs, rhs = (parenthesise(as_unsigned(value, operand), UNARY) for value in op.operands)
    text = f"{lhs} {symbol} {rhs}"
    return converted(Expression(text, precedence, None, machine_bits(type_)), type_)


def print_signed(op: Operation, operand: Printed) -> Expression:
    """Print an operation of `SIGNED`, converted to its type if it may wrap."""
    refuse_bool(op, "arith.xori or arith.andi")
    result = op.results[0]
    symbol, precedence = SIGNED[type(op)]
    divides = isinstance(op, arith.DivSIOp | arith.RemSIOp)
    if divides:
        refuse_word(op)
    exact = divides or _cannot_wrap(op)
    if not exact and not _fits_machine(op):
        return _on_unsigned(op, symbol, precedence, operand)

    a, b = (operand(value) for value in op.operands)
    if divides and isinstance(op.operands[0].owner, arith.ConstantOp) and not is_index(result):
        a = converted(a, result.type)  # A long long literal would make the divider 64 bits wide.
    negation = symbol == "-" and a.text == "0"
    bits = machine_bits(result.type)
    regroups = symbol == "+" and a.bits == bits and _has_room(result.type)
    if max(a.bits, b.bits) < bits:
        a, b = (a, converted(b, result.type)) if negation else (converted(a, result.type), b)
    if negation:
        text, precedence = f"-{parenthesise(b, PRIMARY)}", UNARY
    else:
        right = parenthesise(b, precedence if regroups else precedence - 1)
        text = f"{parenthesise(a, precedence)} {symbol} {right}"
    own = "int" if is_index(result) else None
    expression = Expression(text, precedence, own, max(a.bits, b.bits))
    return expression if exact else converted(expression, result.type)


def _cannot_wrap(op: Operation) -> bool:
    """Return whether an operation promises not to overflow: on an index, or marked `nsw`."""
    flags = getattr(op, "overflow_flags", None)
    return is_index(op.results[0]) or (
        isinstance(flags, arith.IntegerOverflowAttr)
        and arith.IntegerOverflowFlag.NSW in flags.data
        and not is_word(op.results[0].type)
    )


def _fits_machine(op: Operation) -> bool:
    """Return whether the machine's integer holds any sum or product of two operands."""
    type_ = op.results[0].type
    bits = width_of(type_) or 0
    needed = 2 * bits if isinstance(op, arith.MuliOp) else bits + 1
    return needed <= machine_bits(type_) and not is_word(type_)


def _has_room(type_: Attribute) -> bool:
    """Return whether sums of a few hundred numbers fit the machine's integer, in any order."""
    return machine_bits(type_) - (width_of(type_) or 0) >= 8
