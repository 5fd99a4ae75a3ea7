"""Shifters of one direction, with as many stages as their number has bits."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.emit.cpp_types import width_of
from vaqf_compiler.hls_rules.fixed import is_fixed
from vaqf_compiler.hls_rules.violation import violation


def check_shifts(program: Program) -> None:
    """
    Raise OperationError for a shift by neither a number that is fixed nor an integer that is
    extended by zeros, or by one with more bits than the shifted number has uses for. What may have
    a sign is built as a shifter in each direction.
    """
    for op in program.module.walk():
        if not isinstance(op, arith.ShLIOp | arith.ShRSIOp | arith.ShRUIOp):
            continue
        if is_fixed(program, op.rhs):
            continue
        bits = width_of(op.lhs.type)
        if bits is None:
            what = f"the amount {name_of(op.rhs)} of an index may be negative"
            raise violation(op, what, "shift an integer, by one that is extended with arith.extui")
        most = max(1, (bits - 1).bit_length())
        if (width := _unsigned_bits(op.rhs)) is None:
            what = f"the amount {name_of(op.rhs)} may be negative, which takes a second shifter"
            raise violation(op, what, f"extend it with arith.extui from {most} bits or fewer")
        if width > most:
            what = f"the amount {name_of(op.rhs)} has {width} bits, where {bits} places take {most}"
            raise violation(op, what, f"extend it with arith.extui from {most} bits or fewer")


def _unsigned_bits(amount: SSAValue) -> int | None:
    """The bits of a number before it is extended by zeros; None for one that is not."""
    owner = amount.owner
    return width_of(owner.input.type) if isinstance(owner, arith.ExtUIOp) else None
