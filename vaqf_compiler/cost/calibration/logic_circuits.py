"""Verilog of adders, trees, multiplexers, shifters and dividers; what feeds a block is a port."""

from __future__ import annotations

from vaqf_compiler.cost.blocks import (
    Accumulator,
    AdderTree,
    BarrelShift,
    BinaryDot,
    Divider,
    MaximumTree,
    Multiplexer,
    SaturatingAdd,
    SquareRootStep,
    select_bits,
)
from vaqf_compiler.cost.calibration.verilog import Module, concatenated, signed


def binary_dot(block: BinaryDot) -> str:
    """Exclusive or, then the adders."""
    m, bits = Module(), block.bits
    plus = m.input("plus", block.inputs, unsigned=True)
    terms = [
        (m.wire(f"term{i}", bits, f"{x} ^ {{{bits}{{~{plus}[{i}]}}}}"), bits)
        for i, (x, _) in enumerate(m.inputs("x", block.inputs, bits))
    ]
    y, y_bits = m.tree(terms, 1, lambda a, b: f"{a} + {b}")
    m.output("y", y_bits, y)
    return m.text()


def adder_tree(block: AdderTree) -> str:
    """The adders."""
    m = Module()
    y, bits = m.tree(m.inputs("x", block.inputs, block.bits), 1, lambda a, b: f"{a} + {b}")
    m.output("y", bits, y)
    return m.text()


def maximum_tree(block: MaximumTree) -> str:
    """Comparisons and choices."""
    m = Module()
    operands = m.inputs("x", block.inputs, block.bits)
    y, bits = m.tree(operands, 0, lambda a, b: f"{a} > {b} ? {a} : {b}")
    m.output("y", bits, y)
    return m.text()


def accumulator(block: Accumulator) -> str:
    """The old total or zero, plus the operand."""
    m = Module()
    first, x = m.input("first", 1, unsigned=True), m.input("x", block.bits)
    m.line(f"reg {signed(block.bits)} total;")
    old = m.wire("old", block.bits, f"{first} ? {block.bits}'d0 : total")
    m.clocked("total", f"{old} + {x}")
    m.output("y", block.bits, "total")
    return m.text()


def saturating_add(block: SaturatingAdd) -> str:
    """A sum with a bit more, saturated."""
    m, bits = Module(), block.bits
    total = m.wire("total", bits + 1, f"{m.input('a', bits)} + {m.input('b', bits)}")
    m.output("y", bits, m.saturated("result", bits, total, bits + 1))
    return m.text()


def multiplexer(block: Multiplexer) -> str:
    """Two-way choices bit by bit."""
    m = Module()
    select = m.input("select", select_bits(block.inputs), unsigned=True)
    chosen = m.choice(m.inputs("x", block.inputs, block.bits), select)
    m.output("y", block.bits, m.register("result", block.bits, chosen))
    return m.text()


def barrel_shift(block: BarrelShift) -> str:
    """One shift."""
    m = Module()
    x = m.input("x", block.bits)
    shift = m.input("shift", block.most_shift.bit_length(), unsigned=True)
    m.output("y", block.bits, m.register("result", block.bits, f"{x} >>> {shift}"))
    return m.text()


def divider(block: Divider) -> str:
    """The quotient enters where the dividend leaves."""
    m, bits = Module(), block.bits
    m.input("start", 1, unsigned=True)
    dividend, by = (m.input(name, bits, unsigned=True) for name in ("dividend", "divisor"))
    steps = bits.bit_length()
    for name, width in (("rest", bits), ("quotient", bits), ("by", bits), ("left", steps)):
        m.line(f"reg [{width - 1}:0] {name};")
    m.line("reg running;")
    m.line(f"wire [{bits}:0] shifted = {concatenated(('rest', f'quotient[{bits - 1}]'))};")
    m.line(f"wire [{bits + 1}:0] trial = {{1'b0, shifted}} - {{2'b0, by}};")
    m.line(f"wire fits = ~trial[{bits + 1}];")
    m.line("always @(posedge clk)")
    m.line("if (start) begin")
    m.line(f"  rest <= 0; quotient <= {dividend}; by <= {by}; left <= {bits}; running <= 1;")
    m.line("end else if (running) begin")
    m.line(f"  rest <= fits ? trial[{bits - 1}:0] : shifted[{bits - 1}:0];")
    m.line(f"  quotient <= {concatenated((f'quotient[{bits - 2}:0]', 'fits'))};")
    m.line("  left <= left - 1'b1; running <= left != 1;")
    m.line("end")
    m.output("y", bits, "quotient")
    m.output("done", 1, "~running")
    return m.text()


def square_root_step(block: SquareRootStep) -> str:
    """All that happens to rest, root and digit in a cycle."""
    m, bits = Module(), block.bits
    m.input("start", 1, unsigned=True)
    x = m.input("x", bits, unsigned=True)
    for name in ("rest", "root", "digit"):
        m.line(f"reg [{bits - 1}:0] {name};")
    m.line(f"wire [{bits - 1}:0] trial = root + digit;")
    m.line("wire fits = trial <= rest;")
    m.line("always @(posedge clk)")
    m.line("if (start) begin")
    m.line(f"  rest <= {x}; root <= 0; digit <= {bits}'d1 << {(bits - 1) // 2 * 2};")
    m.line("end else begin")
    m.line("  rest <= fits ? rest - trial : rest;")
    m.line("  root <= fits ? (root >> 1) + digit : root >> 1;")
    m.line("  digit <= digit >> 2;")
    m.line("end")
    m.output("y", bits, "root")
    return m.text()
