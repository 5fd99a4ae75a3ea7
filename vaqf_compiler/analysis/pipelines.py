"""
Depth and initiation interval of pipelined loops.

The interval is the one that the pragma requests, or longer: if a bank of memory has too few ports,
if a port of external memory delivers only a word per cycle, or if an iteration waits for a result
of an earlier one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xdsl.dialects import memref, scf
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.affine import are_comparable
from vaqf_compiler.analysis.arrays import Array, Arrays, Storage
from vaqf_compiler.analysis.evaluate import Number
from vaqf_compiler.analysis.places import Iterations
from vaqf_compiler.analysis.ports import by_array, name_of_array, port_limits
from vaqf_compiler.analysis.schedule import START, Access, Clock, Schedule, Time, scheduled
from vaqf_compiler.dialects import vhls


@dataclass(frozen=True)
class Pipeline:
    """How a pipelined loop runs."""

    depth: int
    """Cycles of one iteration."""
    interval: int
    """Cycles between the starts of two iterations."""
    limit: str
    """What keeps the interval from being shorter."""

    def cycles(self, trips: int) -> int:
        """Return the cycles of all iterations."""
        return self.depth + (trips - 1) * self.interval if trips else 0


def analyse_pipeline(
    nest: Sequence[scf.ForOp],
    arrays: Arrays,
    clock: Clock,
    bytes_per_cycle: float,
    known: Mapping[SSAValue, Number],
) -> Pipeline:
    """
    Analyse the last loop of a flattened nest; `known` has the values of scalars around the nest.
    External memory transfers `bytes_per_cycle`. Raises OperationError for a loop that cannot be
    pipelined.
    """
    loop = nest[-1]
    iterations = Iterations(nest, known)
    schedule = scheduled(loop, arrays, clock, {})
    accesses = list(schedule.accesses.values())
    pragma = next(op for op in loop.body.block.ops if isinstance(op, vhls.PipelineOp))
    limits = [(pragma.ii.value.data, "the pragma")]
    limits += port_limits(accesses, iterations, clock, bytes_per_cycle)
    handed: dict[SSAValue, float] = {}
    for mine in by_array(a for a in accesses if not _is_inside(a.array, loop)):
        interval, is_handed = _dependence_interval(mine, iterations, clock, arrays)
        limits.append((interval, f"the next iteration needs {name_of_array(mine)}"))
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
    Return the schedule of an iteration that reads from arrays what earlier iterations wrote. An
    iteration starts every `interval` cycles. `handed` has, for each array that is handed over,
    after how many iterations it is read; `written` has the times at which other arrays are written.
    An iteration lags by as much as it waits for, and so does what it hands over itself. No array is
    handed over in a circle.
    """
    schedule = scheduled(loop, arrays, clock, written)
    before: dict[SSAValue, Time] = {}
    for _ in handed:
        later = {
            root: Time(max(0, schedule.written[root].cycles - int(interval * distance)))
            for root, distance in handed.items()
        }
        if later == before:
            break
        before = later
        schedule = scheduled(loop, arrays, clock, {**written, **before})
    return schedule


def claimed_interval(
    loop: scf.ForOp, arrays: Arrays, clock: Clock, known: Mapping[SSAValue, Number]
) -> tuple[int, str]:
    """
    Return the interval that a pipelined loop needs if elements of memories are read again as few
    iterations after they are written as pragmas say, and the memory that requires it; `known` has
    the values of scalars around the loop.
    """
    accesses = list(scheduled(loop, arrays, clock, {}).accesses.values())
    limits = [(1, "")]
    for mine in by_array(accesses):
        if (given_distance(mine[0].array, loop, arrays) or math.inf) < math.inf:
            interval, _ = _dependence_interval(mine, Iterations([loop], known), clock, arrays)
            limits.append((interval, name_of_array(mine)))
    return max(limits, key=lambda found: found[0])


def _is_inside(array: Array, loop: scf.ForOp) -> bool:
    """Return whether each iteration has its own copy of an array."""
    owner = array.root.owner
    return isinstance(owner, memref.AllocaOp) and loop.is_ancestor(owner)


def _dependence_interval(
    accesses: Sequence[Access], iterations: Iterations, clock: Clock, arrays: Arrays
) -> tuple[int, bool]:
    """
    Return the interval that reads and writes of an array require, and whether an iteration only
    hands something over to the next. The interval is the number of cycles that a read waits for a
    write of an earlier iteration that waits for that iteration's read in turn.
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
                next_one = _distance(read, write, iterations, 2)
                is_handed = is_handed or given is not None or next_one is not None
                if array.storage is Storage.BANKS and _may_meet(read, write, iterations):
                    # The write follows the read in an iteration, and precedes the read of a later
                    # one.
                    worst = max(worst, math.ceil(memory / (given or next_one or memory)))
                continue
            cycles = end.at.cycles + memory
            if distance := given or _distance(read, write, iterations, cycles):
                worst = max(worst, math.ceil(cycles / distance))
    return worst, is_handed


def given_distance(array: Array, loop: scf.ForOp, arrays: Arrays) -> float | None:
    """
    Return after how many iterations at the earliest, by a pragma, an element is read that was
    written to an array: infinity if no iteration depends on another, None without a pragma.
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
    """
    Return after how many iterations an element that is written is read, if fewer than `farthest`.
    The result is 1 if the tool cannot tell, and None if the element is not read so soon.
    """
    if iterations.trips < 2 or farthest < 2:
        return None
    if _is_unclear(read, write, iterations):
        return 1
    found = (
        distance
        for distance in range(1, farthest)
        for first in iterations.samples((read, write))
        if first + distance < iterations.trips
        and iterations.places(write, first).may_meet(iterations.places(read, first + distance))
    )
    return next(found, None)


def _may_meet(read: Access, write: Access, iterations: Iterations) -> bool:
    """Return whether one iteration may read and write the same element, or the tool cannot tell."""
    return _is_unclear(read, write, iterations) or any(
        iterations.places(write, number).may_meet(iterations.places(read, number))
        for number in iterations.samples((read, write))
    )


def _is_unclear(read: Access, write: Access, iterations: Iterations) -> bool:
    """Return whether the tool cannot tell which accesses to a memory touch the same element."""
    return read.array.storage is Storage.BANKS and not are_comparable(
        write.op.indices, read.op.indices, iterations.nest[0]
    )


def _carried_interval(loop: scf.ForOp, clock: Clock, arrays: Arrays) -> int:
    """Return the cycles from a carried value to its value in the next iteration."""
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
