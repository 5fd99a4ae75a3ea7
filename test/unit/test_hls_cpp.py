"""
The arithmetic of the printed C++, against MLIR's semantics on Python integers.

Functions of random operations, each over arrays of samples, are printed, compiled in both modes
and run; every element must be right.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from arith_semantics import bits_of
from compile_cpp import MODES, compile_cpp, run_program
from parse_ir import parse
from random_ir import SAMPLES, WIDTHS, RandomFunction, Value, operations_of, predicates_of

from vaqf_compiler.emit.hls_cpp import print_hls_cpp

OPTIONS = ("-O0", "-Wno-unused-parameter", "-Wno-tautological-compare", "-Wno-type-limits")
"""Random code compares values with themselves and with what they cannot be."""
MODE_OPTIONS = {
    "native": ("-fsanitize=undefined", "-fno-sanitize-recover"),
    "ap_int": (),
}
"""AMD's headers, not ours, have undefined behaviour."""


def single_operations(seed: random.Random) -> list[RandomFunction]:
    """A function for each operation at each width."""
    functions: list[RandomFunction] = []

    def new(type_: str, second: str | None = None) -> RandomFunction:
        function = RandomFunction(f"single_{len(functions)}", seed)
        functions.append(function)
        function.input(type_)
        function.input(second or type_)
        return function

    for type_ in ("i1", "i2", "i7", "i16", "i20", "i32", "i33", "i64", "i65", "i128"):
        for operation in operations_of(type_):
            function = new(type_)
            a, b = function.inputs
            if operation[:3] in ("div", "rem") or operation[:2] == "sh":
                b = function.operand(operation, type_)
            function.binary(operation, a, b)
        for predicate in predicates_of(type_):
            function = new(type_)
            function.compare(predicate, *function.inputs)
        for target in seed.sample(WIDTHS, 4):
            function = new(type_)
            function.converted(function.inputs[0], f"i{target}")
    return functions


def random_expressions(seed: random.Random, count: int) -> list[RandomFunction]:
    """Functions of a dozen operations each, of few widths."""
    functions: list[RandomFunction] = []
    for number in range(count):
        function = RandomFunction(f"random_{number}", seed)
        types = [*(f"i{width}" for width in seed.sample(WIDTHS, 2)), "i1", "index"]
        function.input(types[0])
        function.input(types[1])
        for _ in range(seed.randrange(4, 16)):
            function.step(seed.choice(types))
        functions.append(function)
    return functions


def cpp_type(type_: str) -> str:
    """The C++ type of an array element."""
    names = {"index": "int", "i1": "bool"}
    return names.get(type_, type_ if bits_of(type_) <= 64 else f"u{type_[1:]}")


SAMPLE_IO = """
#include <cstdio>
typedef unsigned long long Word;

static Word get() {
  Word word = 0;
  return std::fread(&word, sizeof word, 1, stdin) == 1 ? word : 0;
}
template <class T> void get_array(T *x, int size) {
  for (int i = 0; i < size; ++i) {
    x[i] = T(get());
    get();
  }
}
template <class T> void get_words(T *x, int size) {
  for (int i = 0; i < size; ++i) {
    const T low = T(get());
    x[i] = T(T(get()) << 64) | low;
  }
}
static void put(Word low, Word high) {
  std::fwrite(&low, sizeof low, 1, stdout);
  std::fwrite(&high, sizeof high, 1, stdout);
}
template <class T> void put_array(const T *x, int size) {
  for (int i = 0; i < size; ++i)
    put(Word(static_cast<long long>(x[i])), 0);
}
template <class T> void put_words(const T *x, int size) {
  for (int i = 0; i < size; ++i)
    put(Word(ap_uint<64>(x[i])), Word(ap_uint<64>(x[i] >> 64)));
}
"""
"""Reads and writes arrays of samples, 16 bytes each."""


def main_program(functions: list[RandomFunction]) -> str:
    """Runs each function on samples from standard input."""
    lines: list[str] = []
    for function in functions:
        lines.append("  {")
        for name, value in zip(("a", "b", "out"), (*function.inputs, function.result), strict=True):
            lines.append(f"    static {cpp_type(value.type)} {name}[{SAMPLES}];")
            if name != "out":
                lines.append(f"    get_{_kind(value)}({name}, {SAMPLES});")
        lines.append(f"    {function.name}(a, b, out);")
        lines.append(f"    put_{_kind(function.result)}(out, {SAMPLES});")
        lines.append("  }")
    return "\n".join((SAMPLE_IO, "int main() {", *lines, "}\n"))


def _kind(value: Value) -> str:
    return "words" if bits_of(value.type) > 64 else "array"


def pack(samples: list[int]) -> bytes:
    """Samples as the program reads and writes them."""
    return b"".join(struct.pack("<QQ", s & (1 << 64) - 1, s >> 64) for s in samples)


def unpack(data: bytes, bits: int) -> list[int]:
    """The inverse of `pack`, cut to some bits."""
    words = struct.iter_unpack("<QQ", data)
    return [(low | high << 64) % (1 << bits) for low, high in words]


@pytest.fixture(scope="module")
def functions() -> list[RandomFunction]:
    """All functions that are printed."""
    seed = random.Random(0)
    return [*single_operations(seed), *random_expressions(seed, 150)]


@pytest.mark.parametrize("mode", MODES)
def test_arithmetic(functions: list[RandomFunction], mode: str, tmp_path: Path) -> None:
    """Every operation, alone and in expressions, gives in C++ what it gives in MLIR."""
    module = parse("\n".join(function.mlir() for function in functions))
    source = tmp_path / "arithmetic.cpp"
    source.write_text(print_hls_cpp(module) + main_program(functions))
    inputs = b"".join(pack(value.samples) for f in functions for value in f.inputs)
    output = run_program(compile_cpp(source, mode, *OPTIONS, *MODE_OPTIONS[mode]), inputs)
    size = 16 * SAMPLES
    assert len(output) == size * len(functions)
    for number, function in enumerate(functions):
        expected = function.result
        got = unpack(output[number * size : (number + 1) * size], bits_of(expected.type))
        assert got == expected.samples, print_hls_cpp(parse(function.mlir()))
