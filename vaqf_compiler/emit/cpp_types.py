"""C++ types, literals and names."""

from __future__ import annotations

import re

from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType
from xdsl.ir import Attribute
from xdsl.utils.exceptions import PassFailedException
from xdsl.utils.hints import isa

from vaqf_compiler.dialects.vhls import is_fifo

WIDEST_SIGNED = 64
"""Integers up to this width are signed numbers. Wider ones are words of bits, of type ap_uint."""

_KEYWORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class
compl const const_cast constexpr continue decltype default delete do double dynamic_cast else enum
explicit export extern false float for friend goto if inline int long mutable namespace new noexcept
not not_eq nullptr operator or or_eq private protected public register reinterpret_cast return short
signed sizeof static static_assert static_cast struct switch template this thread_local throw true
try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
"""
_FROM_HEADERS = """
alloca ap_bigint ap_biguint ap_int ap_uint assert errno linux math_errhandling maximum minimum
offsetof stderr stdin stdout unix
"""
RESERVED = frozenset([*_KEYWORDS.split(), *_FROM_HEADERS.split()])
"""Words that cannot be names: keywords, and names that vaqf_types.h or a header of AMD defines."""

PATTERNS = re.compile(
    r"[iu]\d+"  # aliases of integer types, such as i20 and u128
    r"|u?int(_fast|_least)?\d+_t|u?int(max|ptr)_t"  # types of <cstdint>
    r"|[A-Z][A-Z0-9_]+"  # macros
)
"""Further names that are taken, recognised by their form."""


def width_of(attribute: Attribute) -> int | None:
    """Return the bits of an integer type, or None for other types."""
    return attribute.width.data if isa(attribute, IntegerType) else None


def is_word(attribute: Attribute) -> bool:
    """Return whether a type is an integer beyond `WIDEST_SIGNED`: bits without a sign."""
    return (width_of(attribute) or 0) > WIDEST_SIGNED


def cpp_type(attribute: Attribute) -> str:
    """Return the C++ type of a scalar. Raises PassFailedException for any other type."""
    match width_of(attribute):
        case None if isinstance(attribute, IndexType):
            return "int"
        case None:
            raise PassFailedException(f"there is no C++ type for {attribute}")
        case 1:
            return "bool"
        case width:
            return f"i{width}" if width <= WIDEST_SIGNED else f"u{width}"


def unsigned_type(attribute: Attribute) -> str:
    """Return the unsigned C++ type with the width of an integer type."""
    if isinstance(attribute, IndexType):
        return "unsigned"
    width = width_of(attribute)
    return cpp_type(attribute) if width is None or width == 1 else f"u{width}"


def machine_bits(attribute: Attribute) -> int:
    """Return the width of the machine integer in which native simulation computes with a type."""
    width = width_of(attribute) or 0
    return 32 if width <= 32 else 64 if width <= 64 else 128


def alias_definition(alias: str) -> str:
    """Return the typedef of an alias such as `i20` or `u128`."""
    kind = "ap_int" if alias[0] == "i" else "ap_uint"
    return f"typedef {kind}<{alias[1:]}> {alias};"


def declarator(type_: Attribute, name: str, *, is_argument: bool = False) -> str:
    """
    Return a declaration of a scalar, an array or a queue, without initialiser. Raises
    PassFailedException for an array of dynamic size, unless it is an argument and only its first
    dimension is dynamic.
    """
    if not isa(type_, MemRefType):
        return f"{cpp_type(type_)} {name}"
    if is_fifo(type_):
        reference = "&" if is_argument else ""
        return f"hls::stream<{cpp_type(type_.element_type)}> {reference}{name}"
    shape = type_.get_shape()
    if any(size < 1 for size in (shape[1:] if is_argument else shape)) or not shape:
        raise PassFailedException(f"the array '{name}' must have a static shape, not {type_}")
    dimensions = "".join(f"[{size}]" if size > 0 else "[]" for size in shape)
    return f"{cpp_type(type_.element_type)} {name}{dimensions}"


def literal(value: int, type_: Attribute) -> str:
    """
    Return a constant expression for an index, or for the integer of this type with these bits.
    """
    width = width_of(type_)
    if width is not None:
        value %= 1 << width
        if is_word(type_) and value >> 63:
            alias, high = cpp_type(type_), literal(value >> 63, type_)
            return f"({alias}({high}) << 63U | {alias}({value & (1 << 63) - 1}LL))"
        if 1 < width <= WIDEST_SIGNED and value >> (width - 1):
            value -= 1 << width
    if value == -(2**63):
        return "(-9223372036854775807LL - 1)"
    return str(value) if -(2**31) < value < 2**31 else f"{value}LL"


def identifier(hint: str | None, default: str = "v") -> str:
    """
    Return a C++ identifier like `hint`. It differs from all keywords, types and macros, which are
    in capitals.
    """
    name = re.sub(r"\W+", "_", hint or default, flags=re.ASCII)
    if not re.match(r"[A-Za-z]", name):
        name = f"{default}{name}"
    taken = name in RESERVED or PATTERNS.fullmatch(name)
    return f"{name}_" if taken else name
