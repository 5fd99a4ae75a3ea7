"""Subscripts as affine sums of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from vaqf_compiler.analysis.schedule import constant


@dataclass(frozen=True)
class Affine:
    """A constant plus a sum of values, each times a constant other than zero."""

    terms: Mapping[SSAValue, int]
    constant: int = 0

    def times(self, factor: int) -> Affine:
        """Return the product with a constant."""
        if factor == 0:
            return Affine({})
        return Affine({v: n * factor for v, n in self.terms.items()}, self.constant * factor)

    def plus(self, other: Affine) -> Affine:
        """Return the sum with another affine expression."""
        values = {**self.terms, **other.terms}
        terms = {v: self.terms.get(v, 0) + other.terms.get(v, 0) for v in values}
        return Affine({v: n for v, n in terms.items() if n}, self.constant + other.constant)

    def without(self, value: SSAValue) -> Affine:
        """Return the expression with `value` set to zero."""
        return Affine({v: n for v, n in self.terms.items() if v != value}, self.constant)

    def varies_otherwise(self, loop: scf.ForOp) -> bool:
        """
        Return whether a term other than the loop's index can change from iteration to iteration.
        """
        index = loop.body.block.args[0]
        return any(value != index and varies(value, loop) for value in self.terms)


def affine(value: SSAValue) -> Affine:
    """Return a value as an affine sum. A value that is not a sum becomes a single term."""
    return _affine(value, {})


def _affine(value: SSAValue, found: dict[SSAValue, Affine]) -> Affine:
    """Do the work of `affine`; `found` has the values that were already analysed."""
    if value not in found:
        found[value] = _sum(value, found)
    return found[value]


def _sum(value: SSAValue, found: dict[SSAValue, Affine]) -> Affine:
    match value.owner:
        case arith.ConstantOp() as op if isinstance(op.value, IntegerAttr):
            return Affine({}, op.value.value.data)
        case arith.IndexCastOp() | arith.ExtSIOp() as op:
            return _affine(op.operands[0], found)
        case arith.AddiOp() as op:
            return _affine(op.lhs, found).plus(_affine(op.rhs, found))
        case arith.SubiOp() as op:
            return _affine(op.lhs, found).plus(_affine(op.rhs, found).times(-1))
        case arith.MuliOp() as op:
            left, right = _affine(op.lhs, found), _affine(op.rhs, found)
            if not right.terms:
                return left.times(right.constant)
            if not left.terms:
                return right.times(left.constant)
        case _:
            pass
    return Affine({value: 1})


def address(indices: Sequence[SSAValue], shape: Sequence[int]) -> Affine:
    """Return the row-major offset of an element in an array of the given shape."""
    found, stride = Affine({}), 1
    for index, size in zip(reversed(indices), reversed(shape), strict=True):
        found = found.plus(affine(index).times(stride))
        stride *= size
    return found


class Unlimited(Enum):
    """Stands for a number of iterations that can be any number."""

    ANY = "any"


ANY = Unlimited.ANY


def iterations_apart(
    first: Sequence[SSAValue], second: Sequence[SSAValue], loop: scf.ForOp
) -> int | Unlimited | None:
    """
    Return after how many iterations of a loop the subscripts `second` take the values that `first`
    has now. The number may be negative. The result is None if they never take them, or if this
    cannot be decided.
    """
    index, step = loop.body.block.args[0], constant(loop.step)
    if step is None:
        return None
    numbers: set[int] = set()
    for here, there in zip(map(affine, first), map(affine, second), strict=True):
        apart = here.plus(there.times(-1))
        pace = here.terms.get(index, 0) * step
        varies = here.varies_otherwise(loop) or there.varies_otherwise(loop)
        if varies or apart.terms or (apart.constant % pace if pace else apart.constant):
            return None
        if pace:
            numbers.add(apart.constant // pace)
    if len(numbers) > 1:
        return None
    return numbers.pop() if numbers else ANY


def are_comparable(first: Sequence[SSAValue], second: Sequence[SSAValue], nest: scf.ForOp) -> bool:
    """
    Return whether an HLS tool can tell in which iterations of a loop nest two subscripts are equal.
    It can if in each dimension both are sums of a number, of counters of loops, and of terms that
    do not change within the nest and are the same in both. It also can if the two always differ in
    some dimension.
    """
    pairs = [(affine(a), affine(b)) for a, b in zip(first, second, strict=True)]
    differences = [a.plus(b.times(-1)) for a, b in pairs]
    if all(
        _is_counter(term) or (not varies(term, nest) and term not in difference.terms)
        for pair, difference in zip(pairs, differences, strict=True)
        for subscript in pair
        for term in subscript.terms
    ):
        return True
    moves = [any(varies(term, nest) for each in pair for term in each.terms) for pair in pairs]
    return any(
        each.constant and not each.terms and not moving
        for each, moving in zip(differences, moves, strict=True)
    )


def _is_counter(value: SSAValue) -> bool:
    owner = value.block.parent_op() if isinstance(value, BlockArgument) else None
    return isinstance(owner, scf.ForOp) and value is owner.body.block.args[0]


def varies(value: SSAValue, loop: scf.ForOp) -> bool:
    """Return whether a value can differ between iterations of a loop."""
    seen: set[SSAValue] = set()
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, BlockArgument):
            owner = value.block.parent_op()
            if owner is not None and (owner is loop or loop.is_ancestor(owner)):
                return True
        elif value not in seen and isinstance(value.owner, Operation):
            seen.add(value)
            if loop.is_ancestor(value.owner):
                if value.owner.dialect_name() != "arith":
                    return True
                waiting += value.owner.operands
    return False
