"""
Queues: everything that is written must be read. Outside dataflow, the statements that write end
before those that read begin. (`channels` makes sure that two processes do not share a caller's
queue.)
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from xdsl.dialects import func, memref, scf
from xdsl.ir import Block, Operation, Region, SSAValue

from vaqf_compiler.analysis.program import Program, name_of
from vaqf_compiler.analysis.schedule import trip_count
from vaqf_compiler.dialects import vhls
from vaqf_compiler.hls_rules.bounds import has_constant_bounds
from vaqf_compiler.hls_rules.violation import violation

DEFAULT_DEPTH = 2
"""Depth of an hls::stream without a pragma."""


Access = type[memref.StoreOp] | type[memref.LoadOp]


class Growth(NamedTuple):
    """
    The number of elements that statements write to a queue minus the number that they read, or vice
    versa.
    """

    end: float
    """A lower bound of the difference when the statements are done."""
    most: float
    """A lower bound of the largest difference before, during or after the statements."""

    def then(self, other: Growth) -> Growth:
        """Return the growth by these statements followed by others."""
        return Growth(self.end + other.end, max(self.most, self.end + other.most))


NO_GROWTH = Growth(0, 0)


def check_queues(program: Program) -> None:
    """
    Raise OperationError for a queue in which elements remain, for one from which more elements are
    read than are written, and for one outside dataflow that has to hold more elements than its
    depth.
    """
    for op in program.module.walk():
        if not isinstance(op, memref.AllocOp | memref.AllocaOp) or not vhls.is_fifo(op.memref.type):
            continue
        assert op.parent is not None
        written = _Queue(program, memref.StoreOp).of_block(op.parent, {op.memref})
        read = _Queue(program, memref.LoadOp).of_block(op.parent, {op.memref})
        name = f"the queue {name_of(op.memref)}"
        if written.end > 0:
            what = f"{name} is left with {written.end:,} of its elements, and the next time with "
            what += "as many more"
            raise violation(op, what, "read as many as are written")
        if read.end > 0:
            what = f"reads of {name} are {read.end:,} more than writes, and wait for them"
            raise violation(op, what, "write as many as are read")
        if any(isinstance(other, vhls.DataflowOp) for other in op.parent.ops):
            continue
        if read.most > 0:
            what = f"{name} is read when it is empty, and no dataflow region writes it meanwhile"
            raise violation(op, what, "write it first, or make processes of what writes and reads")
        most, depth = written.most, _depth(op.memref, program)
        if most > depth:
            what = f"{name} has the depth {depth:,}, but {most:,} elements are written before they "
            what += "are read, since no dataflow region does both at a time"
            remedy = f"say depth = {most}, or make processes of what writes and what reads"
            raise violation(op, what, remedy)


def _depth(queue: SSAValue, program: Program) -> int:
    """Return the depth that a pragma states, in any function that the queue is passed to."""
    streams = (op for op in program.module.walk() if isinstance(op, vhls.StreamOp))
    depths = [op.depth.value.data for op in streams if queue in program.roots(op.buffer)]
    return max(depths, default=DEFAULT_DEPTH)


@dataclass(frozen=True)
class _Queue:
    """Counts the accesses of one kind minus those of the other."""

    program: Program
    counted: Access

    def of_block(self, block: Block, queue: Collection[SSAValue]) -> Growth:
        """
        Return the growth by a block; `queue` has the values that denote the queue in the block's
        function.
        """
        growth = NO_GROWTH
        for op in block.ops:
            growth = growth.then(self._of_statement(op, queue))
        return growth

    def _of_statement(self, op: Operation, queue: Collection[SSAValue]) -> Growth:
        match op:
            case memref.StoreOp() | memref.LoadOp() if op.memref in queue:
                return Growth(1, 1) if isinstance(op, self.counted) else Growth(-1, 0)
            case scf.IfOp():
                branches = [self._of_branch(r, queue) for r in (op.true_region, op.false_region)]
                return Growth(min(b.end for b in branches), min(b.most for b in branches))
            case scf.ForOp():
                return _of_loop(op, self.of_block(op.body.block, queue))
            case func.CallOp():
                callee = self.program.callee(op)
                passed = zip(callee.args, op.arguments, strict=True)
                inside = {argument for argument, operand in passed if operand in queue}
                return self.of_block(callee.body.block, inside) if inside else NO_GROWTH
            case _:
                return NO_GROWTH

    def _of_branch(self, branch: Region, queue: Collection[SSAValue]) -> Growth:
        return self.of_block(branch.block, queue) if branch.blocks else NO_GROWTH


def _of_loop(loop: scf.ForOp, body: Growth) -> Growth:
    fewest, most = _trips(loop)
    if most == 0 or body.end == 0:
        return Growth(0, body.most if fewest else 0)
    end = body.end * (fewest if body.end > 0 else most)
    return Growth(end, body.most + (fewest - 1) * max(0, body.end) if fewest else 0)


def _trips(loop: scf.ForOp) -> tuple[int, float]:
    """Return the fewest and the most iterations."""
    if has_constant_bounds(loop):
        return trip_count(loop), trip_count(loop)
    for op in loop.body.block.ops:
        if isinstance(op, vhls.LoopTripcountOp):
            return op.min.value.data, op.max.value.data
    return 0, math.inf
