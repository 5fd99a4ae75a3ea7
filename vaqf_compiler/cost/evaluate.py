"""The values of index arithmetic in the loops IR, for one or many iterations at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

Number = int | NDArray[np.int64]
"""A value, or its values in many iterations."""


def _divide(a: Any, b: Any) -> Any:
    """Rounds towards zero, as `arith.divsi` does; operands here are never negative."""
    return a // b


OPERATIONS: Mapping[type[Operation], Callable[[Any, Any], Any]] = {
    arith.AddiOp: lambda a, b: a + b,
    arith.SubiOp: lambda a, b: a - b,
    arith.MuliOp: lambda a, b: a * b,
    arith.DivSIOp: _divide,
    arith.RemSIOp: lambda a, b: a % b,
    arith.MinSIOp: np.minimum,
    arith.MaxSIOp: np.maximum,
    arith.AndIOp: lambda a, b: a & b,
    arith.OrIOp: lambda a, b: a | b,
}
COMPARISONS: tuple[Callable[[Any, Any], Any], ...] = (
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
)
"""By MLIR's predicate number; the unsigned ones, from 6 on, are not needed."""


def evaluate(value: SSAValue, known: Mapping[SSAValue, Number]) -> Number | None:
    """
    The value, given those of arguments and loop indices; None where it depends on data or on an
    argument that is not known.
    """
    if value in known:
        return known[value]
    op = value.owner
    if isinstance(value, BlockArgument) or not isinstance(op, Operation):
        return None
    match op:
        case arith.ConstantOp():
            return op.value.value.data if isinstance(op.value, IntegerAttr) else None
        case arith.IndexCastOp() | arith.ExtSIOp():
            return evaluate(op.operands[0], known)
        case arith.CmpiOp() if op.predicate.value.data < len(COMPARISONS):
            combine = COMPARISONS[op.predicate.value.data]
        case _ if type(op) in OPERATIONS:
            combine = OPERATIONS[type(op)]
        case _:
            return None
    a, b = (evaluate(operand, known) for operand in op.operands)
    return None if a is None or b is None else combine(a, b)


def arguments_of(value: SSAValue) -> set[SSAValue]:
    """The block arguments that a value is computed from."""
    if isinstance(value, BlockArgument):
        return {value}
    assert isinstance(value.owner, Operation)
    return set[SSAValue]().union(*(arguments_of(operand) for operand in value.owner.operands))


def whole(value: Number | None) -> int | None:
    """A single value as a Python integer."""
    return None if value is None else int(value)
