"""Collects the parameters that are packed for a port, and the words at which they start."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.builder import Builder
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint

from vaqf_compiler.dialects.binvit import MemoryImageOp, PackOp


class ImageBuilder:
    """The contents of a port, filled in the order in which the engines read them."""

    def __init__(self, name: str, arguments: Sequence[SSAValue] = ()):
        """`arguments` are values other than parameters on which the contents depend: the image."""
        self.name = name
        self.words = 0
        self._block = Block(arg_types=[argument.type for argument in arguments])
        self._builder = Builder(InsertPoint.at_end(self._block))
        self._copies: dict[SSAValue, SSAValue] = dict(zip(arguments, self._block.args, strict=True))
        for argument, copy in self._copies.items():
            copy.name_hint = argument.name_hint

    def pack(self, value: SSAValue, *, rows: int, columns: int, bits: int) -> int:
        """Add a parameter, cut into tiles, and return the word at which it starts. See `PackOp`."""
        at = self.words
        op = PackOp(self._copy(value), at, rows, columns, bits)
        self._builder.insert(op)
        self.words = op.end
        return at

    def skip(self, words: int) -> None:
        """Skip words, which remain zero."""
        self.words += words

    def _copy(self, value: SSAValue) -> SSAValue:
        """A copy of a value in the memory image, computed there from the parameters."""
        if value not in self._copies:
            owner = value.owner
            assert isinstance(owner, Operation)
            operands = {operand: self._copy(operand) for operand in owner.operands}
            copy = self._builder.insert(owner.clone(operands)).results[0]
            copy.name_hint = value.name_hint
            self._copies[value] = copy
        return self._copies[value]

    def build(self) -> MemoryImageOp:
        """The operation that describes the contents."""
        return MemoryImageOp(self.name, self.words, Region(self._block))
