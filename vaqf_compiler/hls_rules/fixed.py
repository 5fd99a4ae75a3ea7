"""What is known when the hardware is built."""

from __future__ import annotations

from xdsl.dialects import scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from vaqf_compiler.analysis.program import Program
from vaqf_compiler.hls_rules.copies import leaves_no_loop


def is_fixed(program: Program, value: SSAValue) -> bool:
    """
    Whether a value is a constant, the index of a loop that is unrolled as a whole, or computed from
    such ones.
    """
    seen: set[SSAValue] = set()
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        if isinstance(value, BlockArgument):
            loop = value.block.parent_op()
            if not isinstance(loop, scf.ForOp) or value.index or not leaves_no_loop(program, loop):
                return False
        elif isinstance(value.owner, Operation) and value.owner.dialect_name() == "arith":
            waiting += value.owner.operands
        else:
            return False
    return True
