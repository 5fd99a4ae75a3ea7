"""C++ expressions for `arith` operations, with exactly the value MLIR gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.emit.cpp_types import WIDEST_SIGNED, cpp_type, literal, unsigned_type


class Expression(NamedTuple):
    """Text of an expression and how tightly it binds."""

    text: str
    precedence: int
    """As in the C++ standard's grammar: 0 for primary expressions, greater binds less."""
    has_own_type: bool
    """Whether its C++ type is that of the value, not a wider one that arithmetic gave."""


PRIMARY, UNARY, MULTIPLY, ADD, SHIFT, RELATION, EQUALITY = 0, 1, 2, 3, 4, 5, 6
BIT_AND, BIT_XOR, BIT_OR, AND, OR, TERNARY = 7, 8, 9, 10, 11, 12

SIGNED_BINARY: dict[type[Operation], tuple[str, int]] = {
    arith.AddiOp: ("+", ADD),
    arith.SubiOp: ("-", ADD),
    arith.MuliOp: ("*", MULTIPLY),
    arith.DivSIOp: ("/", MULTIPLY),
    arith.RemSIOp: ("%", MULTIPLY),
}
UNSIGNED_BINARY: dict[type[Operation], tuple[str, int]] = {
    arith.DivUIOp: ("/", MULTIPLY),
    arith.RemUIOp: ("%", MULTIPLY),
}
BITWISE: dict[type[Operation], tuple[str, int, str, int]] = {
    arith.AndIOp: ("&", BIT_AND, "&&", AND),
    arith.OrIOp: ("|", BIT_OR, "||", OR),
    arith.XOrIOp: ("^", BIT_XOR, "!=", EQUALITY),
}
EXTREMA: dict[type[Operation], tuple[str, bool]] = {
    arith.MaxSIOp: ("maximum", True),
    arith.MinSIOp: ("minimum", True),
    arith.MaxUIOp: ("maximum", False),
    arith.MinUIOp: ("minimum", False),
}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
"""By MLIR's predicate number; the last four are unsigned."""

EXPRESSIONS: tuple[type[Operation], ...] = (
    arith.ConstantOp,
    *SIGNED_BINARY,
    *UNSIGNED_BINARY,
    *BITWISE,
    *EXTREMA,
    arith.ShLIOp,
    arith.ShRSIOp,
    arith.ShRUIOp,
    arith.ExtSIOp,
    arith.ExtUIOp,
    arith.TruncIOp,
    arith.IndexCastOp,
    arith.SelectOp,
    arith.CmpiOp,
    memref.LoadOp,
)
"""The operations that are printed as expressions; all but loads are pure."""

Printed = Callable[[SSAValue], Expression]


def parenthesise(expression: Expression, limit: int) -> str:
    """The text, in parentheses where it binds less tightly than `limit`."""
    text, precedence, _ = expression
    return text if precedence <= limit else f"({text})"


def cast(type_name: str, expression: Expression) -> Expression:
    """`type(expression)`."""
    return Expression(f"{type_name}({expression.text})", PRIMARY, True)


def typed(expression: Expression, value: SSAValue) -> str:
    """The expression as a value of exactly its own type, as templates and `?:` need it."""
    return (
        expression.text if expression.has_own_type else cast(cpp_type(value.type), expression).text
    )


def _is_index(value: SSAValue) -> bool:
    return isinstance(value.type, IndexType)


def _is_bool(value: SSAValue) -> bool:
    return value.type == IntegerType(1)


def _is_word(type_: Attribute) -> bool:
    return isinstance(type_, IntegerType) and type_.width.data > WIDEST_SIGNED


def _cannot_wrap(op: Operation) -> bool:
    """Whether the operation promises not to overflow: an index, or marked `nsw`."""
    flags = getattr(op, "overflow_flags", None)
    return _is_index(op.results[0]) or (
        flags is not None and arith.IntegerOverflowFlag.NSW in flags.data
    )


def _infix(lhs: str, symbol: str, rhs: str, precedence: int, own: bool) -> Expression:
    return Expression(f"{lhs} {symbol} {rhs}", precedence, own)


def print_expression(op: Operation, operand: Printed) -> Expression:
    """
    The expression for one operation, given those of its operands. Raises PassFailedException
    for an operation that is none of `EXPRESSIONS`.
    """
    result = op.results[0]
    kind = type(op)
    match op:
        case arith.ConstantOp():
            return _constant(op)
        case memref.LoadOp():
            name = operand(op.memref).text
            return Expression(name + subscripts(op.indices, operand), PRIMARY, True)
        case arith.CmpiOp():
            return _comparison(op, operand)
        case arith.SelectOp():
            arms = (typed(operand(op.lhs), op.lhs), typed(operand(op.rhs), op.rhs))
            condition = parenthesise(operand(op.cond), OR)
            return Expression(f"{condition} ? {arms[0]} : {arms[1]}", TERNARY, True)
        case arith.ExtSIOp():
            return _extension(op.input, result, operand(op.input), signed=True)
        case arith.ExtUIOp():
            return _extension(op.input, result, operand(op.input), signed=False)
        case arith.TruncIOp():
            return _truncation(op, operand)
        case arith.IndexCastOp():
            if _is_bool(op.input):
                raise PassFailedException("hls-cpp: arith.index_cast of an i1 is not supported")
            return cast(cpp_type(result.type), operand(op.input))
        case arith.ShLIOp() | arith.ShRSIOp() | arith.ShRUIOp():
            return _shift(op, operand)
        case _ if kind in EXTREMA:
            return _extremum(op, operand)
        case _ if kind in BITWISE:
            symbol, precedence, bool_symbol, bool_precedence = BITWISE[kind]
            if _is_bool(result):
                symbol, precedence = bool_symbol, bool_precedence
            limit = EQUALITY if _is_bool(result) else UNARY
            lhs, rhs = (parenthesise(operand(v), limit) for v in op.operands)
            return _infix(lhs, symbol, rhs, precedence, _is_bool(result) or _is_index(result))
        case _ if kind in SIGNED_BINARY or kind in UNSIGNED_BINARY:
            return _arithmetic(op, operand)
        case _:
            raise PassFailedException(f"hls-cpp: no C++ expression for {op.name}")


def subscripts(indices: tuple[SSAValue, ...] | list[SSAValue], operand: Printed) -> str:
    """`[i][j]`."""
    return "".join(f"[{operand(index).text}]" for index in indices)


def _constant(op: arith.ConstantOp) -> Expression:
    if not isinstance(op.value, IntegerAttr):
        raise PassFailedException(f"hls-cpp: only integer constants are printed, got {op.value}")
    value = op.value.value.data
    if _is_bool(op.result):
        return Expression("true" if value else "false", PRIMARY, True)
    text = literal(value)
    precedence = UNARY if text.startswith("-") else PRIMARY
    return Expression(text, precedence, _is_index(op.result))


def _comparison(op: arith.CmpiOp, operand: Printed) -> Expression:
    predicate = op.predicate.value.data
    symbol = COMPARISONS[predicate]
    precedence = EQUALITY if predicate < 2 else RELATION
    if predicate >= 6:
        lhs, rhs = (cast(unsigned_type(v.type), operand(v)).text for v in op.operands)
    else:
        # Operands in a wider C++ type have the same value: only operations that cannot wrap do.
        lhs, rhs = (parenthesise(operand(v), ADD) for v in op.operands)
    return _infix(lhs, symbol, rhs, precedence, True)


def _extension(
    source: SSAValue, result: SSAValue, expression: Expression, *, signed: bool
) -> Expression:
    target = cpp_type(result.type)
    if _is_bool(source):
        one = "-1" if signed else "1"
        return cast(
            target, Expression(f"{parenthesise(expression, OR)} ? {one} : 0", TERNARY, True)
        )
    if not signed or _is_word(result.type):
        if signed:
            raise PassFailedException("hls-cpp: arith.extsi beyond 64 bits is not supported")
        expression = cast(unsigned_type(source.type), expression)
    return cast(target, expression)


def _truncation(op: arith.TruncIOp, operand: Printed) -> Expression:
    source = operand(op.input)
    if _is_bool(op.result):
        return Expression(f"bool({parenthesise(source, UNARY)} & 1)", PRIMARY, True)
    return cast(cpp_type(op.result.type), source)


def _amount(value: SSAValue, operand: Printed) -> str:
    """A shift amount as an int: ap_int would read a negative one as a shift the other way."""
    if isinstance(value.owner, arith.IndexCastOp):
        return parenthesise(operand(value.owner.input), UNARY)
    expression = operand(value)
    if isinstance(value.owner, arith.ConstantOp):
        return expression.text
    return cast("int", cast(unsigned_type(value.type), expression)).text


def _shift(op: arith.ShLIOp | arith.ShRSIOp | arith.ShRUIOp, operand: Printed) -> Expression:
    value, amount = operand(op.lhs), _amount(op.rhs, operand)
    if _is_bool(op.result):
        raise PassFailedException(f"hls-cpp: {op.name} of an i1 is not supported")
    own = cpp_type(op.result.type)
    if isinstance(op, arith.ShRSIOp):
        # A wider type would shift in bits that the value does not have, so exactly its own type.
        text = typed(value, op.lhs)
        if value.has_own_type:
            text = parenthesise(value, UNARY)
        return _infix(text, ">>", amount, SHIFT, _is_index(op.result))
    if _is_word(op.result.type) or (isinstance(op, arith.ShLIOp) and _cannot_wrap(op)):
        symbol = "<<" if isinstance(op, arith.ShLIOp) else ">>"
        text = parenthesise(value, UNARY) if value.has_own_type else typed(value, op.lhs)
        return _infix(text, symbol, amount, SHIFT, _is_word(op.result.type))
    symbol = "<<" if isinstance(op, arith.ShLIOp) else ">>"
    shifted = _infix(cast(unsigned_type(op.lhs.type), value).text, symbol, amount, SHIFT, False)
    return cast(own, shifted)


def _extremum(op: Operation, operand: Printed) -> Expression:
    function, signed = EXTREMA[type(op)]
    own = cpp_type(op.results[0].type)
    if signed:
        arguments = ", ".join(typed(operand(v), v) for v in op.operands)
        return Expression(f"{function}({arguments})", PRIMARY, True)
    arguments = ", ".join(cast(unsigned_type(v.type), operand(v)).text for v in op.operands)
    return cast(own, Expression(f"{function}({arguments})", PRIMARY, True))


def _arithmetic(op: Operation, operand: Printed) -> Expression:
    lhs, rhs = op.operands
    result = op.results[0]
    own = cpp_type(result.type)
    if type(op) in UNSIGNED_BINARY:
        symbol, precedence = UNSIGNED_BINARY[type(op)]
        a, b = (cast(unsigned_type(v.type), operand(v)).text for v in (lhs, rhs))
        return cast(own, _infix(a, symbol, b, precedence, False))
    symbol, precedence = SIGNED_BINARY[type(op)]
    exact = _cannot_wrap(op) or isinstance(op, arith.DivSIOp | arith.RemSIOp)
    if exact:
        a, b = operand(lhs), operand(rhs)
        right = parenthesise(b, precedence if symbol == "+" else precedence - 1)
        if symbol == "-" and isinstance(lhs.owner, arith.ConstantOp) and a.text == "0":
            return Expression(f"-{parenthesise(b, UNARY)}", UNARY, _is_index(result))
        left = parenthesise(a, precedence)
        return _infix(left, symbol, right, precedence, _is_index(result))
    if _is_bool(result):
        raise PassFailedException(f"hls-cpp: {op.name} of i1 is not supported, use arith.xori")
    a, b = (cast(unsigned_type(v.type), operand(v)).text for v in (lhs, rhs))
    return cast(own, _infix(a, symbol, b, precedence, False))
