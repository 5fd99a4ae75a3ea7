"""Damage for inputs of the tools: to bytes, to the tokens and lines of text, to command lines."""

from __future__ import annotations

import os
import random
import re
import struct
from collections.abc import Callable, Sequence

NUMBERS = (
    *("0", "-1", "1", "3", "255", "2147483648", "9223372036854775808", "-9223372036854775809"),
    *("1" + "0" * 30, "9" * 5000, "1e308", "1e309", "-1.5", "0.5", "nan", "inf", "-inf"),
    *("1e-320", "0x7FF0000000000000", "0xFFFFFFFF", "1_000", "٣"),
)
"""Instead of another number."""
TYPES = (
    *("i1", "i0", "i8", "i64", "i65", "i16777215", "i99999999999", "si8", "ui8", "index", "f16"),
    *("bf16", "f32", "f64", "none", "tuple<>", "tensor<*xf32>", "tensor<?xf32>", "tensor<0xf32>"),
    *(
        "tensor<4xf32>",
        "memref<4xi8>",
        "memref<?xi8>",
        "memref<i8>",
        "vector<4xi8>",
        "complex<f32>",
    ),
    *("!torch.int", "!torch.none", "!torch.vtensor<[1,?],f32>", "!torch.vtensor", "() -> ()"),
    *("!binvit.q<8, 0.5, true>", "!binvit.q<0, 0.5, true>", "!binvit.q<8, -1.0, true>"),
    *("!binvit.binary<0.5>", "!binvit.binary<nan>", "memref<4xi8, affine_map<(d0) -> (d0)>>"),
)
"""Instead of another type."""
SCRAPS = (
    *("\0", "\ufeff", "\r", "\u0085", "\u009b31m", "\x1b[2J", "\u202e", "é", '"', "\\", "'"),
    *("{", "}", "[", "]", "(", ")", "<", ">", "%", "@", "^", "#", "!", ":", ",", "=", "->", "//"),
    *("loc(unknown)", 'loc(callsite("f" at "m.py":3:4))', 'loc(fused["a", "b.py":1:2])'),
    *(
        'loc("layer"("m.py":3:4))',
        "loc(#loc9)",
        "unit",
        "dense<1>",
        'dense<"0x00">',
        "dense<[1, 2]>",
    ),
    *("{a = 1 : i64}", "<{}>", "{layer = 3 : i64}", '"builtin.module"() ({}) : () -> ()', "null"),
)
"""Put between tokens."""
TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|[\w.$-]+|\s+|.', re.DOTALL)
NUMBER = re.compile(rb"-?\d+(\.\d+)?([eE][-+]?\d+)?")
TYPE = re.compile(rb"[su]?i\d+|b?f\d+|index|\w*x(i|f|bf)\d+|tensor|memref")
WORD = re.compile(rb"[%@^#!]?[A-Za-z_][\w.]*")

Mutation = Callable[[random.Random, bytes], bytes]


def _place(choose: random.Random, data: Sequence[object]) -> int:
    return choose.randrange(len(data)) if data else 0


def flip(choose: random.Random, data: bytes) -> bytes:
    """Other bits in a few bytes."""
    changed = bytearray(data)
    for _ in range(choose.choice((1, 1, 2, 8)) if data else 0):
        changed[_place(choose, data)] ^= 1 << choose.randrange(8)
    return bytes(changed)


def truncate(choose: random.Random, data: bytes) -> bytes:
    """An end that is missing."""
    return data[: choose.choice((0, 1, _place(choose, data), len(data) - 1, len(data) // 2))]


def insert(choose: random.Random, data: bytes) -> bytes:
    """Bytes that do not belong there."""
    at = choose.choice((0, _place(choose, data), len(data)))
    return data[:at] + choose.randbytes(choose.choice((1, 4, 64))) + data[at:]


def remove(choose: random.Random, data: bytes) -> bytes:
    """A part that is missing."""
    at = _place(choose, data)
    return data[:at] + data[at + choose.choice((1, 4, 16, 100)) :]


def repeat(choose: random.Random, data: bytes) -> bytes:
    """A part twice."""
    at, size = _place(choose, data), choose.choice((1, 4, 16, 100))
    return data[: at + size] + data[at:]


def rearrange(choose: random.Random, parts: list[bytes]) -> bytes:
    """One part dropped, doubled, moved, or in the place of another."""
    a, b = _place(choose, parts), _place(choose, parts)
    match choose.randrange(5):
        case 0:
            del parts[a : a + choose.choice((1, 1, 1, 3))]
        case 1:
            parts.insert(b, parts[a])
        case 2:
            parts[a], parts[b] = parts[b], parts[a]
        case 3:
            parts.insert(b, parts.pop(a))
        case _:
            parts[a] = parts[b]
    return b"".join(parts)


def lines(choose: random.Random, data: bytes) -> bytes:
    """Lines that are missing, doubled or elsewhere."""
    return rearrange(choose, data.splitlines(keepends=True) or [b"\n"])


def tokens(choose: random.Random, data: bytes) -> bytes:
    """Tokens that are missing, doubled or elsewhere; not whitespace alone."""
    parts = [match[0] for match in TOKEN.finditer(data)]
    at = [i for i, part in enumerate(parts) if part.strip()]
    if not at:
        return data
    a, b = choose.choice(at), choose.choice(at)
    match choose.randrange(4):
        case 0:
            parts[a] = b""
        case 1:
            parts[a] += b" " + parts[a]
        case 2:
            parts[a], parts[b] = parts[b], parts[a]
        case _:
            parts[a] = choose.choice(SCRAPS).encode() + parts[a]
    return b"".join(parts)


def _replaced(
    choose: random.Random, data: bytes, pattern: re.Pattern[bytes], others: Sequence[bytes]
) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return flip(choose, data)
    match = choose.choice(found)
    return data[: match.start()] + choose.choice(others) + data[match.end() :]


def numbers(choose: random.Random, data: bytes) -> bytes:
    """A number that is extreme, or another one of the same text."""
    own = [match[0] for match in NUMBER.finditer(data)] or [b"7"]
    number = choose.choice((choose.choice(NUMBERS).encode(), choose.choice(own)))
    return _replaced(choose, data, NUMBER, [number])


def types(choose: random.Random, data: bytes) -> bytes:
    """Another type."""
    return _replaced(choose, data, TYPE, [each.encode() for each in TYPES])


def words(choose: random.Random, data: bytes) -> bytes:
    """Another name of the same text."""
    own = [match[0] for match in WORD.finditer(data)] or [b"x"]
    return _replaced(choose, data, WORD, own)


def nest(choose: random.Random, data: bytes) -> bytes:
    """Brackets far deeper than anybody writes them."""
    begin, end = choose.choice((b"[]", b"{}", b"()", b"<>", b"-1")).decode()
    depth, at = choose.choice((50, 2000, 100_000)), _place(choose, data)
    return data[:at] + (begin * depth + end * depth).encode() + data[at:]


def encode(choose: random.Random, data: bytes) -> bytes:
    """Another encoding or other line ends."""
    text = data.decode("latin1")
    match choose.randrange(7):
        case 0:
            return b"\xef\xbb\xbf" + data
        case 1:
            return data.replace(b"\n", b"\r\n")
        case 2:
            return text.encode("utf-16")
        case 3:
            return text.encode("utf-32-be")
        case 4:
            return data.replace(b"\n", b"\r")
        case 5:
            at = _place(choose, data)
            return data[:at] + b"\xe9\xff" + data[at:]
        case _:
            return data.replace(b" ", b"\xc2\xa0", 1 + choose.randrange(3))


BYTES: tuple[Mutation, ...] = (flip, truncate, insert, remove, repeat)
TEXT: tuple[Mutation, ...] = (
    *(numbers, numbers, types, types, words, words, tokens, tokens, lines, lines),
    *(flip, truncate, insert, remove, repeat, nest, encode),
)


def mutate(choose: random.Random, data: bytes, mutations: Sequence[Mutation]) -> bytes:
    """One mutation, seldom several."""
    for _ in range(choose.choice((1, 1, 1, 2, 4))):
        data = choose.choice(mutations)(choose, data)
    return data


def mutate_text(choose: random.Random, data: bytes) -> bytes:
    """Text that is IR, TOML, JSON or XML."""
    return mutate(choose, data, TEXT)


def mutate_bytes(choose: random.Random, data: bytes) -> bytes:
    """A file of bytes."""
    return mutate(choose, data, BYTES)


def mutate_headed(choose: random.Random, data: bytes, before: int, size: str) -> bytes:
    """
    A file that has `before` bytes, the `size` of a header as `struct` packs it, and a header that
    is text: that text is changed and its size put right, or bytes anywhere.
    """
    if choose.random() < 0.3:
        return mutate_bytes(choose, data)
    start = before + struct.calcsize(size)
    (length,) = struct.unpack_from(size, data, before)
    header = mutate_text(choose, data[start : start + length])
    limit = (1 << (8 * struct.calcsize(size))) - 1
    return (
        data[:before] + struct.pack(size, min(len(header), limit)) + header + data[start + length :]
    )


def mutate_arguments(
    choose: random.Random, arguments: Sequence[str], options: Sequence[str]
) -> list[str]:
    """A command line with other options, values or order."""
    changed = list(arguments)
    for _ in range(choose.choice((1, 1, 2, 3))):
        at = _place(choose, changed)
        match choose.randrange(6):
            case 0 if changed:
                del changed[at]
            case 1 if changed:
                changed.insert(at, choose.choice(changed))
            case 2:
                changed.insert(at, choose.choice(options))
            case 3 if changed:
                other = _place(choose, changed)
                changed[at], changed[other] = changed[other], changed[at]
            case 4 if changed:
                changed[at] = choose.choice(
                    (*NUMBERS, "", " ", "-", "--", ".", "é", "\u009b", "a\nb")
                )
            case _ if changed:
                text = mutate_text(choose, os.fsencode(changed[at]))
                changed[at] = text[:200_000].decode("utf-8", "surrogateescape")
            case _:
                pass
    return [argument.replace("\0", "") for argument in changed]  # no system passes them on
