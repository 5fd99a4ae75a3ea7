"""The semantics that the printed C++ is tested against are MLIR's: its constant folder agrees."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import arith_semantics as semantics
from upstream_mlir import fold

WIDTHS = (2, 7, 20, 32, 33, 64, 65, 128)
SAMPLES = 6
BINARY = (*semantics.EXACT, *semantics.SIGNED, *semantics.UNSIGNED, "shrsi")
PREDICATES = ("eq", "ne", *(sign + name for name in ("lt", "le", "gt", "ge") for sign in "su"))


def operand(seed: random.Random, operation: str, a: int, bits: int) -> int:
    """A right-hand side for which the operation is defined on `a`."""
    if operation[:2] == "sh":
        return seed.randrange(bits)
    b = seed.choice((1, 3 % (1 << bits), (1 << bits) - 1, seed.getrandbits(bits)))
    is_quotient = operation[:3] in ("div", "rem")
    overflows = operation in ("divsi", "remsi") and (a, b) == (1 << (bits - 1), (1 << bits) - 1)
    return 1 if is_quotient and (b == 0 or overflows) else b


def test_binary_operations_and_comparisons():
    seed = random.Random(0)
    lines: list[str] = []
    expected: list[int] = []
    for bits in WIDTHS:
        for operation in (*BINARY, *PREDICATES):
            for _ in range(SAMPLES):
                a = seed.choice((1 << (bits - 1), seed.getrandbits(bits)))
                b = operand(seed, operation, a, bits)
                result = "i1" if operation in PREDICATES else f"i{bits}"
                lines.append(f"func.func @f{len(expected)}() -> {result} {{")
                lines.append(f"%a = arith.constant {semantics.signed(a, bits)} : i{bits}")
                lines.append(f"%b = arith.constant {semantics.signed(b, bits)} : i{bits}")
                if operation in PREDICATES:
                    lines.append(f"%r = arith.cmpi {operation}, %a, %b : i{bits}")
                    expected.append(semantics.compare(operation, a, b, bits))
                else:
                    lines.append(f"%r = arith.{operation} %a, %b : i{bits}")
                    expected.append(semantics.binary(operation, a, b, bits))
                lines.append(f"return %r : {result} }}")
    assert folded(lines, len(expected)) == expected


def test_conversions():
    seed = random.Random(0)
    lines: list[str] = []
    expected: list[int] = []
    for narrow, wide in pairwise(WIDTHS):
        for operation in ("extsi", "extui", "trunci"):
            source, target = (wide, narrow) if operation == "trunci" else (narrow, wide)
            for _ in range(SAMPLES):
                value = seed.getrandbits(source)
                lines.append(f"func.func @f{len(expected)}() -> i{target} {{")
                text = semantics.signed(value, source)
                lines.append(f"%a = arith.constant {text} : i{source}")
                lines.append(f"%r = arith.{operation} %a : i{source} to i{target}")
                lines.append(f"return %r : i{target} }}")
                expected.append(semantics.convert(operation, value, source, target))
    assert folded(lines, len(expected)) == expected


def folded(lines: list[str], count: int) -> list[int]:
    """The constants, as bits, that the functions return after folding."""
    text = fold("\n".join(lines))
    found = re.findall(r"arith.constant (true|false|-?\d+)(?: : i(\d+))?\n\s*return", text)
    assert len(found) == count
    return [
        int(number == "true") if not bits else int(number) % (1 << int(bits))
        for number, bits in found
    ]
