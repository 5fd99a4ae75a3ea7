"""Conversions between types as C++ expressions."""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.ir import Attribute, Block, SSAValue

from vaqf_compiler.analysis.schedule import constant
from vaqf_compiler.emit.cpp_expression import (
    BIT_AND,
    OR,
    PRIMARY,
    SHIFT,
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
    """
    Print a sign extension. Only words and booleans need any text, because C++ extends signs by
    itself.
    """
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
    """Print a conversion by way of an unsigned type."""
    if is_bool(op.input):
        return Expression(f"int({condition(operand(op.input)).text})", PRIMARY, "int", 32)
    return converted(as_unsigned(op.input, operand), op.result.type)


def print_truncation(op: arith.TruncIOp, operand: Printed) -> Expression:
    """Print a conversion that keeps the low bits."""
    source = unconverted(op.input, operand)
    if is_bool(op.result):
        if (chosen := _chosen_bit(op, source, operand)) is not None:
            return converted(chosen, op.result.type)
        bit = Expression(f"{parenthesise(source, UNARY)} & 1", BIT_AND, None, source.bits)
        return converted(bit, op.result.type)
    if source.type == cpp_type(op.result.type):
        return source
    return converted(source, op.result.type)


def _chosen_bit(op: arith.TruncIOp, source: Expression, operand: Printed) -> Expression | None:
    """
    Return `x[n]` for the lowest bit of `x >> n` if the shift is printed inline, otherwise None.
    """
    shift = op.input.owner
    if not isinstance(shift, arith.ShRSIOp | arith.ShRUIOp) or source.precedence != SHIFT:
        return None
    word = operand(shift.lhs)
    if word.precedence != PRIMARY or word.type != cpp_type(shift.lhs.type) or is_index(shift.lhs):
        return None
    amount, value = operand(shift.rhs), shift.rhs
    if isinstance(value.owner, arith.IndexCastOp | arith.ExtUIOp) and amount.source:
        amount, value = amount.source, value.owner.operands[0]
    # A conversion for each bit takes most of the time of a simulation.
    if isinstance(value.owner, arith.IndexCastOp) and _fits(value.owner.input, value.type):
        amount = operand(value.owner.input)
    return Expression(f"{word.text}[{amount.text}]", PRIMARY, None, 32)


def _fits(index: SSAValue, type_: Attribute) -> bool:
    """Whether an index is known to be an unsigned number of an integer type: it is a remainder."""
    if not isinstance(index.owner, arith.RemSIOp | arith.RemUIOp):
        return False
    divisor, bits = constant(index.owner.rhs), width_of(type_) or 0
    return divisor is not None and 0 < divisor <= 1 << bits and _is_natural(index.owner.lhs)


def _is_natural(index: SSAValue) -> bool:
    """Whether an index is known not to be negative, by the bounds of the loops around it."""
    waiting, seen = [index], set[SSAValue]()
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        match value.owner:
            case arith.ConstantOp():
                if (constant(value) or 0) < 0:
                    return False
            case arith.AddiOp() | arith.MuliOp() | arith.DivSIOp() | arith.RemSIOp() as op:
                waiting += op.operands
            case Block() as block:
                loop = block.parent_op()
                if not isinstance(loop, scf.ForOp) or value is not block.args[0]:
                    return False
                waiting += (loop.lb, loop.step)
            case _:
                return False
    return True


def print_index_cast(op: arith.IndexCastOp, operand: Printed) -> Expression:
    """Print a conversion from or to `int`."""
    if is_bool(op.input) or is_bool(op.result):
        raise refusal(op, "not on i1; use arith.extui or arith.cmpi")
    source = operand(op.input)
    holds_every_index = 32 <= (width_of(op.result.type) or 0) <= WIDEST_SIGNED
    return source if holds_every_index else converted(source, op.result.type)
