"""The initiation intervals that the ports of memories, queues and external memory require."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from xdsl.dialects import func, memref, scf
from xdsl.ir import SSAValue

from vaqf_compiler.analysis.arrays import Array, Arrays, Storage
from vaqf_compiler.analysis.evaluate import Number
from vaqf_compiler.analysis.places import Iterations, Places, busiest
from vaqf_compiler.analysis.schedule import Access, Clock, scheduled

BANK_PORTS = 2
"""Ports of a block RAM: both can read, one of them can write."""


def waiting_cycles(
    accesses: Sequence[Access],
    clock: Clock,
    bytes_per_cycle: float,
    known: Mapping[SSAValue, Number],
) -> int:
    """Return the cycles by which ports hold up statements outside pipelined loops."""
    limits = port_limits(accesses, Iterations((), known), clock, bytes_per_cycle)
    return max(interval for interval, _ in limits) - 1


def port_interval(
    pipeline: scf.ForOp | func.FuncOp,
    arrays: Arrays,
    clock: Clock,
    known: Mapping[SSAValue, Number],
) -> tuple[int, str]:
    """
    Return the interval of a loop or function that its ports alone require, and which port requires
    it. The bandwidth of external memory is not considered. `known` has the values of scalars around
    the loop or function.
    """
    accesses = list(scheduled(pipeline, arrays, clock, {}).accesses.values())
    nest = [pipeline] if isinstance(pipeline, scf.ForOp) else []
    limits = port_limits(accesses, Iterations(nest, known, thorough=True), clock, math.inf)
    return max(limits, key=lambda found: found[0])


def by_array(accesses: Iterable[Access]) -> list[list[Access]]:
    """Group accesses by array."""
    found: dict[SSAValue, list[Access]] = {}
    for access in accesses:
        found.setdefault(access.array.root, []).append(access)
    return list(found.values())


def name_of_array(accesses: Sequence[Access]) -> str:
    """Return the name of the array of the accesses, for messages."""
    return accesses[0].array.root.name_hint or "an array"


def port_limits(
    accesses: Sequence[Access], iterations: Iterations, clock: Clock, bytes_per_cycle: float
) -> list[tuple[int, str]]:
    """Return the intervals that ports require, each with the name of the port."""
    limits = [(1, "no port")]
    transferred = 0.0
    for mine in by_array(accesses):
        array = mine[0].array
        if array.storage not in (Storage.PORT, Storage.FIFO, Storage.BANKS):
            continue
        reads, writes = (
            max((busiest(places) for places in _samples(mine, kind, iterations)), default=0)
            for kind in (memref.LoadOp, memref.StoreOp)
        )
        if array.storage is Storage.PORT:
            transferred += (reads + writes) * array.bits / 8
            interval = max(reads, writes) * -(-array.bits // clock.port_bits)
        elif array.storage is Storage.FIFO:
            interval = max(reads, writes)
        else:
            interval = _bank_interval(array, reads, writes)
        limits.append((interval, f"ports of {name_of_array(mine)}"))
    limits.append((math.ceil(transferred / bytes_per_cycle), "external memory"))
    return limits


def _samples(
    accesses: Sequence[Access], kind: type[memref.LoadOp | memref.StoreOp], iterations: Iterations
) -> Iterable[list[Places]]:
    for iteration in iterations.samples(accesses):
        yield [iterations.places(a, iteration) for a in accesses if type(a.op) is kind]


def _bank_interval(array: Array, reads: int, writes: int) -> int:
    """Return the cycles that the accesses to the busiest bank take."""
    match array.memory:
        case "ram_1p" | "rom_1p":
            return reads + writes
        case "ram_s2p":
            return max(reads, writes)
        case _:
            return max(writes, -(-(reads + writes) // BANK_PORTS))
