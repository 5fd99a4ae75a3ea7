"""Which banks and elements of arrays the accesses of a pipelined loop touch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import scf
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.analysis.affine import affine, varies
from vaqf_compiler.analysis.evaluate import Number, evaluate, whole
from vaqf_compiler.analysis.schedule import Access, constant, trip_count
from vaqf_compiler.dialects import vhls

SAMPLES = 4
"""
Iterations of each loop of a nest in which accesses are examined for elements in the same bank.
"""
MOST_SAMPLES = 1024
"""The most iterations that are examined if `thorough`."""
MOST_PLACES = 1 << 20
"""The most elements that are examined in all iterations together if `thorough`."""
UNKNOWN = 1 << 40
"""Element numbers from here on stand for subscripts that depend on data."""
ARRAY = 1 << 20
"""
Greater than the number of iterations of any nest of unrolled loops; spaces the numbers that stand
for subscripts that depend on data.
"""
MOST_NUMBER = 1 << 62
"""Limit of the numbers that fit into 64 bits with a sign."""


@dataclass(frozen=True)
class Places:
    """
    The banks and the elements in them that an access touches; each row of numbers is one place.
    """

    banks: NDArray[np.int64]
    """
    Bank numbers. Negative if the bank depends on data: -1, or a number of its own for each bank if
    the banks are at known distances from an unknown one; numbers of banks that depend on different
    data are `ARRAY` apart.
    """
    elements: NDArray[np.int64]
    """Element numbers, `UNKNOWN` or more if the element depends on data."""

    @cached_property
    def rows(self) -> frozenset[tuple[int, ...]]:
        """The places as a set of tuples: first the banks, then the elements."""
        return frozenset(map(tuple, np.concatenate([self.banks, self.elements], axis=1).tolist()))

    @property
    def are_known(self) -> bool:
        """Whether no place depends on data."""
        return bool((self.banks >= 0).all() and (self.elements < UNKNOWN).all())

    def may_meet(self, other: Places) -> bool:
        """
        Return whether both have a place in common, or may have one because some depend on data. In
        that case, they may if they can have a common subscript in each dimension.
        """
        if self.are_known and other.are_known:
            return not self.rows.isdisjoint(other.rows)
        return all(
            (mine < 0).any()
            or (theirs < 0).any()
            or (mine >= UNKNOWN).any()
            or (theirs >= UNKNOWN).any()
            or bool(np.isin(mine, theirs).any())
            for mine, theirs in zip(
                (*self.banks.T, *self.elements.T), (*other.banks.T, *other.elements.T), strict=True
            )
        )


@dataclass
class Iterations:
    """
    The iterations of a nest of loops that are flattened into one, or, without loops, the single
    execution of a block.
    """

    nest: Sequence[scf.ForOp]
    known: Mapping[SSAValue, Number]
    """The values of scalars around the nest."""
    thorough: bool = False
    """Whether all possible iterations are examined, up to `MOST_SAMPLES`."""
    _numbers: dict[Hashable, int] = field(default_factory=dict[Hashable, int])
    _found: dict[tuple[Operation, int], Places] = field(
        default_factory=dict[tuple[Operation, int], Places]
    )

    @cached_property
    def trips(self) -> float:
        """The number of iterations; infinity if it is not known."""
        bounds = [constant(v) for loop in self.nest for v in (loop.lb, loop.ub, loop.step)]
        return math.inf if None in bounds else math.prod(trip_count(loop) for loop in self.nest)

    def samples(self, accesses: Sequence[Access]) -> Sequence[int]:
        """Return the iterations in which accesses are to be examined."""
        if not self.thorough:
            return self._some
        trips = self.trips if self.trips < math.inf else self._most_trips
        indices = {loop.body.block.args[0] for loop in self.nest}
        if not any(_is_of(access.op.indices, indices) for access in accesses):
            return range(int(min(trips, 1)))
        copies = sum(math.prod(map(trip_count, access.unrolled)) for access in accesses)
        return range(int(min(trips, MOST_SAMPLES, max(2 * SAMPLES, MOST_PLACES // max(1, copies)))))

    @property
    def _most_trips(self) -> float:
        """The maximum trip count that a pragma states for a single loop; infinity without one."""
        loops = self.nest if len(self.nest) == 1 else ()
        pragmas = (op for loop in loops for op in loop.body.block.ops)
        counts = (op.max.value.data for op in pragmas if isinstance(op, vhls.LoopTripcountOp))
        return max(counts, default=math.inf) or math.inf

    @cached_property
    def _some(self) -> list[int]:
        """Iterations that cover the first `SAMPLES` iterations of each loop of the nest."""
        strides = [1]
        for loop in reversed(self.nest[1:]):
            strides.append(strides[-1] * trip_count(loop))
        found = {stride * step + step for stride in strides for step in range(SAMPLES)}
        found |= set(range(2 * SAMPLES))
        return sorted(iteration for iteration in found if iteration < self.trips)

    def _indices(self, iteration: int) -> dict[SSAValue, Number]:
        values: dict[SSAValue, Number] = {}
        for depth, loop in reversed(list(enumerate(self.nest))):
            lower, step = (whole(evaluate(v, self.known)) for v in (loop.lb, loop.step))
            position = iteration
            if depth:
                iteration, position = divmod(iteration, trip_count(loop))
            if self.thorough and (lower is None or step is None):
                continue
            values[loop.body.block.args[0]] = (lower or 0) + position * (step or 1)
        return values

    def places(self, access: Access, iteration: int) -> Places:
        """
        Return the places of an access in an iteration. Elements that depend on data are assumed to
        differ.
        """
        if self.thorough:  # There are many iterations, and each is looked up only once.
            return self._places(access, iteration)
        key = (access.op, iteration)
        if key not in self._found:
            self._found[key] = self._places(access, iteration)
        return self._found[key]

    def _places(self, access: Access, iteration: int) -> Places:
        shape = [trip_count(unrolled) for unrolled in access.unrolled]
        count = math.prod(shape)
        values = {**self.known, **self._indices(iteration)}
        for unrolled, index in zip(access.unrolled, np.indices(shape), strict=True):
            lower, step = constant(unrolled.lb), constant(unrolled.step)
            assert lower is not None and step is not None
            position = index.reshape(-1).astype(np.int64)
            values[unrolled.body.block.args[0]] = lower + step * position
        banks: list[NDArray[np.int64]] = []
        elements: list[NDArray[np.int64]] = []
        for dimension, index in enumerate(access.op.indices):
            found = evaluate(index, values)
            kind, parts = access.array.divided.get(dimension, ("none", 1))
            size = access.array.shape[dimension]
            if found is None:
                base, offset = self._apart(index, access, values)
                if kind == "none":
                    banks.append(np.zeros(count, dtype=np.int64))
                elif kind == "block" or offset is None:
                    banks.append(np.full(count, -1))
                else:
                    banks.append(-2 - base * ARRAY - np.broadcast_to(offset % parts, count))
                elements.append(UNKNOWN + base * ARRAY + np.arange(count))
                continue
            place = np.broadcast_to(np.asarray(found, dtype=np.int64), count)
            part = -(-size // parts)
            banks.append(place % parts if kind != "block" else place // part)
            elements.append(place // parts if kind != "block" else place % part)
        return Places(np.stack(banks, axis=1), np.stack(elements, axis=1))

    def _apart(
        self, index: SSAValue, access: Access, values: Mapping[SSAValue, Number]
    ) -> tuple[int, Number | None]:
        """
        Return a number that identifies the unknown part of a subscript, and the known offset that
        is added to it. The offset is None if copies of the access differ in the unknown part.
        """
        subscript = affine(index)
        known = {v: n for v in subscript.terms if (n := evaluate(v, values)) is not None}
        unknown = subscript.terms.keys() - known.keys()
        if any(varies(value, loop) for value in unknown for loop in access.unrolled):
            return self._numbers.setdefault(index, len(self._numbers)), None
        terms = frozenset((value, subscript.terms[value]) for value in unknown)
        base = self._numbers.setdefault(terms, len(self._numbers))
        offset: Number = subscript.constant
        for value, number in known.items():
            offset = offset + subscript.terms[value] * number
        return base, offset


def _is_of(values: Sequence[SSAValue], indices: Collection[SSAValue]) -> bool:
    """
    Return whether one of `values` is computed from one of `indices` by arithmetic, without loading
    anything.
    """
    seen: set[SSAValue] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if value in indices:
            return True
        if value not in seen and isinstance(value.owner, Operation):
            seen.add(value)
            waiting += value.owner.operands if value.owner.dialect_name() == "arith" else ()
    return False


def busiest(accesses: Sequence[Places]) -> int:
    """Return the most elements that are touched in one bank, counting equal elements once."""
    accesses = [each for each in accesses if len(each.banks)]
    if not accesses:
        return 0
    rows = np.concatenate([np.concatenate([a.banks, a.elements], axis=1) for a in accesses])
    banks = rows[np.unique(_numbered(rows), return_index=True)[1], : accesses[0].banks.shape[1]]
    _, first, counts = np.unique(_numbered(banks), return_index=True, return_counts=True)
    codes = banks[first]
    if (codes >= 0).all():
        return int(counts.max())
    # Banks that depend on the same data in the same dimensions conflict if they are equal. Banks
    # that depend on different data may conflict.
    data = np.where(codes < 0, -2 - (-2 - codes) // ARRAY, codes)
    fullest: dict[tuple[int, ...], int] = {}
    for row, count in zip(data, counts, strict=True):
        place = tuple(int(bank) for bank in row)
        fullest[place] = max(fullest.get(place, 0), int(count))
    busiest: dict[tuple[bool, ...], Counter[tuple[int, ...]]] = {}
    for place, count in fullest.items():
        unknown = tuple(bank < 0 for bank in place)
        certain = tuple(max(bank, -1) for bank in place)
        busiest.setdefault(unknown, Counter())[certain] += count
    return sum(max(found.values()) for found in busiest.values())


def _numbered(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Return a number for each row, equal for equal rows. Numbers are much faster to sort than rows.
    """
    least = rows.min(axis=0)
    spans = [int(span) for span in rows.max(axis=0) - least + 1]
    if math.prod(spans) > MOST_NUMBER:
        return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    strides = [math.prod(spans[column + 1 :]) for column in range(len(spans))]
    return (rows - least) @ np.array(strides, np.int64)
