"""Shifts must be built as shifters of one direction with no more stages than needed."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.emit.cpp_types import width_of
from vaqf_compiler.hls_rules.fixed import fixed_numbers
from vaqf_compiler.hls_rules.violation import violation

Shift = arith.ShLIOp | arith.ShRSIOp | arith.ShRUIOp
INDEX_BITS = 32
"""Bits of an index, which is an `int`."""


def check_shifts(program: Program) -> None:
    """
    Raise OperationError for a shift whose amount is neither fixed nor a zero-extended integer, or
    is extended from more bits than the shifted number needs. If the amount may be negative, the
    tool builds a shifter for each direction. Also raise it for a fixed amount that is negative or
    too great.
    """
    for op in program.module.walk():
        if not isinstance(op, Shift):
            continue
        bits = width_of(op.lhs.type)
        if (numbers := fixed_numbers(program, op, op.rhs)) is not None:
            _check_places(op, numbers, INDEX_BITS if bits is None else bits)
            continue
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


def _check_places(op: Shift, numbers: list[int], bits: int) -> None:
    """
    Raise OperationError for a fixed shift amount that is undefined in C++ for a number of `bits`
    bits.
    """
    for number in numbers:
        if not 0 <= number < bits:
            what = f"the amount {name_of(op.rhs)} is {number:,}, and {bits} bits have 0 to "
            what += f"{bits - 1} places to move"
            remedy = "shift by one of these, in every copy of an unrolled loop"
            raise violation(op, what, remedy)


def _unsigned_bits(amount: SSAValue) -> int | None:
    """Return the bits of a number before its zero extension, or None if it is not zero-extended."""
    owner = amount.owner
    return width_of(owner.input.type) if isinstance(owner, arith.ExtUIOp) else None
