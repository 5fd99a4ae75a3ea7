"""
Reads and writes a part of a group of lanes that is selected at run time.

Each lane has its own memory. All subscripts of lanes are constants, so that the tool sees that no
two accesses in a cycle go to the same memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.builder import Buffer, carrying_loop, unrolled, when
from vaqf_compiler.engines.values import Number, Value, select


@dataclass(frozen=True)
class LanePart:
    """The lanes `part * size` to `part * size + size - 1` of a group of `lanes`."""

    part: Number
    size: int
    lanes: int

    @property
    def parts(self) -> int:
        """Number of parts of a group."""
        return self.lanes // self.size

    def read(self, array: Buffer, place: tuple[Number, ...], which: Value) -> Value:
        """Read the element of the part's lane `which` at a place of an array."""
        first = array[*place, which]
        if self.parts == 1:
            return first
        assert isinstance(self.part, Value)
        with carrying_loop(1, self.parts, "part", {"chosen": first}) as body:
            vhls.UnrollOp()
            other = array[*place, body.index * self.size + which]
            body.next(select(self.part.equals(body.index), other, body.carried[0]))
        return body.results[0]

    def write(self, array: Buffer, place: tuple[Number, ...], values: Buffer) -> None:
        """Store `values`, one for each lane of the part, at a place of an array."""
        if self.parts == 1:
            with unrolled(self.size, "lane") as lane:
                array[*place, lane] = values[lane]
            return
        assert isinstance(self.part, Value)
        with unrolled(self.parts, "part") as part:
            with when(self.part.equals(part)):
                with unrolled(self.size, "lane") as lane:
                    array[*place, part * self.size + lane] = values[lane]
