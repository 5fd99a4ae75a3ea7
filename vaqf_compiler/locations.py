"""Where operations stand in their file: xDSL's parser keeps only what `loc(...)` says."""

from __future__ import annotations

import re
from bisect import bisect_right

from xdsl.context import Context
from xdsl.dialect_interfaces.op_asm import OpAsmDialectInterface
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, LocationAttr, StringAttr, UnknownLoc
from xdsl.ir import Operation
from xdsl.parser import Parser


class LocatingParser(Parser):
    """A parser that, as MLIR's, gives each operation without `loc(...)` its place in the file."""

    def __init__(self, ctx: Context, text: str, name: str, line_offset: int = 0):
        """
        A parser of `text`, which begins `line_offset` lines below the top of the file `name`.
        """
        super().__init__(ctx, text, name)
        self._name = StringAttr(name)
        self._line_offset = line_offset
        self._line_starts = [0, *(newline.end() for newline in re.finditer("\n", text))]

    def parse_operation(self) -> Operation:
        position = self.pos
        op = super().parse_operation()
        if isinstance(op.location, UnknownLoc):
            op.location = self._location(position)
        return op

    def _parse_dialect_resource_handle(
        self, dialect_name: str, interface: OpAsmDialectInterface
    ) -> str:
        # xDSL keeps keys for the whole process and renames one that it meets in a second file, but
        # ours are names of parameters.
        key = self.parse_identifier(" for resource handle")
        if interface.lookup(key) is None:
            interface.declare_resource(key)
        self.dialect_resources.add((dialect_name, key))
        return key

    def _location(self, position: int) -> FileLineColLoc:
        line = bisect_right(self._line_starts, position)
        column = position - self._line_starts[line - 1] + 1
        return FileLineColLoc(self._name, IntAttr(line + self._line_offset), IntAttr(column))


def describe_location(location: LocationAttr) -> str | None:
    """`file:line:column`, or another kind of location as the IR prints it, or None if unknown."""
    match location:
        case UnknownLoc():
            return None
        case FileLineColLoc():
            return f"{location.filename.data}:{location.line.data}:{location.column.data}"
        case _:
            return str(location)
