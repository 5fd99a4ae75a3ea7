"""
Queues outside dataflow: what writes them ends before what reads them begins. (Two processes do not
share the queue of a caller, which `channels` sees to.)
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from xdsl.dialects import func, memref, scf
from xdsl.ir import Block, Operation, Region, SSAValue

from vaqf_compiler.cost.schedule import trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.bounds import has_constant_bounds
from vaqf_compiler.hls_rules.program import Program
from vaqf_compiler.hls_rules.violation import name_of, violation

DEFAULT_DEPTH = 2
"""Of an hls::stream without a pragma."""


class Growth(NamedTuple):
    """How many elements statements add to a queue, at least."""

    end: float
    """When they are done."""
    most: float
    """At a time meanwhile, or before."""

    def then(self, other: Growth) -> Growth:
        """Of these statements and those after them."""
        return Growth(self.end + other.end, max(self.most, self.end + other.most))


NO_GROWTH = Growth(0, 0)


def check_queues(program: Program) -> None:
    """Raise OperationError for a queue outside dataflow that holds more than its depth."""
    for op in program.module.walk():
        if not isinstance(op, memref.AllocOp | memref.AllocaOp) or not vhls.is_fifo(op.memref.type):
            continue
        assert op.parent is not None
        if any(isinstance(other, vhls.DataflowOp) for other in op.parent.ops):
            continue
        most, depth = _of_block(op.parent, {op.memref}, program).most, _depth(op.memref, program)
        if most > depth:
            what = f"the queue {name_of(op.memref)} has the depth {depth:,}, but {most:,} elements "
            what += "are written before they are read, since no dataflow region does both at a time"
            remedy = f"say depth = {most}, or make processes of what writes and what reads"
            raise violation(op, what, remedy)


def _depth(queue: SSAValue, program: Program) -> int:
    """What a pragma says, wherever the queue is passed to."""
    streams = (op for op in program.module.walk() if isinstance(op, vhls.StreamOp))
    depths = [op.depth.value.data for op in streams if queue in program.roots(op.buffer)]
    return max(depths, default=DEFAULT_DEPTH)


def _of_block(block: Block, queue: Collection[SSAValue], program: Program) -> Growth:
    """`queue` are the values that are the queue in the function of the block."""
    growth = NO_GROWTH
    for op in block.ops:
        growth = growth.then(_of_statement(op, queue, program))
    return growth


def _of_statement(op: Operation, queue: Collection[SSAValue], program: Program) -> Growth:
    match op:
        case memref.StoreOp() if op.memref in queue:
            return Growth(1, 1)
        case memref.LoadOp() if op.memref in queue:
            return Growth(-1, 0)
        case scf.IfOp():
            branches = [_of_branch(r, queue, program) for r in (op.true_region, op.false_region)]
            return Growth(min(b.end for b in branches), min(b.most for b in branches))
        case scf.ForOp():
            return _of_loop(op, _of_block(op.body.block, queue, program))
        case func.CallOp():
            callee = program.callee(op)
            passed = zip(callee.args, op.arguments, strict=True)
            inside = {argument for argument, operand in passed if operand in queue}
            return _of_block(callee.body.block, inside, program) if inside else NO_GROWTH
        case _:
            return NO_GROWTH


def _of_branch(branch: Region, queue: Collection[SSAValue], program: Program) -> Growth:
    return _of_block(branch.block, queue, program) if branch.blocks else NO_GROWTH


def _of_loop(loop: scf.ForOp, body: Growth) -> Growth:
    fewest, most = _trips(loop)
    if most == 0 or body.end == 0:
        return Growth(0, body.most if fewest else 0)
    end = body.end * (fewest if body.end > 0 else most)
    return Growth(end, body.most + (fewest - 1) * max(0, body.end) if fewest else 0)


def _trips(loop: scf.ForOp) -> tuple[int, float]:
    """The fewest and the most."""
    if has_constant_bounds(loop):
        return trip_count(loop), trip_count(loop)
    for op in loop.body.block.ops:
        if isinstance(op, vhls.LoopTripcountOp):
            return op.min.value.data, op.max.value.data
    return 0, math.inf
