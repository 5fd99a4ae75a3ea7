"""Looking into the accelerator while it is simulated."""

from __future__ import annotations

import re

from xdsl.dialects.builtin import I64, IntegerAttr, MemRefType, StringAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, base, irdl_op_definition, operand_def, prop_def
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from vaqf_compiler.dialects.vhls.pragma import check_positive


@irdl_op_definition
class TraceOp(IRDLOperation):
    """
    What a layer has just written: `tokens x channels` elements of a memory of rows x width x
    lanes, from `row` on; each token takes whole rows. Simulation can write them to a file,
    synthesis sees nothing.
    """

    name = "vhls.trace"

    layer = prop_def(StringAttr)
    memory = operand_def(base(MemRefType))
    row = prop_def(IntegerAttr[I64])
    tokens = prop_def(IntegerAttr[I64])
    channels = prop_def(IntegerAttr[I64])

    assembly_format = (
        "$layer $memory `row` $row `tokens` $tokens `channels` $channels attr-dict `:` "
        "type($memory)"
    )

    def __init__(self, layer: str, memory: SSAValue, row: int, tokens: int, channels: int):
        super().__init__(
            operands=[memory],
            properties={
                "layer": StringAttr(layer),
                "row": IntegerAttr(row, i64),
                "tokens": IntegerAttr(tokens, i64),
                "channels": IntegerAttr(channels, i64),
            },
        )

    @property
    def memory_type(self) -> MemRefType[Attribute]:
        """The type of the memory."""
        assert isa(self.memory.type, MemRefType[Attribute])
        return self.memory.type

    @property
    def rows(self) -> int:
        """How many rows of the memory each token takes."""
        _, width, lanes = self.memory_type.get_shape()
        return -(-self.channels.value.data // (width * lanes))

    def verify_(self) -> None:
        if not re.fullmatch(r"[\w.-]+", self.layer.data):
            raise VerifyException(
                f"layer must be usable as the name of a file, got '{self.layer.data}'"
            )
        if self.memory_type.get_num_dims() != 3:
            raise VerifyException("the memory must be rows x width x lanes")
        check_positive("tokens", self.tokens)
        check_positive("channels", self.channels)
        first, last = self.row.value.data, self.row.value.data + self.tokens.value.data * self.rows
        available = self.memory_type.get_shape()[0]
        if first < 0 or last > available:
            raise VerifyException(f"rows {first} to {last} are not in a memory of {available}")
