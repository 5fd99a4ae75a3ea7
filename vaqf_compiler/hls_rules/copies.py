"""The number of copies of hardware that unrolled loops make."""

from __future__ import annotations

import math

from xdsl.dialects import scf

from vaqf_compiler.analysis.program import Program, loop_name, loops_around
from vaqf_compiler.analysis.schedule import is_unrolled, trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.bounds import has_constant_bounds
from vaqf_compiler.hls_rules.violation import violation

MOST_COPIES = 4096
"""
The most copies of a loop's body in a function. With more, the tool stops with an error (HLS
200-1471, XFORM 203-504).
"""


def check_copies(program: Program) -> None:
    """
    Raise OperationError for a loop if unrolling makes more than `MOST_COPIES` copies of its body.
    The numbers of nested loops multiply, including loops that are unrolled because a loop around
    them is pipelined.
    """
    for loop in program.loops:
        nest = [loop, *loops_around(loop)]
        factors = [count for level in reversed(nest) if (count := copies(program, level)) > 1]
        made = math.prod(factors)
        if made > MOST_COPIES:
            each = " x ".join(f"{factor:,}" for factor in factors)
            what = f"{made:,} copies of the body of {loop_name(loop)} ({each}), more than "
            what += f"{MOST_COPIES:,}"
            raise violation(loop, what, "unroll less, or make the body of an outer loop a function")


def copies(program: Program, loop: scf.ForOp) -> int:
    """Return the number of iterations of a loop that have hardware of their own."""
    if is_unrolled(loop) or (program.is_in_pipeline(loop) and has_constant_bounds(loop)):
        return trip_count(loop)
    for op in loop.body.block.ops:
        if isinstance(op, vhls.UnrollOp) and op.factor is not None:
            factor = op.factor.value.data
            return min(factor, trip_count(loop)) if has_constant_bounds(loop) else factor
    return 1


def leaves_no_loop(program: Program, loop: scf.ForOp) -> bool:
    """
    Return whether a loop is fully unrolled: by a pragma, by its factor, or by a pipeline around it.
    """
    asked = any(isinstance(op, vhls.UnrollOp) for op in loop.body.block.ops)
    if not (asked or program.is_in_pipeline(loop)) or not has_constant_bounds(loop):
        return False
    return copies(program, loop) >= trip_count(loop)
