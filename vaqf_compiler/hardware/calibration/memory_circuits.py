"""Verilog of memories."""

from __future__ import annotations

from random import Random

from vaqf_compiler.hardware.blocks import select_bits
from vaqf_compiler.hardware.calibration.verilog import Module
from vaqf_compiler.hardware.memories import Memory

RAM_STYLES = {"bram": "block", "uram": "ultra", "lutram": "distributed", "register": "registers"}
"""Values of the Verilog attribute `ram_style`."""


def rom_contents(name: str, depth: int, width: int, style: str) -> list[str]:
    """Return the declaration of a memory with random words from a fixed seed."""
    random = Random(0)
    words = [random.getrandbits(width) for _ in range(depth)]
    return [
        f'(* rom_style = "{style}" *)',
        f"reg [{width - 1}:0] {name} [0:{depth - 1}];",
        "initial begin",
        *(f"{name}[{i}] = {width}'h{word:x};" for i, word in enumerate(words)),
        "end",
    ]


def memory(block: Memory) -> str:
    """
    Write a memory with synchronous reads, which see the value before a write. Small ROMs are logic.
    """
    m = Module()
    address_bits = max(1, select_bits(block.depth))
    style = RAM_STYLES[block.mapping]
    if block.write_ports:
        enable = m.input("enable", 1, unsigned=True)
        address = m.input("address", address_bits, unsigned=True)
        data = m.input("data", block.width)
        m.line(f'(* ram_style = "{style}" *)')
        m.line(f"reg [{block.width - 1}:0] words [0:{block.depth - 1}];")
        m.line(f"always @(posedge clk) if ({enable}) words[{address}] <= {data};")
    else:
        kind = style if block.mapping == "bram" else "logic"
        for line in rom_contents("words", block.depth, block.width, kind):
            m.line(line)
    for port in range(block.read_ports):
        read = m.input(f"read{port}", address_bits, unsigned=True)
        value = m.register(f"value{port}", block.width, f"words[{read}]")
        m.output(f"y{port}", block.width, value)
    return m.text()
