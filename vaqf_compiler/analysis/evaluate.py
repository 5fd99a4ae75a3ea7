"""Evaluation of index arithmetic in the loops IR, for one or many iterations at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from vaqf_compiler.analysis.integers import width_of_integer

Number = int | NDArray[np.int64]
"""A value in one iteration, or an array of its values in many iterations."""


def _divide(a: Any, b: Any) -> Any:
    """Divide and round towards zero, as `arith.divsi` does."""
    return np.sign(a) * np.sign(b) * (abs(a) // abs(b))


def _remainder(a: Any, b: Any) -> Any:
    """Return the remainder with the sign of the dividend, as `arith.remsi` does."""
    return a - b * _divide(a, b)


OPERATIONS: Mapping[type[Operation], Callable[[Any, Any], Any]] = {
    arith.AddiOp: lambda a, b: a + b,
    arith.SubiOp: lambda a, b: a - b,
    arith.MuliOp: lambda a, b: a * b,
    arith.DivSIOp: _divide,
    arith.RemSIOp: _remainder,
    arith.MinSIOp: np.minimum,
    arith.MaxSIOp: np.maximum,
    arith.AndIOp: lambda a, b: a & b,
    arith.OrIOp: lambda a, b: a | b,
    arith.ShRSIOp: lambda a, b: a >> b,
}
COMPARISONS: tuple[Callable[[Any, Any], Any], ...] = (
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
)
"""
Comparisons in the order of MLIR's predicate numbers. The unsigned ones, from 6 on, are not needed.
"""


def evaluate(value: SSAValue, known: Mapping[SSAValue, Number]) -> Number | None:
    """
    Return the value, given the values of arguments and loop indices in `known`. The result is None
    if the value depends on data or on an argument that is not in `known`.
    """
    return _evaluate(value, {**known})


def _evaluate(value: SSAValue, found: dict[SSAValue, Number | None]) -> Number | None:
    """Return the value, and add it to `found` together with all values that it is computed from."""
    if value not in found:
        found[value] = _compute(value, found)
    return found[value]


def _compute(value: SSAValue, found: dict[SSAValue, Number | None]) -> Number | None:
    op = value.owner
    if isinstance(value, BlockArgument) or not isinstance(op, Operation):
        return None
    match op:
        case arith.ConstantOp():
            return op.value.value.data if isinstance(op.value, IntegerAttr) else None
        case arith.IndexCastOp() | arith.ExtSIOp():
            return _evaluate(op.operands[0], found)
        case arith.ExtUIOp():
            number = _evaluate(op.operands[0], found)
            return None if number is None else number % (1 << width_of_integer(op.input.type))
        case arith.SelectOp():
            condition, yes, no = (_evaluate(operand, found) for operand in op.operands)
            if condition is None or yes is None or no is None:
                return None
            return np.where(condition, yes, no)
        case arith.CmpiOp() if op.predicate.value.data < len(COMPARISONS):
            combine = COMPARISONS[op.predicate.value.data]
        case _ if type(op) in OPERATIONS:
            combine = OPERATIONS[type(op)]
        case _:
            return None
    a, b = (_evaluate(operand, found) for operand in op.operands)
    if a is None or b is None:
        return None
    if isinstance(op, arith.DivSIOp | arith.RemSIOp) and np.any(np.equal(b, 0)):
        return None
    if isinstance(op, arith.ShRSIOp) and np.any(np.less(b, 0)):
        return None
    return combine(a, b)


def arguments_of(value: SSAValue) -> set[SSAValue]:
    """Return the block arguments that a value is computed from."""
    waiting, seen = [value], {value}
    while waiting:
        if isinstance(owner := waiting.pop().owner, Operation):
            operands = set(owner.operands) - seen
            waiting.extend(operands)
            seen |= operands
    return {found for found in seen if isinstance(found, BlockArgument)}


def whole(value: Number | None) -> int | None:
    """Convert a single value to a Python integer, and leave None as it is."""
    return None if value is None else int(value)
