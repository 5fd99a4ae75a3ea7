"""
Bounds of loops: some must be known to the tool, and all must be within the range of a counter.
"""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType

from vaqf_compiler.analysis.program import Program, loop_name
from vaqf_compiler.analysis.schedule import constant, is_unrolled, trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.violation import violation

ARITHMETIC = arith.ConstantOp | arith.AddiOp | arith.SubiOp | arith.MuliOp
LAST = 2**31 - 1
"""The greatest value of a counter, which is an `int`: 32 bits in the tool and in simulation."""


def check_counters(program: Program) -> None:
    """
    Raise OperationError for a loop whose counter overflows, including the step that ends the loop,
    and for any other index that is too great.
    """
    for loop in program.loops:
        counted = [count for count in map(constant, (loop.lb, loop.ub)) if count is not None]
        tripcounts = (op for op in loop.body.block.ops if isinstance(op, vhls.LoopTripcountOp))
        first, step = constant(loop.lb), constant(loop.step)
        if first is not None and step is not None and has_constant_bounds(loop):
            counted.append(first + step * trip_count(loop))
        # Bounds that are not known are at least 0, and steps at least 1.
        counted += [(first or 0) + op.max.value.data * (step or 1) for op in tripcounts]
        for count in counted:
            if not _is_int(count):
                what = f"{loop_name(loop)} counts to {count:,}, and its counter, an int, only to "
                what += f"{LAST:,}"
                raise violation(loop, what, "make it two loops, one in the other")
    for op in program.module.walk():
        for result in op.results if isinstance(op, ARITHMETIC) else ():
            number = constant(result) if isinstance(result.type, IndexType) else None
            if number is not None and not _is_int(number):
                what = f"the index {number:,} is beyond {LAST:,}, the last of an int"
                raise violation(op, what, "make it an integer of as many bits as it needs")


def _is_int(number: int) -> bool:
    return -LAST - 1 <= number <= LAST


def check_bounds(program: Program) -> None:
    """Raise OperationError for a variable bound that the tool has to know."""
    for loop in program.loops:
        if has_constant_bounds(loop):
            continue
        what = f"{loop_name(loop)} has a variable bound"
        remedy = "give it its greatest trip count, and make what is beyond conditional"
        if is_unrolled(loop):
            raise violation(loop, f"{what}, so that it cannot be unrolled", remedy)
        if program.is_in_pipeline(loop):
            what += " and is in a pipelined loop or function, where it would have to be unrolled"
            raise violation(loop, what, remedy)
        if not any(isinstance(op, vhls.LoopTripcountOp) for op in loop.body.block.ops):
            remedy = "say with vhls.loop_tripcount what it can be"
            raise violation(loop, f"{what}, and nothing says its trip count", remedy)


def has_constant_bounds(loop: scf.ForOp) -> bool:
    """Return whether the trip count of a loop is known when the hardware is built."""
    return all(constant(bound) is not None for bound in (loop.lb, loop.ub, loop.step))
