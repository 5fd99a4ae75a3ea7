"""Dividers in pipelines."""

from __future__ import annotations

from xdsl.dialects import arith

from vaqf_compiler.analysis.delays import bits_of, is_power_of_two
from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.hls_rules.fixed import fixed_numbers, is_fixed
from vaqf_compiler.hls_rules.violation import violation

WIDEST = 8
"""
The most bits that may be divided in a pipeline. Wider dividers have more stages than anything else
in a loop.
"""


def check_dividers(program: Program) -> None:
    """
    Raise OperationError for a quotient or remainder of more than `WIDEST` bits in a pipelined loop
    or function, unless the divisor is a power of two: the tool builds a stage for each bit, even
    for other constant divisors. Also raise it for a division by zero anywhere.
    """
    for op in program.module.walk():
        if not isinstance(op, arith.DivSIOp | arith.RemSIOp | arith.DivUIOp | arith.RemUIOp):
            continue
        if 0 in (fixed_numbers(program, op, op.rhs) or ()):
            what = f"the divisor {name_of(op.rhs)} is 0"
            raise violation(op, what, "divide by another number, in every copy of an unrolled loop")
        bits = bits_of(op.result)
        if bits <= WIDEST or is_power_of_two(op.rhs) or not program.is_in_pipeline(op):
            continue
        if all(is_fixed(program, operand) for operand in op.operands):
            continue
        what = f"{bits} bits are divided in a pipeline by no power of two, in a stage for each"
        remedy = f"multiply with the reciprocal and shift, or count, or divide {WIDEST} bits"
        raise violation(op, what, remedy)
