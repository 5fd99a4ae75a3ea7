"""
Integer operations of MLIR's arith dialect on Python integers.

A value is held as its bits, a non-negative integer; an index is an integer of 32 bits.
"""

from __future__ import annotations

from collections.abc import Callable

INDEX_BITS = 32


def bits_of(type_: str) -> int:
    """The width of `index` or `iN`."""
    return INDEX_BITS if type_ == "index" else int(type_[1:])


def signed(value: int, bits: int) -> int:
    """Bits as a two's complement number."""
    return value - (1 << bits) if value >> (bits - 1) else value


def _truncated_quotient(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


EXACT: dict[str, Callable[[int, int], int]] = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
}
"""Operations that may wrap: the exact result for signed operands."""

SIGNED: dict[str, Callable[[int, int], int]] = {
    "divsi": _truncated_quotient,
    "remsi": lambda a, b: a - b * _truncated_quotient(a, b),
    "maxsi": max,
    "minsi": min,
}
UNSIGNED: dict[str, Callable[[int, int], int]] = {
    "divui": lambda a, b: a // b,
    "remui": lambda a, b: a % b,
    "maxui": max,
    "minui": min,
    "andi": lambda a, b: a & b,
    "ori": lambda a, b: a | b,
    "xori": lambda a, b: a ^ b,
    "shli": lambda a, b: a << b,
    "shrui": lambda a, b: a >> b,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def binary(operation: str, a: int, b: int, bits: int) -> int:
    """The result of an operation on two values of some bits."""
    if operation in UNSIGNED:
        exact = UNSIGNED[operation](a, b)
    elif operation == "shrsi":
        exact = signed(a, bits) >> b
    else:
        exact = (EXACT | SIGNED)[operation](signed(a, bits), signed(b, bits))
    return exact % (1 << bits)


def overflows(operation: str, a: int, b: int, bits: int) -> bool:
    """Whether the exact result, for signed operands, does not fit."""
    exact = EXACT[operation](signed(a, bits), signed(b, bits))
    return not -(1 << (bits - 1)) <= exact < 1 << (bits - 1)


def compare(predicate: str, a: int, b: int, bits: int) -> int:
    """The result of arith.cmpi."""
    if predicate[0] == "s":
        a, b = signed(a, bits), signed(b, bits)
    return int(COMPARISONS[predicate[-2:]](a, b))


def convert(operation: str, value: int, source: int, target: int) -> int:
    """The result of a conversion between widths."""
    is_signed = operation in ("extsi", "index_cast")
    return (signed(value, source) if is_signed else value) % (1 << target)
