"""
The times at which the operations of a loop's body run. Each starts as soon as its operands are
ready, and several run in one cycle if the clock period allows. The schedule gives the depth of a
pipeline, and how long a value takes that the next iteration waits for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, NamedTuple

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.traits import SymbolTable

from vaqf_compiler.analysis.arrays import Array, Arrays, Storage
from vaqf_compiler.analysis.delays import REGISTER_NS, Delay, operator_delay
from vaqf_compiler.analysis.evaluate import evaluate, whole
from vaqf_compiler.dialects import vhls
from vaqf_compiler.errors import OperationError


class Time(NamedTuple):
    """A point in time: a cycle, and nanoseconds after its beginning."""

    cycle: int
    ns: float = REGISTER_NS

    @property
    def cycles(self) -> int:
        """The number of whole cycles that have begun by then."""
        return self.cycle + (self.ns > REGISTER_NS)


START = Time(0)
CHOICE = Delay(ns=0.4)
"""Delay of choosing between the results of two branches."""


@dataclass(frozen=True)
class Clock:
    """What the timing of a design depends on."""

    budget_ns: float
    """The part of the clock period that operators may fill, in nanoseconds."""
    port_cycles: int
    """Cycles from a request of an m_axi port to the word, or to the acknowledgement of a write."""
    port_bits: int
    """Bits that an m_axi port of the board transfers per cycle."""

    def after(self, start: Time, delay: Delay) -> Time:
        """Return when an operation that can start at `start` has its result."""
        if delay.cycles:
            return Time(start.cycles + delay.cycles)
        if start.ns + delay.ns <= self.budget_ns:
            return Time(start.cycle, start.ns + delay.ns)
        # An operator that is longer than a period takes stages of its own.
        room = self.budget_ns - REGISTER_NS
        full = max(0, math.ceil(delay.ns / room) - 1)
        return Time(start.cycles + full, REGISTER_NS + delay.ns - full * room)


class Access(NamedTuple):
    """A read or write of an array in a pipelined loop."""

    op: memref.LoadOp | memref.StoreOp
    array: Array
    unrolled: tuple[scf.ForOp, ...]
    """The unrolled loops around the access; all their iterations run at the same time."""
    at: Time


def is_unrolled(loop: scf.ForOp) -> bool:
    """Return whether a loop is fully unrolled, so that each iteration has hardware of its own."""
    return any(isinstance(op, vhls.UnrollOp) and op.factor is None for op in loop.body.block.ops)


def constant(value: SSAValue) -> int | None:
    """Return the value of an index constant, or None."""
    return whole(evaluate(value, {}))


def trip_count(loop: scf.ForOp) -> int:
    """Return the trip count of a loop. Raises OperationError if its bounds are not constant."""
    bounds = [constant(bound) for bound in (loop.lb, loop.ub, loop.step)]
    lower, upper, step = bounds
    if lower is None or upper is None or step is None:
        raise OperationError(loop, "an unrolled loop must have constant bounds")
    return max(0, -(-(upper - lower) // step))


@dataclass
class Schedule:
    """
    The times of the values of a block. With `only`, just the values that depend on those in `ready`
    at the outset have times, so that the schedule shows how long a result takes from them.
    """

    clock: Clock
    arrays: Arrays
    ready: dict[SSAValue, Time] = field(default_factory=dict[SSAValue, Time])
    only: bool = False
    written: dict[SSAValue, Time] = field(default_factory=dict[SSAValue, Time])
    """When each array has what the block wrote to it."""
    accesses: dict[Operation, Access] = field(default_factory=dict[Operation, Access])
    floor: Time = START
    """The time before which nothing starts."""
    finish: Time = START
    nested: tuple[scf.ForOp, ...] = ()
    guard: Time | None = None
    """When the condition of the branch around is known."""

    def is_fixed(self, value: SSAValue) -> bool:
        """
        Return whether a value is known when the hardware is built: constants, indices of unrolled
        loops, and what is computed from them.
        """
        known = self.arrays.fixed
        if value not in known:
            op = value.owner
            known[value] = (
                isinstance(op, Operation)
                and not isinstance(op, memref.LoadOp | scf.ForOp | scf.IfOp | func.CallOp)
                and (bool(op.operands) or isinstance(op, arith.ConstantOp))
                and all(self.is_fixed(operand) for operand in op.operands)
            )
        return known[value]

    def time(self, value: SSAValue) -> Time | None:
        """Return when a value is ready, or None if it has no time because of `only`."""
        return self.ready.get(value, None if self.only else self.floor)

    def _start(self, op: Operation) -> Time | None:
        times = [t for value in op.operands if (t := self.time(value)) is not None]
        return max([*times, self.floor]) if times or not self.only else None

    def block(self, block: Block) -> None:
        """Schedule the operations of a block, in order."""
        for op in block.ops:
            self.visit(op)

    def visit(self, op: Operation) -> None:
        """Schedule one operation."""
        self._visitor(type(op))(self, op)

    def _done(self, value: SSAValue, at: Time) -> None:
        self.ready[value] = at
        self.finish = max(self.finish, at)

    def _operator(self, op: Operation) -> None:
        start = self._start(op)
        if start is None:
            return
        delays = self.arrays.delays
        if op not in delays:
            delays[op] = operator_delay(op, [self.is_fixed(operand) for operand in op.operands])
        self._done(op.results[0], self.clock.after(start, delays[op]))

    def _load(self, op: memref.LoadOp) -> None:
        array = self.arrays.of(op.memref)
        # A queue needs no address.
        indices = () if array.storage is Storage.FIFO else op.indices
        times = [t for index in indices if (t := self.time(index)) is not None]
        if array.root in self.written:
            times.append(self.written[array.root])
        if array.storage in (Storage.PORT, Storage.FIFO) and self.guard is not None:
            times.append(self.guard)
        if not times and self.only:
            return
        start = max([*times, self.floor])
        self.accesses[op] = Access(op, array, self.nested, start)
        match array.storage:
            case Storage.REGISTERS:
                delay = Delay(ns=0.3 * self._choices(op, array).bit_length())
            case Storage.PORT:
                delay = Delay(cycles=self.clock.port_cycles)
            case _:
                delay = Delay(cycles=array.read_cycles)
        self._done(op.res, self.clock.after(start, delay))

    def _choices(self, op: memref.LoadOp, array: Array) -> int:
        """Return the number of registers that a read chooses among, minus one."""
        count = 1
        for index, size in zip(op.indices, array.shape, strict=True):
            count *= 1 if self.is_fixed(index) else size
        return count - 1

    def _store(self, op: memref.StoreOp) -> None:
        array = self.arrays.of(op.memref)
        begin = self.time(op.value) if array.storage is Storage.FIFO else self._start(op)
        times = [t for t in (begin, self.guard) if t is not None]
        if not times:
            return
        start = max(times)
        self.accesses[op] = Access(op, array, self.nested, start)
        # A register passes its value on, in the same cycle, to operations that are scheduled with
        # it.
        match array.storage:
            case Storage.REGISTERS:
                end = start
            case Storage.PORT:
                end = Time(start.cycles + self.clock.port_cycles)
            case _:
                end = Time(start.cycles + 1)
        self.written[array.root] = max(self.written.get(array.root, end), end)
        self.finish = max(self.finish, end)

    def _if(self, op: scf.IfOp) -> None:
        """
        Schedule both branches at once. Their stores, loads from ports and queues, and the results
        of the operation wait for the condition; everything else does not.
        """
        condition, outer = self.time(op.cond), self.guard
        if condition is not None:
            self.guard = condition if outer is None else max(outer, condition)
        branches: list[Region] = [r for r in (op.true_region, op.false_region) if r.blocks]
        for region in branches:
            self.block(region.block)
        self.guard = outer
        for position, result in enumerate(op.results):
            choices = [region.block.last_op for region in branches]
            times = [self.time(last.operands[position]) for last in choices if last is not None]
            if known := [t for t in (condition, *times) if t is not None]:
                self._done(result, self.clock.after(max(known), CHOICE))

    def _call(self, op: func.CallOp) -> None:
        """
        Schedule a call of a pipelined function, which takes its arguments at the beginning of a
        cycle and has its result at the end of one.
        """
        callee = SymbolTable.lookup_symbol(op, op.callee)
        assert isinstance(callee, func.FuncOp)
        arrays = [v for v in op.arguments if isinstance(v.type, MemRefType)]
        roots = [self.arrays.of(array).root for array in arrays]
        times = [self.written[root] for root in roots if root in self.written]
        times += [t for v in op.arguments if v not in arrays if (t := self.time(v)) is not None]
        if not times and self.only:
            return
        outer = self.floor
        self.floor = Time(max([*times, outer]).cycles)
        for argument, operand in zip(callee.args, op.arguments, strict=True):
            if self.time(operand) is not None:
                self.ready[argument] = self.floor
            if self.is_fixed(operand):
                self.arrays.fixed[argument] = True
        self.block(callee.body.block)
        last = callee.body.block.last_op
        assert last is not None
        for result, value in zip(op.results, last.operands, strict=True):
            if (end := self.time(value)) is not None:
                self._done(result, Time(end.cycles))
        self.floor = outer

    def _loop(self, loop: scf.ForOp) -> None:
        if not is_unrolled(loop):
            raise OperationError(loop, "a loop in a pipelined loop must be unrolled")
        index, *carried = loop.body.block.args
        self.arrays.fixed[index] = True
        for argument, initial in zip(carried, loop.iter_args, strict=True):
            if (time := self.time(initial)) is not None:
                self.ready[argument] = time
        outer, self.nested = self.nested, (*self.nested, loop)
        last = loop.body.block.last_op
        assert isinstance(last, scf.YieldOp)
        # Without carried values, all iterations have the same times.
        for _ in range(trip_count(loop) if carried else 1):
            self.block(loop.body.block)
            for argument, value in zip(carried, last.arguments, strict=True):
                if (time := self.time(value)) is not None:
                    self.ready[argument] = time
        self.nested = outer
        for result, argument in zip(loop.res, carried, strict=True):
            if argument in self.ready:
                self._done(result, self.ready[argument])

    def _nothing(self, op: Operation) -> None:
        """Do nothing: the operation takes no time."""

    def _unknown(self, op: Operation) -> None:
        raise OperationError(op, f"no latency is known for {op.name}")

    _VISITORS: ClassVar[Mapping[type[Operation], Callable[[Any, Any], None]]] = {
        vhls.PragmaOp: _nothing,
        vhls.CommentOp: _nothing,
        vhls.TraceOp: _nothing,
        arith.ConstantOp: _nothing,
        memref.AllocOp: _nothing,
        memref.AllocaOp: _nothing,
        memref.GetGlobalOp: _nothing,
        memref.LoadOp: _load,
        memref.StoreOp: _store,
        scf.ForOp: _loop,
        scf.IfOp: _if,
        scf.YieldOp: _nothing,
        func.ReturnOp: _nothing,
        func.CallOp: _call,
    }

    @staticmethod
    @cache
    def _visitor(kind: type[Operation]) -> Callable[[Any, Any], None]:
        """
        Return the method that schedules operations of a type. It is cached, because a body has
        thousands of operations.
        """
        for base in kind.__mro__:
            if base in Schedule._VISITORS:
                return Schedule._VISITORS[base]
        return Schedule._operator if kind.dialect_name() == "arith" else Schedule._unknown


def scheduled(
    owner: scf.ForOp | func.FuncOp,
    arrays: Arrays,
    clock: Clock,
    written: Mapping[SSAValue, Time],
) -> Schedule:
    """
    Return the schedule of a body; `written` has the times at which arrays were written before it.
    """
    schedule = Schedule(clock, arrays, written={**written})
    schedule.block(owner.body.block)
    return schedule
