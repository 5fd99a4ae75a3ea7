"""
Depth and initiation interval of pipelined loops.

The interval is what the pragma asks for, or more: where a bank of memory has too few ports, where
a port of external memory delivers a word a cycle, and where an iteration waits for a result of an
earlier one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import memref, scf
from xdsl.ir import SSAValue

from vaqf_compiler.cost.arrays import Array, Arrays, Storage
from vaqf_compiler.cost.delays import BRAM_CYCLES
from vaqf_compiler.cost.evaluate import Number, evaluate
from vaqf_compiler.cost.schedule import START, Access, Clock, Schedule, trip_count
from vaqf_compiler.dialects import vhls

FARTHEST = 8
"""Iterations that a dependence through an array is looked for over."""
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


def analyse_pipeline(
    loop: scf.ForOp,
    arrays: Arrays,
    clock: Clock,
    bytes_per_cycle: float,
    known: Mapping[SSAValue, Number],
) -> Pipeline:
    """
    How `loop` runs; `known` has the scalars around it. External memory moves `bytes_per_cycle`.
    Raises OperationError for a loop that cannot be pipelined.
    """
    schedule = Schedule(clock, arrays)
    schedule.block(loop.body.block)
    pragma = next(op for op in loop.body.block.ops if isinstance(op, vhls.PipelineOp))
    limits = [(pragma.ii.value.data, "the pragma")]
    accesses = [a for a in schedule.accesses.values() if not _is_inside(a.array, loop)]
    for array in {access.array.root: access.array for access in accesses}.values():
        mine = [access for access in accesses if access.array is array]
        name = array.root.name_hint or "an array"
        limits.append((_port_interval(mine, loop, known, bytes_per_cycle), f"ports of {name}"))
        interval = _dependence_interval(mine, loop, known, clock, arrays)
        limits.append((interval, f"the next iteration needs {name}"))
    limits.append((_carried_interval(loop, clock, arrays), "a value that iterations carry"))
    interval, limit = max(limits, key=lambda found: found[0])
    return Pipeline(max(1, schedule.finish.cycles), interval, limit)


def _is_inside(array: Array, loop: scf.ForOp) -> bool:
    """Whether each iteration has an array of its own."""
    owner = array.root.owner
    return isinstance(owner, memref.AllocaOp) and loop.is_ancestor(owner)


def _places(
    access: Access, loop: scf.ForOp, known: Mapping[SSAValue, Number], iteration: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Banks and elements, a row of numbers for each, that an access touches in an iteration; -1 for
    a bank that depends on data. Elements that depend on data are taken to differ.
    """
    shape = [trip_count(unrolled) for unrolled in access.unrolled]
    count = math.prod(shape)
    values: dict[SSAValue, Number] = {**known}
    lower = evaluate(loop.lb, known)
    values[loop.body.block.args[0]] = (0 if lower is None else lower) + iteration
    for unrolled, index in zip(access.unrolled, np.indices(shape), strict=True):
        values[unrolled.body.block.args[0]] = index.reshape(-1).astype(np.int64)
    banks: list[NDArray[np.int64]] = []
    elements: list[NDArray[np.int64]] = []
    for dimension, index in enumerate(access.op.indices):
        found = evaluate(index, values)
        kind, parts = access.array.divided.get(dimension, ("none", 1))
        size = access.array.shape[dimension]
        if found is None:
            banks.append(np.full(count, 0 if kind == "none" else -1))
            elements.append(np.arange(count))
            continue
        place = np.broadcast_to(np.asarray(found, dtype=np.int64), count)
        part = -(-size // parts)
        banks.append(place % parts if kind != "block" else place // part)
        elements.append(place // parts if kind != "block" else place % part)
    return np.stack(banks, axis=1), np.stack(elements, axis=1)


def _busiest(accesses: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> int:
    """The most elements that are touched in a bank; equal ones are touched once."""
    pairs = list(accesses)
    if not pairs:
        return 0
    rows = np.concatenate([np.concatenate(pair, axis=1) for pair in pairs])
    banks = np.unique(rows, axis=0)[:, : pairs[0][0].shape[1]]
    anywhere = int((banks == -1).any(axis=1).sum())
    fixed = banks[(banks != -1).all(axis=1)]
    most = int(np.unique(fixed, axis=0, return_counts=True)[1].max(initial=0)) if len(fixed) else 0
    return most + anywhere


def _port_interval(
    accesses: Sequence[Access],
    loop: scf.ForOp,
    known: Mapping[SSAValue, Number],
    bytes_per_cycle: float,
) -> int:
    """Cycles that an array's ports need for the accesses of an iteration."""
    array = accesses[0].array
    reads, writes = (
        _busiest(_places(a, loop, known, 0) for a in accesses if type(a.op) is kind)
        for kind in (memref.LoadOp, memref.StoreOp)
    )
    match array.storage:
        case Storage.PORT:
            transferred = (reads + writes) * array.bits / 8
            return max(reads, writes, math.ceil(transferred / bytes_per_cycle))
        case Storage.BANKS:
            return max(writes, -(-(reads + writes) // BANK_PORTS))
        case _:
            return 1


def _dependence_interval(
    accesses: Sequence[Access],
    loop: scf.ForOp,
    known: Mapping[SSAValue, Number],
    clock: Clock,
    arrays: Arrays,
) -> int:
    """Cycles that a read waits for a write of an earlier iteration."""
    array = accesses[0].array
    if array.storage in (Storage.PORT, Storage.ROM) or _is_excluded(array, loop, arrays):
        return 1
    worst = 1
    for write in accesses:
        for read in accesses:
            if not isinstance(write.op, memref.StoreOp) or not isinstance(read.op, memref.LoadOp):
                continue
            distance = _distance(read, write, loop, known)
            if distance is None:
                continue
            path = Schedule(clock, arrays, {read.op.res: START}, only=True)
            path.block(loop.body.block)
            end = path.time(write.op.value)
            if end is None:
                continue
            memory = 0 if array.storage is Storage.REGISTERS else BRAM_CYCLES + 1
            worst = max(worst, -(-max(1, end.cycles + memory) // distance))
    return worst


def _is_excluded(array: Array, loop: scf.ForOp, arrays: Arrays) -> bool:
    """Whether a pragma says that iterations do not depend on each other through an array."""
    return any(
        isinstance(op, vhls.DependenceOp) and arrays.of(op.buffer) is array
        for op in loop.body.block.ops
    )


def _distance(
    read: Access, write: Access, loop: scf.ForOp, known: Mapping[SSAValue, Number]
) -> int | None:
    """After how many iterations an element that is written is read, if within `FARTHEST`."""
    written = np.concatenate(_places(write, loop, known, 0), axis=1)
    for distance in range(1, FARTHEST + 1):
        banks, elements = _places(read, loop, known, distance)
        if (banks == -1).any() or (written == -1).any():
            return 1
        found = np.concatenate([banks, elements], axis=1)
        both = np.concatenate([np.unique(written, axis=0), np.unique(found, axis=0)])
        if len(np.unique(both, axis=0)) < len(both):
            return distance
    return None


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
