"""Verilog of adders, trees, multiplexers, shifters and digits. The inputs of a block are ports."""

from __future__ import annotations

from vaqf_compiler.hardware.blocks import (
    Accumulator,
    AdderTree,
    BarrelShift,
    BinaryDot,
    MaximumTree,
    Multiplexer,
    RestoringDigit,
    SaturatingAdd,
    select_bits,
)
from vaqf_compiler.hardware.calibration.verilog import Module, Signal, signed


def binary_dot(block: BinaryDot) -> str:
    """Write the selections, then the adders."""
    m, bits = Module(), block.bits + 1
    plus = m.input("plus", block.inputs, unsigned=True)
    sums, differences = (m.inputs(name, block.pairs, bits) for name in ("sum", "difference"))
    terms: list[Signal] = []
    for i, ((a, _), (b, _)) in enumerate(zip(sums, differences, strict=True)):
        first, second = f"{plus}[{2 * i}]", f"{plus}[{2 * i + 1}]"
        chosen = f"({first} == {second} ? {a} : {b}) ^ {{{bits}{{~{first}}}}}"
        terms.append((m.wire(f"term{i}", bits, chosen), bits))
    y, y_bits = m.tree(terms, 1, lambda a, b: f"{a} + {b}")
    m.output("y", y_bits, y)
    return m.text()


def adder_tree(block: AdderTree) -> str:
    """Write the adders."""
    m = Module()
    y, bits = m.tree(m.inputs("x", block.inputs, block.bits), 1, lambda a, b: f"{a} + {b}")
    m.output("y", bits, y)
    return m.text()


def maximum_tree(block: MaximumTree) -> str:
    """Write comparisons and selections."""
    m = Module()
    operands = m.inputs("x", block.inputs, block.bits)
    y, bits = m.tree(operands, 0, lambda a, b: f"{a} > {b} ? {a} : {b}")
    m.output("y", bits, y)
    return m.text()


def accumulator(block: Accumulator) -> str:
    """Write an adder whose operands are the old total or zero, and the input."""
    m = Module()
    first, x = m.input("first", 1, unsigned=True), m.input("x", block.bits)
    m.line(f"reg {signed(block.bits)} total;")
    old = m.wire("old", block.bits, f"{first} ? {block.bits}'d0 : total")
    m.clocked("total", f"{old} + {x}")
    m.output("y", block.bits, "total")
    return m.text()


def saturating_add(block: SaturatingAdd) -> str:
    """Write a sum that has one bit more, and its saturation."""
    m, bits = Module(), block.bits
    total = m.wire("total", bits + 1, f"{m.input('a', bits)} + {m.input('b', bits)}")
    m.output("y", bits, m.saturated("result", bits, total, bits + 1))
    return m.text()


def multiplexer(block: Multiplexer) -> str:
    """Write two-way selections, one bit of the selector at a time."""
    m = Module()
    select = m.input("select", select_bits(block.inputs), unsigned=True)
    chosen = m.choice(m.inputs("x", block.inputs, block.bits), select)
    m.output("y", block.bits, m.register("result", block.bits, chosen))
    return m.text()


def barrel_shift(block: BarrelShift) -> str:
    """Write a single shift operator."""
    m = Module()
    x = m.input("x", block.bits)
    shift = m.input("shift", block.most_shift.bit_length(), unsigned=True)
    m.output("y", block.bits, m.register("result", block.bits, f"{x} >>> {shift}"))
    return m.text()


def restoring_digit(block: RestoringDigit) -> str:
    """Write a subtraction that has one bit more, and a selection."""
    m, bits = Module(), block.bits
    rest, trial = (m.input(name, bits, unsigned=True) for name in ("rest", "trial"))
    m.line(f"wire [{bits}:0] less = {{1'b0, {rest}}} - {{1'b0, {trial}}};")
    m.line(f"wire fits = ~less[{bits}];")
    m.output("y", bits, m.register("after", bits, f"fits ? less[{bits - 1}:0] : {rest}"))
    m.output("digit", 1, m.register("found", 1, "fits"))
    return m.text()
