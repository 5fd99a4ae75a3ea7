"""`arith` operations and loads as C++ expressions, with exactly the value MLIR gives them."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, memref
from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.emit.cpp_expression import (
    ADD,
    AND,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    EQUALITY,
    MULTIPLY,
    OR,
    PRIMARY,
    RELATION,
    SHIFT,
    TERNARY,
    UNARY,
    Expression,
    Printed,
    condition,
    converted,
    parenthesise,
    subscripts,
    variable,
)
from vaqf_compiler.emit.cpp_types import (
    WIDEST_SIGNED,
    cpp_type,
    is_word,
    literal,
    machine_bits,
    unsigned_type,
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
"""By MLIR's predicate number; 2 to 5 are signed, the last four unsigned."""

EXPRESSIONS: tuple[type[Operation], ...] = (
    arith.ConstantOp,
    *SIGNED,
    *UNSIGNED,
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


def print_expression(op: Operation, operand: Printed) -> Expression:
    """
    The expression for one operation, given those of its operands. Raises PassFailedException,
    naming the operation, where there is none.
    """
    kind = type(op)
    match op:
        case arith.ConstantOp():
            return _constant(op)
        case memref.LoadOp():
            element = operand(op.memref).text + subscripts(op.indices, operand)
            return variable(element, op.res.type)
        case arith.CmpiOp():
            return _comparison(op, operand)
        case arith.SelectOp():
            return _select(op, operand)
        case arith.ExtSIOp():
            return _sign_extension(op, operand)
        case arith.ExtUIOp():
            return _zero_extension(op, operand)
        case arith.TruncIOp():
            return _truncation(op, operand)
        case arith.IndexCastOp():
            return _index_cast(op, operand)
        case arith.ShLIOp() | arith.ShRSIOp() | arith.ShRUIOp():
            return _shift(op, operand)
        case _ if kind in EXTREMA:
            return _extremum(op, operand)
        case _ if kind in BITWISE:
            return _bitwise(op, operand)
        case _ if kind in SIGNED:
            return _signed(op, operand)
        case _ if kind in UNSIGNED:
            # ap_uint computes some remainders of more than 64 bits wrongly.
            _no_word(op)
            symbol, precedence = UNSIGNED[kind]
            return _on_unsigned(op, symbol, precedence, operand)
        case _:
            raise _refusal(op, "has no C++ expression")


def _refusal(op: Operation, why: str) -> PassFailedException:
    return PassFailedException(f"hls-cpp: {op.name} {why}")


def _is_index(value: SSAValue) -> bool:
    return isinstance(value.type, IndexType)


def _is_bool(value: SSAValue) -> bool:
    return value.type == IntegerType(1)


def _no_bool(op: Operation, remedy: str) -> None:
    if _is_bool(op.results[0]):
        raise _refusal(op, f"of i1 is not supported; use {remedy}")


def _no_word(op: Operation) -> None:
    if is_word(op.operands[-1].type):
        raise _refusal(op, "of more than 64 bits is not supported: such words are only bits")


def _unsigned(value: SSAValue, operand: Printed) -> Expression:
    """An operand as an unsigned number."""
    expression, name = operand(value), unsigned_type(value.type)
    if expression.type == name:
        return expression
    return Expression(f"{name}({expression.text})", PRIMARY, name, machine_bits(value.type))


def _constant(op: arith.ConstantOp) -> Expression:
    if not isinstance(op.value, IntegerAttr):
        raise _refusal(op, f"must be an integer or index, got {op.value}")
    value = op.value.value.data
    if _is_bool(op.result):
        return Expression("true" if value else "false", PRIMARY, "bool", 32)
    text = literal(value, op.result.type)
    precedence = UNARY if text.startswith("-") else PRIMARY
    small = text.lstrip("-").isdecimal()
    return Expression(text, precedence, "int" if small else None, 32 if small else 64)


def _comparison(op: arith.CmpiOp, operand: Printed) -> Expression:
    predicate = op.predicate.value.data
    precedence = EQUALITY if predicate < 2 else RELATION
    if predicate >= 6:
        lhs, rhs = (parenthesise(_unsigned(value, operand), ADD) for value in op.operands)
    else:
        if predicate >= 2:
            _no_word(op)
            if _is_bool(op.lhs):
                raise _refusal(op, "of i1 must be eq, ne or unsigned")
        # Greater and less in a row, and bit operations, would make compilers warn.
        lhs, rhs = (parenthesise(operand(value), ADD) for value in op.operands)
    return Expression(f"{lhs} {COMPARISONS[predicate]} {rhs}", precedence, "bool", 32)


def _common(values: Sequence[SSAValue], operand: Printed) -> tuple[list[Expression], str | None]:
    """Expressions for `values`, and the C++ type they have in common, if they do."""
    expressions = [operand(value) for value in values]
    name = expressions[0].type
    return expressions, name if all(e.type == name for e in expressions) else None


def _select(op: arith.SelectOp, operand: Printed) -> Expression:
    type_ = op.result.type
    arms, name = _common((op.lhs, op.rhs), operand)
    if name is None:
        arms = [converted(arm, type_) for arm in arms]
    test = parenthesise(condition(operand(op.cond)), OR)
    text = f"{test} ? {arms[0].text} : {arms[1].text}"
    return Expression(text, TERNARY, arms[0].type, max(arm.bits for arm in arms))


def _extremum(op: Operation, operand: Printed) -> Expression:
    function, signed = EXTREMA[type(op)]
    type_ = op.results[0].type
    if not signed:
        arguments = ", ".join(_unsigned(value, operand).text for value in op.operands)
        name = unsigned_type(type_)
        text = f"{function}<{name}>({arguments})"
        return converted(Expression(text, PRIMARY, name, machine_bits(type_)), type_)
    _no_bool(op, "arith.andi or arith.ori")
    _no_word(op)
    expressions, name = _common(op.operands, operand)
    arguments = ", ".join(expression.text for expression in expressions)
    if name is None:
        function = f"{function}<{cpp_type(type_)}>"
        return variable(f"{function}({arguments})", type_)
    return Expression(f"{function}({arguments})", PRIMARY, name, expressions[0].bits)


def _bitwise(op: Operation, operand: Printed) -> Expression:
    lhs, rhs = (operand(value) for value in op.operands)
    if not _is_bool(op.results[0]):
        symbol, precedence = BITWISE[type(op)]
        text = f"{parenthesise(lhs, UNARY)} {symbol} {parenthesise(rhs, UNARY)}"
        own = "int" if _is_index(op.results[0]) else None
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


def _sign_extension(op: arith.ExtSIOp, operand: Printed) -> Expression:
    source = operand(op.input)
    if is_word(op.result.type):
        if is_word(op.input.type):
            raise _refusal(op, f"from {op.input.type} is not supported: such words are only bits")
        if not _is_bool(op.input):
            return converted(source, op.result.type)
    if _is_bool(op.input):
        test = parenthesise(condition(source), OR)
        number = Expression(f"{test} ? -1 : 0", TERNARY, "int", 32)
        return converted(number, op.result.type) if is_word(op.result.type) else number
    return source


def _zero_extension(op: arith.ExtUIOp, operand: Printed) -> Expression:
    if _is_bool(op.input):
        return Expression(f"int({condition(operand(op.input)).text})", PRIMARY, "int", 32)
    return converted(_unsigned(op.input, operand), op.result.type)


def _truncation(op: arith.TruncIOp, operand: Printed) -> Expression:
    source = operand(op.input)
    if source.source and source.type == cpp_type(op.input.type):
        source = source.source  # the low bits are the same before that conversion
    if _is_bool(op.result):
        bit = Expression(f"{parenthesise(source, UNARY)} & 1", BIT_AND, None, source.bits)
        return converted(bit, op.result.type)
    if source.type == cpp_type(op.result.type):
        return source
    return converted(source, op.result.type)


def _index_cast(op: arith.IndexCastOp, operand: Printed) -> Expression:
    if _is_bool(op.input) or _is_bool(op.result):
        raise _refusal(op, "of i1 is not supported; use arith.extui or arith.cmpi")
    source = operand(op.input)
    holds_every_index = 32 <= (width_of(op.result.type) or 0) <= WIDEST_SIGNED
    return source if holds_every_index else converted(source, op.result.type)


def _amount(value: SSAValue, operand: Printed) -> str:
    """A shift amount. A valid one is less than the width, so it is no negative number."""
    expression = operand(value)
    if isinstance(value.owner, arith.IndexCastOp) and is_word(value.type) and expression.source:
        expression = expression.source
    return parenthesise(expression, MULTIPLY)


def _shift(op: arith.ShLIOp | arith.ShRSIOp | arith.ShRUIOp, operand: Printed) -> Expression:
    _no_bool(op, "arith.select")
    type_ = op.result.type
    amount = _amount(op.rhs, operand)
    if isinstance(op, arith.ShRSIOp):
        _no_word(op)
        value = operand(op.lhs)
        if value.type is not None or value.bits < machine_bits(type_):
            value = converted(value, type_)
        own = "int" if _is_index(op.result) else None
        return Expression(f"{parenthesise(value, UNARY)} >> {amount}", SHIFT, own, value.bits)
    symbol = "<<" if isinstance(op, arith.ShLIOp) else ">>"
    name = unsigned_type(type_)
    text = f"{parenthesise(_unsigned(op.lhs, operand), UNARY)} {symbol} {amount}"
    unsigned = Expression(text, SHIFT, None, machine_bits(type_))
    if is_word(type_) and (symbol == ">>" or name == "u128"):
        return unsigned
    return converted(unsigned, type_)


def _on_unsigned(op: Operation, symbol: str, precedence: int, operand: Printed) -> Expression:
    """The operation on unsigned numbers, where C++ wraps as MLIR does."""
    type_ = op.results[0].type
    lhs, rhs = (parenthesise(_unsigned(value, operand), UNARY) for value in op.operands)
    text = f"{lhs} {symbol} {rhs}"
    return converted(Expression(text, precedence, None, machine_bits(type_)), type_)


def _signed(op: Operation, operand: Printed) -> Expression:
    _no_bool(op, "arith.xori or arith.andi")
    result = op.results[0]
    symbol, precedence = SIGNED[type(op)]
    divides = isinstance(op, arith.DivSIOp | arith.RemSIOp)
    if divides:
        _no_word(op)
    exact = divides or _cannot_wrap(op)
    if not exact and not _fits_machine(op):
        return _on_unsigned(op, symbol, precedence, operand)

    a, b = (operand(value) for value in op.operands)
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
    own = "int" if _is_index(result) else None
    expression = Expression(text, precedence, own, max(a.bits, b.bits))
    return expression if exact else converted(expression, result.type)


def _cannot_wrap(op: Operation) -> bool:
    """Whether the operation promises not to overflow: on an index, or marked `nsw`."""
    flags = getattr(op, "overflow_flags", None)
    return _is_index(op.results[0]) or (
        isinstance(flags, arith.IntegerOverflowAttr)
        and arith.IntegerOverflowFlag.NSW in flags.data
        and not is_word(op.results[0].type)
    )


def _fits_machine(op: Operation) -> bool:
    """Whether the machine's integer holds any sum or product of two operands."""
    type_ = op.results[0].type
    bits = width_of(type_) or 0
    needed = 2 * bits if isinstance(op, arith.MuliOp) else bits + 1
    return needed <= machine_bits(type_) and not is_word(type_)


def _has_room(type_: Attribute) -> bool:
    """Whether sums of a few hundred numbers fit the machine's integer, in any order."""
    return machine_bits(type_) - (width_of(type_) or 0) >= 8
