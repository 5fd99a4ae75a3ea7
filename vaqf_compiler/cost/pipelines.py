"""
Depth and initiation interval of pipelined loops.

The interval is what the pragma asks for, or more: where a bank of memory has too few ports, where
a port of external memory delivers a word a cycle, and where an iteration waits for a result of an
earlier one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import func, memref, scf
from xdsl.ir import Operation, SSAValue

from vaqf_compiler.cost.affine import affine, varies
from vaqf_compiler.cost.arrays import Array, Arrays, Storage
from vaqf_compiler.cost.evaluate import Number, evaluate, whole
from vaqf_compiler.cost.schedule import (
    START,
    Access,
    Clock,
    Schedule,
    Time,
    constant,
    trip_count,
)
from vaqf_compiler.dialects import vhls

SAMPLES = 4
"""Iterations of each loop of a nest that are looked at for elements in the same bank."""
UNKNOWN = 1 << 40
"""Elements from here on are at indices that depend on data."""
ARRAY = 1 << 20
"""Iterations of unrolled loops are fewer."""
MOST_NUMBER = 1 << 62
"""Of 64 bits with a sign."""
BANK_PORTS = 2
"""Of a block RAM: both read, one writes."""


@dataclass(frozen=True)
class Pipeline:
    """How a pipelined loop runs."""

    depth: int
    """Cycles of an iteration."""
    interval: int
    """Cycles between the starts of two iterations."""
    limit: str
    """What keeps the interval from being less."""

    def cycles(self, trips: int) -> int:
        """Cycles of all iterations."""
        return self.depth + (trips - 1) * self.interval if trips else 0


@dataclass(frozen=True)
class Places:
    """Banks and elements of them, a row of numbers for each place that an access touches."""

    banks: NDArray[np.int64]
    """
    Negative where it depends on data: -1, or where banks are apart by known numbers from one that
    is not known, a number of its own for each, `ARRAY` below those that depend on something else.
    """
    elements: NDArray[np.int64]
    """`UNKNOWN` or more where it depends on data."""

    @cached_property
    def rows(self) -> frozenset[tuple[int, ...]]:
        """The places."""
        return frozenset(map(tuple, np.concatenate([self.banks, self.elements], axis=1).tolist()))

    @property
    def are_known(self) -> bool:
        """Whether none depends on data."""
        return bool((self.banks >= 0).all() and (self.elements < UNKNOWN).all())

    def may_meet(self, other: Places) -> bool:
        """
        Whether both have a place in common, or may have where some depend on data: then all
        dimensions must have a common subscript.
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
    """The iterations of a nest of loops that are flattened to one; of a block, without loops."""

    nest: Sequence[scf.ForOp]
    known: Mapping[SSAValue, Number]
    """The scalars around it."""
    _numbers: dict[Hashable, int] = field(default_factory=dict[Hashable, int])
    _found: dict[tuple[Operation, int], Places] = field(
        default_factory=dict[tuple[Operation, int], Places]
    )

    @cached_property
    def trips(self) -> float:
        """How many there are; infinitely many where that is not known."""
        bounds = [constant(v) for loop in self.nest for v in (loop.lb, loop.ub, loop.step)]
        return math.inf if None in bounds else math.prod(trip_count(loop) for loop in self.nest)

    @cached_property
    def samples(self) -> list[int]:
        """Some iterations, in which each loop is at several of its own."""
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
            values[loop.body.block.args[0]] = (lower or 0) + position * (step or 1)
        return values

    def places(self, access: Access, iteration: int) -> Places:
        """Where an access is in an iteration. Elements that depend on data are taken to differ."""
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
        A number for what is not known of a subscript, and what is known to be added to that; None
        where copies of the access differ in what is not known.
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


def analyse_pipeline(
    nest: Sequence[scf.ForOp],
    arrays: Arrays,
    clock: Clock,
    bytes_per_cycle: float,
    known: Mapping[SSAValue, Number],
) -> Pipeline:
    """
    How the last loop of a flattened nest runs; `known` has the scalars around the nest. External
    memory moves `bytes_per_cycle`. Raises OperationError for a loop that cannot be pipelined.
    """
    loop = nest[-1]
    iterations = Iterations(nest, known)
    schedule = _scheduled(loop, arrays, clock, {})
    accesses = list(schedule.accesses.values())
    pragma = next(op for op in loop.body.block.ops if isinstance(op, vhls.PipelineOp))
    limits = [(pragma.ii.value.data, "the pragma")]
    limits += _port_limits(accesses, iterations, clock, bytes_per_cycle)
    handed: dict[SSAValue, float] = {}
    for mine in _by_array(a for a in accesses if not _is_inside(a.array, loop)):
        interval, is_handed = _dependence_interval(mine, iterations, clock, arrays)
        limits.append((interval, f"the next iteration needs {_name(mine)}"))
        if is_handed:
            array = mine[0].array
            handed[array.root] = given_distance(array, loop, arrays) or 1
    limits.append((_carried_interval(loop, clock, arrays), "a value that iterations carry"))
    interval, limit = max(limits, key=lambda found: found[0])
    if handed:
        schedule = handing_over(loop, arrays, clock, handed, interval)
    return Pipeline(max(1, schedule.finish.cycles), interval, limit)


def handing_over(
    loop: scf.ForOp,
    arrays: Arrays,
    clock: Clock,
    handed: Mapping[SSAValue, float],
    interval: int,
    written: Mapping[SSAValue, Time] = MappingProxyType({}),
) -> Schedule:
    """
    The schedule of an iteration, one of which starts each `interval` cycles, and which reads from
    some arrays what one wrote so many iterations before; `written` says when others have what it
    reads from them. It is that much behind, and so is what it hands over itself; no array is handed
    over in a circle.
    """
    schedule = _scheduled(loop, arrays, clock, written)
    before: dict[SSAValue, Time] = {}
    for _ in handed:
        later = {
            root: Time(max(0, schedule.written[root].cycles - int(interval * distance)))
            for root, distance in handed.items()
        }
        if later == before:
            break
        before = later
        schedule = _scheduled(loop, arrays, clock, {**written, **before})
    return schedule


def _scheduled(
    owner: scf.ForOp | func.FuncOp,
    arrays: Arrays,
    clock: Clock,
    written: Mapping[SSAValue, Time],
) -> Schedule:
    """The schedule of a body, where arrays have been written to at a time before."""
    schedule = Schedule(clock, arrays, written={**written})
    schedule.block(owner.body.block)
    return schedule


def waiting_cycles(
    accesses: Sequence[Access],
    clock: Clock,
    bytes_per_cycle: float,
    known: Mapping[SSAValue, Number],
) -> int:
    """Cycles by which ports hold up statements that are in no pipelined loop."""
    limits = _port_limits(accesses, Iterations((), known), clock, bytes_per_cycle)
    return max(interval for interval, _ in limits) - 1


def port_interval(
    pipeline: scf.ForOp | func.FuncOp,
    arrays: Arrays,
    clock: Clock,
    known: Mapping[SSAValue, Number],
) -> tuple[int, str]:
    """
    The interval of a loop or function that ports alone ask for, however little external memory
    delivers, and which ones; `known` has the scalars around it.
    """
    accesses = list(_scheduled(pipeline, arrays, clock, {}).accesses.values())
    nest = [pipeline] if isinstance(pipeline, scf.ForOp) else []
    limits = _port_limits(accesses, Iterations(nest, known), clock, math.inf)
    return max(limits, key=lambda found: found[0])


def _by_array(accesses: Iterable[Access]) -> list[list[Access]]:
    found: dict[SSAValue, list[Access]] = {}
    for access in accesses:
        found.setdefault(access.array.root, []).append(access)
    return list(found.values())


def _name(accesses: Sequence[Access]) -> str:
    return accesses[0].array.root.name_hint or "an array"


def _is_inside(array: Array, loop: scf.ForOp) -> bool:
    """Whether each iteration has an array of its own."""
    owner = array.root.owner
    return isinstance(owner, memref.AllocaOp) and loop.is_ancestor(owner)


def _port_limits(
    accesses: Sequence[Access], iterations: Iterations, clock: Clock, bytes_per_cycle: float
) -> list[tuple[int, str]]:
    """Intervals that ports ask for, and which ones."""
    limits = [(1, "no port")]
    transferred = 0.0
    for mine in _by_array(accesses):
        array = mine[0].array
        if array.storage not in (Storage.PORT, Storage.FIFO, Storage.BANKS):
            continue
        reads, writes = (
            max(_busiest(places) for places in _samples(mine, kind, iterations))
            for kind in (memref.LoadOp, memref.StoreOp)
        )
        if array.storage is Storage.PORT:
            transferred += (reads + writes) * array.bits / 8
            interval = max(reads, writes) * -(-array.bits // clock.port_bits)
        elif array.storage is Storage.FIFO:
            interval = max(reads, writes)
        else:
            interval = _bank_interval(array, reads, writes)
        limits.append((interval, f"ports of {_name(mine)}"))
    limits.append((math.ceil(transferred / bytes_per_cycle), "external memory"))
    return limits


def _samples(
    accesses: Sequence[Access], kind: type[memref.LoadOp | memref.StoreOp], iterations: Iterations
) -> Iterable[list[Places]]:
    for iteration in iterations.samples:
        yield [iterations.places(a, iteration) for a in accesses if type(a.op) is kind]


def _bank_interval(array: Array, reads: int, writes: int) -> int:
    """Cycles for the accesses of the busiest bank."""
    match array.memory:
        case "ram_1p" | "rom_1p":
            return reads + writes
        case "ram_s2p":
            return max(reads, writes)
        case _:
            return max(writes, -(-(reads + writes) // BANK_PORTS))


def _busiest(accesses: Sequence[Places]) -> int:
    """The most elements that are touched in a bank; equal ones are touched once."""
    if not accesses:
        return 0
    rows = np.concatenate([np.concatenate([a.banks, a.elements], axis=1) for a in accesses])
    banks = rows[np.unique(_numbered(rows), return_index=True)[1], : accesses[0].banks.shape[1]]
    _, first, counts = np.unique(_numbered(banks), return_index=True, return_counts=True)
    codes = banks[first]
    if (codes >= 0).all():
        return int(counts.max())
    # Those that depend on the same data in the same dimensions meet if they are equal; with those
    # that depend on other data they may.
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
    """A number for each row, equal for equal rows: much faster to sort than rows are."""
    least = rows.min(axis=0)
    spans = [int(span) for span in rows.max(axis=0) - least + 1]
    if math.prod(spans) > MOST_NUMBER:
        return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    strides = [math.prod(spans[column + 1 :]) for column in range(len(spans))]
    return (rows - least) @ np.array(strides, np.int64)


def _dependence_interval(
    accesses: Sequence[Access], iterations: Iterations, clock: Clock, arrays: Arrays
) -> tuple[int, bool]:
    """
    Cycles that a read waits for a write of an earlier iteration that waits for it in turn, and
    whether one only hands something over to the next.
    """
    array, loop = accesses[0].array, iterations.nest[-1]
    given = given_distance(array, loop, arrays)
    if len({type(access.op) for access in accesses}) < 2 or given == math.inf:
        return 1, False
    match array.storage:
        case Storage.REGISTERS:
            memory = 0
        case Storage.PORT:
            memory = 2 * clock.port_cycles
        case _:
            memory = array.read_cycles + 1
    worst, is_handed = 1, False
    for read in accesses:
        if not isinstance(read.op, memref.LoadOp):
            continue
        path = Schedule(clock, arrays, {read.op.res: START}, only=True)
        path.block(loop.body.block)
        for write in (access for access in accesses if isinstance(access.op, memref.StoreOp)):
            if (end := path.accesses.get(write.op)) is None:
                next_one = _distance(read, write, iterations, 2) is not None
                is_handed = is_handed or given is not None or next_one
                continue
            cycles = end.at.cycles + memory
            if distance := given or _distance(read, write, iterations, cycles):
                worst = max(worst, math.ceil(cycles / distance))
    return worst, is_handed


def given_distance(array: Array, loop: scf.ForOp, arrays: Arrays) -> float | None:
    """
    After how many iterations at the earliest, by a pragma, something is read that was written to an
    array: infinitely many if none depends on another.
    """
    for op in loop.body.block.ops:
        if (
            isinstance(op, vhls.DependenceOp)
            and op.kind.data == "inter"
            and arrays.of(op.buffer) is array
        ):
            return math.inf if op.distance is None else op.distance.value.data
    return None


def _distance(read: Access, write: Access, iterations: Iterations, farthest: int) -> int | None:
    """After how many iterations an element that is written is read, if within `farthest`."""
    if iterations.trips < 2:
        return None
    found = (
        distance
        for distance in range(1, farthest)
        for first in iterations.samples
        if first + distance < iterations.trips
        and iterations.places(write, first).may_meet(iterations.places(read, first + distance))
    )
    return next(found, None)


def _carried_interval(loop: scf.ForOp, clock: Clock, arrays: Arrays) -> int:
    """Cycles from a carried value to the one of the next iteration."""
    last = loop.body.block.last_op
    assert isinstance(last, scf.YieldOp)
    worst = 1
    for argument in loop.body.block.args[1:]:
        path = Schedule(clock, arrays, {argument: START}, only=True)
        path.block(loop.body.block)
        for value in last.arguments:
            if (end := path.time(value)) is not None:
                worst = max(worst, end.cycles)
    return worst
