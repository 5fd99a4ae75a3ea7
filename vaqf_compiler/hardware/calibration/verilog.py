"""Writing of Verilog modules with one clock, one declaration at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Signal = tuple[str, int]
"""A signal's name and width."""


def signed(bits: int) -> str:
    """Return the type of a signed vector."""
    return f"signed [{bits - 1}:0]"


class Module:
    """The module `top`. All vectors are signed unless stated otherwise."""

    def __init__(self) -> None:
        self._ports = ["input clk"]
        self._lines: list[str] = []

    def input(self, name: str, bits: int, unsigned: bool = False) -> str:
        """Add an input port and return its name."""
        type_ = f"[{bits - 1}:0]" if unsigned else signed(bits)
        self._ports.append(f"input {type_} {name}")
        return name

    def inputs(self, name: str, count: int, bits: int) -> list[Signal]:
        """Add input ports `name0`, `name1`, ..."""
        return [(self.input(f"{name}{i}", bits), bits) for i in range(count)]

    def wire(self, name: str, bits: int, value: str) -> str:
        """Add a wire with a value that is computed within a cycle, and return its name."""
        self.line(f"wire {signed(bits)} {name} = {value};")
        return name

    def register(self, name: str, bits: int, value: str) -> str:
        """Add a register that stores a value in each cycle, and return its name."""
        self.line(f"reg {signed(bits)} {name};")
        return self.clocked(name, value)

    def clocked(self, name: str, value: str) -> str:
        """Store a value in each cycle in a register that is declared already."""
        self.line(f"always @(posedge clk) {name} <= {value};")
        return name

    def output(self, name: str, bits: int, value: str) -> None:
        """Add an output port with a value."""
        self._ports.append(f"output {signed(bits)} {name}")
        self.line(f"assign {name} = {value};")

    def line(self, text: str) -> None:
        """Add any other line."""
        self._lines.append(text)

    def tree(self, operands: Sequence[Signal], growth: int, combine: Combine) -> Signal:
        """Combine neighbours until one is left, with a register after every level."""
        level = 0
        current = list(operands)
        while len(current) > 1:
            results: list[Signal] = []
            for i in range(0, len(current), 2):
                (a, bits), *other = current[i : i + 2]
                if other:
                    bits = max(bits, other[0][1]) + growth
                value = combine(a, other[0][0]) if other else a
                results.append((self.register(f"level{level}_{i // 2}", bits, value), bits))
            current = results
            level += 1
        return current[0]

    def choice(self, words: Sequence[Signal], select: str) -> str:
        """
        Return the word that `select` chooses, by two-way selections for each bit of `select`, as
        HLS writes them.
        """
        bits = words[0][1]
        current = [name for name, _ in words]
        position = 0
        while len(current) > 1:
            chosen: list[str] = []
            for i in range(0, len(current), 2):
                pair = current[i : i + 2]
                name = f"{select}_{position}_{i // 2}"
                value = (
                    f"{select}[{position}] ? {pair[1]} : {pair[0]}" if len(pair) > 1 else pair[0]
                )
                chosen.append(self.wire(name, bits, value))
            current = chosen
            position += 1
        return current[0]

    def saturated(self, name: str, bits: int, value: str, value_bits: int) -> str:
        """Add a register with a value that is saturated to `bits` bits."""
        if value_bits <= bits:
            return self.register(name, bits, value)
        sign = f"{value}[{value_bits - 1}]"
        upper = f"{value}[{value_bits - 1}:{bits - 1}]"
        limit = f"{{{sign}, {{{bits - 1}{{~{sign}}}}}}}" if bits > 1 else sign
        fits = f"&{upper} || ~|{upper}"
        return self.register(name, bits, f"({fits}) ? {value}[{bits - 1}:0] : {limit}")

    def text(self) -> str:
        """Return the text of the module."""
        ports = ",\n  ".join(self._ports)
        return "\n".join([f"module top(\n  {ports}\n);", *self._lines, "endmodule", ""])


Combine = Callable[[str, str], str]
"""A function that returns the expression for two operands."""
