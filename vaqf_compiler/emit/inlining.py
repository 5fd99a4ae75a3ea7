"""Which operations are printed inside the expression of their only user."""

from __future__ import annotations

from xdsl.dialects import arith, func, memref
from xdsl.ir import Block, Operation
from xdsl.traits import is_side_effect_free

from vaqf_compiler.emit.cpp_expression import EXPRESSIONS


def inlined_operations(block: Block) -> set[Operation]:
    """
    The operations of `block` (not of nested regions) that need no variable: constants, and pure
    operations and loads with one use, in the same block. A load stays before whatever may write
    memory between it and the statement that its value ends up in.
    """
    operations = list(block.ops)
    position = {op: index for index, op in enumerate(operations)}
    writes = [index for index, op in enumerate(operations) if _may_write(op)]
    inlined: set[Operation] = set()
    printed_at: dict[Operation, int] = {}
    for op in reversed(operations):
        printed_at[op] = position[op]
        if isinstance(op, arith.ConstantOp):
            inlined.add(op)
            continue
        if not isinstance(op, EXPRESSIONS) or len(list(op.results[0].uses)) != 1:
            continue
        (user,) = (use.operation for use in op.results[0].uses)
        if user not in position:
            continue
        end = printed_at[user]
        if isinstance(op, memref.LoadOp) and any(position[op] < w < end for w in writes):
            continue
        inlined.add(op)
        printed_at[op] = end
    return inlined


def _may_write(op: Operation) -> bool:
    if isinstance(op, memref.StoreOp | func.CallOp):
        return True
    return bool(op.regions) and not is_side_effect_free(op)
