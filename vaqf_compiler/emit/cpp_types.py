"""C++ types, literals and names."""

from __future__ import annotations

import re

from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import PassFailedException

WIDEST_SIGNED = 64
"""Integers up to this width are signed numbers; wider ones are words of bits, ap_uint."""

KEYWORDS = frozenset(
    """alignas and asm auto bool break case catch char class const constexpr continue default
    delete do double else enum explicit export extern false float for friend goto if inline int
    long main mutable namespace new not operator or private protected public register return
    short signed sizeof static struct switch template this throw true try typedef typename union
    unsigned using virtual void volatile while xor""".split()  # noqa: SIM905
)


def cpp_type(attribute: Attribute) -> str:
    """The C++ type of a scalar. Raises PassFailedException for any other type."""
    match attribute:
        case IndexType():
            return "int"
        case IntegerType():
            bits = attribute.width.data
            if bits == 1:
                return "bool"
            return f"i{bits}" if bits <= WIDEST_SIGNED else f"u{bits}"
        case _:
            raise PassFailedException(f"hls-cpp: no C++ type for {attribute}")


def unsigned_type(attribute: Attribute) -> str:
    """The unsigned C++ type of an integer type's width."""
    if isinstance(attribute, IntegerType) and attribute.width.data > 1:
        return f"u{attribute.width.data}"
    return "unsigned" if isinstance(attribute, IndexType) else cpp_type(attribute)


def alias_definition(alias: str) -> str:
    """The typedef of an alias such as `i20` or `u128`."""
    kind = "ap_int" if alias[0] == "i" else "ap_uint"
    return f"typedef {kind}<{alias[1:]}> {alias};"


def declarator(type_: Attribute, name: str) -> str:
    """A declaration of a scalar or an array, without initialiser."""
    if not isinstance(type_, MemRefType):
        return f"{cpp_type(type_)} {name}"
    shape = type_.get_shape()
    if any(size < 1 for size in shape):
        raise PassFailedException(f"hls-cpp: array '{name}' needs a static shape, got {type_}")
    dimensions = "".join(f"[{size}]" for size in shape)
    return f"{cpp_type(type_.element_type)} {name}{dimensions}"


def literal(value: int) -> str:
    """A decimal literal of a type that holds `value`."""
    if value == -(2**63):
        return "(-9223372036854775807LL - 1)"
    return str(value) if -(2**31) < value < 2**31 else f"{value}LL"


def identifier(hint: str | None, default: str = "v") -> str:
    """A C++ identifier like `hint`."""
    name = re.sub(r"\W", "_", hint or default)
    if not re.match(r"[A-Za-z_]", name):
        name = f"{default}{name}"
    return f"{name}_" if name in KEYWORDS else name
