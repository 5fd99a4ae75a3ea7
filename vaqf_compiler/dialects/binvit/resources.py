"""The attribute for the resources of an FPGA that hardware takes."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

FIELDS = ("lut", "ff", "dsp", "bram18", "uram")


@irdl_attr_definition
class ResourcesAttr(ParametrizedAttribute):
    """
    Counts of UltraScale+ primitives: `#binvit.resources<lut = 120, ff = 64, dsp = 1, bram18 = 2,
    uram = 0>`. If they state what is left of a board, numbers may be negative.
    """

    name = "binvit.resources"

    lut: IntAttr
    ff: IntAttr
    dsp: IntAttr
    bram18: IntAttr
    uram: IntAttr

    def __init__(self, lut: int, ff: int, dsp: int, bram18: int, uram: int):
        super().__init__(IntAttr(lut), IntAttr(ff), IntAttr(dsp), IntAttr(bram18), IntAttr(uram))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        found: list[Attribute] = []
        with parser.in_angle_brackets():
            for position, field in enumerate(FIELDS):
                if position:
                    parser.parse_punctuation(",")
                parser.parse_keyword(field)
                parser.parse_punctuation("=")
                found.append(IntAttr(parser.parse_integer()))
        return found

    def print_parameters(self, printer: Printer) -> None:
        values = (self.lut, self.ff, self.dsp, self.bram18, self.uram)
        fields = zip(FIELDS, values, strict=True)
        with printer.in_angle_brackets():
            printer.print_string(", ".join(f"{name} = {value.data}" for name, value in fields))
