"""The intervals that the ports of memories, queues and external memory ask for."""

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
"""Of a block RAM: both read, one writes."""


def waiting_cycles(
    accesses: Sequence[Access],
    clock: Clock,
    bytes_per_cycle: float,
    known: Mapping[SSAValue, Number],
) -> int:
    """Cycles by which ports hold up statements that are in no pipelined loop."""
    limits = port_limits(accesses, Iterations((), known), clock, bytes_per_cycle)
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
    accesses = list(scheduled(pipeline, arrays, clock, {}).accesses.values())
    nest = [pipeline] if isinstance(pipeline, scf.ForOp) else []
    limits = port_limits(accesses, Iterations(nest, known, thorough=True), clock, math.inf)
    return max(limits, key=lambda found: found[0])


def by_array(accesses: Iterable[Access]) -> list[list[Access]]:
    """Those of each array."""
    found: dict[SSAValue, list[Access]] = {}
    for access in accesses:
        found.setdefault(access.array.root, []).append(access)
    return list(found.values())


def name_of_array(accesses: Sequence[Access]) -> str:
    """As a message calls the array of some accesses."""
    return accesses[0].array.root.name_hint or "an array"


def port_limits(
    accesses: Sequence[Access], iterations: Iterations, clock: Clock, bytes_per_cycle: float
) -> list[tuple[int, str]]:
    """Intervals that ports ask for, and which ones."""
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
    """Cycles for the accesses of the busiest bank."""
    match array.memory:
        case "ram_1p" | "rom_1p":
            return reads + writes
        case "ram_s2p":
            return max(reads, writes)
        case _:
            return max(writes, -(-(reads + writes) // BANK_PORTS))
