"""The choice of operations that are printed inside the expression of their only user."""

from __future__ import annotations

from xdsl.dialects import arith, memref, scf
from xdsl.ir import Block, Operation, Use

from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.expressions import EXPRESSIONS


def inlined_operations(block: Block) -> set[Operation]:
    """
    Return the operations of `block`, not of nested regions, that get no variable.

    These are constants, unused operations, and unnamed pure operations and loads whose only use is
    in the same block. A load is not moved past an operation that may write memory, nor into the
    header of a loop, which is evaluated many times. An operation that takes an element from a queue
    is a statement of its own.
    """
    operations = list(block.ops)
    position = {op: index for index, op in enumerate(operations)}
    writes = [index for index, op in enumerate(operations) if _may_write(op)]
    inlined: set[Operation] = set()
    dead: set[Operation] = set()
    statement = {op: Use(op, 0) for op in operations}
    for op in reversed(operations):
        if not isinstance(op, EXPRESSIONS) or _takes(op):
            continue
        uses = [use for use in op.results[0].uses if use.operation not in dead]
        if not uses:
            dead.add(op)
        if not uses or isinstance(op, arith.ConstantOp):
            inlined.add(op)
            continue
        user = uses[0].operation
        named = op.results[0].name_hint is not None
        if named or len(uses) > 1 or user not in position or isinstance(user, vhls.PragmaOp):
            continue
        target = statement[user] if isinstance(user, EXPRESSIONS) else uses[0]
        if isinstance(op, memref.LoadOp) and (
            _is_repeated(target)
            or any(position[op] < write < position[target.operation] for write in writes)
        ):
            continue
        inlined.add(op)
        statement[op] = target
    return inlined


def _is_repeated(use: Use) -> bool:
    """Return whether a use is the upper bound or the step of a loop."""
    return isinstance(use.operation, scf.ForOp) and use.index in (1, 2)


def _takes(op: Operation) -> bool:
    """Return whether an operation takes an element from a queue."""
    return isinstance(op, memref.LoadOp) and vhls.is_fifo(op.memref.type)


def _may_write(op: Operation) -> bool:
    harmless = (*EXPRESSIONS, vhls.PragmaOp, vhls.CommentOp, memref.AllocOp, memref.AllocaOp)
    return not isinstance(op, harmless)
