"""Pragmas that divide arrays or bind them to memories."""

from __future__ import annotations

import math
from collections import defaultdict

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.violation import violation

MOST_PIECES = 1024
"""The most pieces of an array. With more, the tool stops with an error (XFORM 203-103)."""

Layout = vhls.ArrayPartitionOp | vhls.ArrayReshapeOp


def check_layouts_of_ports(program: Program) -> None:
    """Raise OperationError for an m_axi port that is divided or bound."""
    for op in program.module.walk():
        if not isinstance(op, Layout | vhls.BindStorageOp):
            continue
        for port in program.ports(op.buffer):
            what = f"{name_of(op.buffer)} is the m_axi port {name_of(port)}, which is no memory"
            raise violation(op, what, "copy what is needed to an array of the function first")


def check_layouts_of_queues(program: Program) -> None:
    """Raise OperationError for a queue that is divided or bound as if it were a memory."""
    for op in program.module.walk():
        if isinstance(op, Layout | vhls.BindStorageOp) and vhls.is_fifo(op.buffer.type):
            what = f"{name_of(op.buffer)} is a queue, which has no elements at places of their own"
            raise violation(op, what, "use several queues; vhls.stream says how long one is")


def check_pieces(program: Program) -> None:
    """Raise OperationError for an array in more than `MOST_PIECES` memories or registers."""
    parts: defaultdict[SSAValue, dict[int, int]] = defaultdict(dict)
    for op in program.module.walk():
        if not isinstance(op, vhls.ArrayPartitionOp):
            continue
        parts[op.buffer][op.dim.value.data] = _parts(op)
        if (pieces := math.prod(parts[op.buffer].values())) > MOST_PIECES:
            what = f"the array {name_of(op.buffer)} falls into {pieces:,} pieces, more than "
            what += f"{MOST_PIECES:,}"
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


def check_layouts_of_arguments(program: Program) -> None:
    """
    Raise OperationError for a division of an argument. It must be stated where the array is
    allocated, and applies wherever the array is passed to.
    """
    for op in program.module.walk():
        if isinstance(op, Layout) and program.roots(op.buffer) != frozenset({op.buffer}):
            what = f"{name_of(op.buffer)} is an argument, of an array that is allocated elsewhere"
            raise violation(op, what, "divide the array where it is allocated")


def check_layouts_of_one(program: Program) -> None:
    """Raise OperationError for a pragma that leaves a dimension in one piece."""
    for op in program.module.walk():
        if isinstance(op, Layout) and _parts(op) == 1:
            what = f"dimension {op.dim.value.data} of {name_of(op.buffer)} is divided into one part"
            raise violation(op, what, "remove the pragma, which says nothing")


def _parts(op: Layout) -> int:
    if op.factor is not None:
        return op.factor.value.data
    assert isa(op.buffer.type, MemRefType[Attribute])
    return op.buffer.type.get_shape()[op.dim.value.data - 1]
