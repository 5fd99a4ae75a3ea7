"""
Floating-point numbers in the assembly of operations.

MLIR writes infinity, NaN and numbers that it cannot write otherwise by their bits, as in
`0xFFF0000000000000`, and so does xDSL, but where the type is not written, xDSL does not read them.
"""

from __future__ import annotations

import struct

from xdsl.dialects.builtin import FloatAttr, f64
from xdsl.irdl import IRDLOperation
from xdsl.irdl.declarative_assembly_format import (
    AttributeVariable,
    CustomDirective,
    ParsingState,
    PrintingState,
    irdl_custom_directive,
)
from xdsl.parser import Parser
from xdsl.printer import Printer


def parse_float64(parser: Parser) -> float:
    """A number in decimal or, as MLIR has it, the 64 bits of one in hexadecimal."""
    position = parser.pos
    if not parser.lexer.input.content.startswith("0x", position):
        return parser.parse_float()
    bits = parser.parse_integer(allow_boolean=False, allow_negative=False)
    if bits >> 64:
        parser.raise_error("a number of 64 bits has at most 16 hexadecimal digits", position)
    return struct.unpack("<d", bits.to_bytes(8, "little"))[0]


@irdl_custom_directive
class Float64(CustomDirective):
    """`custom<Float64>($name)` in an assembly format: a number of type f64."""

    variable: AttributeVariable

    def parse(self, parser: Parser, state: ParsingState) -> None:
        self.variable.set(state, FloatAttr(parse_float64(parser), f64))

    def print(self, printer: Printer, state: PrintingState, op: IRDLOperation) -> None:
        self.variable.print(printer, state, op)

    def is_present(self, op: IRDLOperation) -> bool:
        return self.variable.is_present(op)

    def is_anchorable(self) -> bool:
        return self.variable.is_anchorable()
