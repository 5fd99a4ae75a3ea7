"""Values that are known when the hardware is built."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from xdsl.dialects import scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from vaqf_compiler.analysis.evaluate import Number, arguments_of, evaluate
from vaqf_compiler.analysis.program import Program, ancestors
from vaqf_compiler.analysis.schedule import constant, trip_count
from vaqf_compiler.hls_rules.copies import leaves_no_loop


def is_fixed(program: Program, value: SSAValue) -> bool:
    """
    Return whether a value is a constant, the index of a fully unrolled loop, or computed from such
    values.
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


def fixed_numbers(program: Program, op: Operation, value: SSAValue) -> list[int] | None:
    """
    Return the values of an operand in all copies of an operation that unrolling makes, except for
    copies whose condition is known to be false. The result is None if the operand is not fixed, or
    if its computation is not supported by `evaluate`.
    """
    conditions = list(_conditions(op))
    asked = arguments_of(value).union(*(arguments_of(condition) for condition, _ in conditions))
    known = _copies([argument for argument in asked if is_fixed(program, argument)])
    numbers = evaluate(value, known)
    if numbers is None:
        return None
    runs: Number = np.array(True)
    for condition, wanted in conditions:
        if (is_true := evaluate(condition, known)) is not None:
            runs = runs & np.equal(np.not_equal(is_true, 0), wanted)
    every, runs = np.broadcast_arrays(np.array(numbers, dtype=object), runs)
    return [int(number) for number in every[runs].flat]


def _conditions(op: Operation) -> Iterator[tuple[SSAValue, bool]]:
    """
    Yield the conditions around an operation, each with whether the operation runs if it is true.
    """
    inner = op
    for parent in ancestors(op):
        if isinstance(parent, scf.IfOp):
            yield parent.cond, inner.parent_region() is parent.true_region
        inner = parent


def _copies(indices: list[SSAValue]) -> dict[SSAValue, Number]:
    """
    Return the values of indices of unrolled loops in all copies, as Python integers of any size.
    """
    ranges: list[range] = []
    for index in indices:
        loop = index.owner.parent_op() if isinstance(index, BlockArgument) else None
        assert isinstance(loop, scf.ForOp)
        first, step = constant(loop.lb), constant(loop.step)
        assert first is not None and step is not None
        ranges.append(range(first, first + step * trip_count(loop), step))
    copies = list(itertools.product(*ranges))
    return {
        index: np.array([copy[position] for copy in copies], dtype=object)
        for position, index in enumerate(indices)
    }
