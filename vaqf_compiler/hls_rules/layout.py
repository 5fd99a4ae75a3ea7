"""Pragmas that divide arrays or bind them to memories."""

from __future__ import annotations

from collections import defaultdict

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.program import Program
from vaqf_compiler.hls_rules.violation import name_of, violation

MOST_PIECES = 1024
"""Of an array; the tool stops with an error beyond (XFORM 203-103)."""

Layout = vhls.ArrayPartitionOp | vhls.ArrayReshapeOp


def check_layouts_of_ports(program: Program) -> None:
    """Raise OperationError for an array that is divided, or bound, and is an m_axi port."""
    for op in program.module.walk():
        if not isinstance(op, Layout | vhls.BindStorageOp):
            continue
        for port in program.ports(op.buffer):
            what = f"{name_of(op.buffer)} is the m_axi port {name_of(port)}, which is no memory"
            raise violation(op, what, "copy what is needed to an array of the function first")


def check_pieces(program: Program) -> None:
    """Raise OperationError for an array in more than `MOST_PIECES` memories or registers."""
    pieces: defaultdict[SSAValue, int] = defaultdict(lambda: 1)
    for op in program.module.walk():
        if isinstance(op, vhls.ArrayPartitionOp):
            pieces[op.buffer] *= _parts(op)
            if pieces[op.buffer] > MOST_PIECES:
                what = (
                    f"the array {name_of(op.buffer)} falls into {pieces[op.buffer]:,} pieces, more "
                    f"than {MOST_PIECES:,}"
                )
                raise violation(op, what, "divide it by less, or reshape it into wider words")


def check_layout_conflicts(program: Program) -> None:
    """Raise OperationError for a dimension that two pragmas divide."""
    divided: set[tuple[SSAValue, int]] = set()
    for op in program.module.walk():
        if isinstance(op, Layout):
            place = (op.buffer, op.dim.value.data)
            if place in divided:
                what = f"dimension {place[1]} of {name_of(op.buffer)} is divided already"
                raise violation(op, what, "keep one of the two pragmas")
            divided.add(place)


def _parts(op: vhls.ArrayPartitionOp) -> int:
    if op.factor is not None:
        return op.factor.value.data
    assert isa(op.buffer.type, MemRefType[Attribute])
    return op.buffer.type.get_shape()[op.dim.value.data - 1]
