"""
Cycles of an accelerator, derived from its loops: trip counts, initiation intervals, depths, and the
overlap in dataflow regions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from vaqf_compiler.analysis.arrays import Arrays, Storage
from vaqf_compiler.analysis.delays import AXI_CYCLES, CLOCK_UNCERTAINTY
from vaqf_compiler.analysis.evaluate import Number, arguments_of, evaluate, whole
from vaqf_compiler.analysis.pipelines import Pipeline, analyse_pipeline
from vaqf_compiler.analysis.ports import waiting_cycles
from vaqf_compiler.analysis.schedule import Clock, Schedule, Time, constant, is_unrolled
from vaqf_compiler.dialects import vhls
from vaqf_compiler.errors import OperationError
from vaqf_compiler.hardware.board import Board

COMPUTE, WEIGHTS, ACTIVATIONS, CONTROL = "compute", "weights", "activations", "control"
"""Causes that cycles are spent on; `control` covers all cycles between loops."""
LOOP_CYCLES = 2
"""Cycles to enter and to leave a loop: two states of the tool's control logic."""
CALL_CYCLES = 2
"""Cycles to start a function and to detect that it is done."""


@dataclass(frozen=True)
class Cycles:
    """A number of cycles, divided by what they are spent on."""

    total: int
    causes: Mapping[str, int]

    @property
    def bound(self) -> str:
        """The cause that most of the cycles are spent on; `control` counts as `compute`."""
        causes = Counter(self.causes)
        causes[COMPUTE] += causes.pop(CONTROL, 0)
        return max((COMPUTE, WEIGHTS, ACTIVATIONS), key=lambda cause: causes[cause])


def scaled(cycles: Cycles, trips: int) -> Cycles:
    """Return the cycles of `trips` executions, one after another."""
    return Cycles(
        cycles.total * trips, {cause: count * trips for cause, count in cycles.causes.items()}
    )


@dataclass
class LatencyModel:
    """The cycles of the functions of a module of loops, on a board at a clock rate."""

    module: ModuleOp
    board: Board
    clock_mhz: float
    arrays: Arrays = field(init=False)
    clock: Clock = field(init=False)
    pipelines: dict[scf.ForOp, Pipeline] = field(default_factory=dict[scf.ForOp, Pipeline])
    """Cache: the pipelined loops that were analysed so far."""
    controls: dict[Block, int] = field(default_factory=dict[Block, int])
    """Cycles of those statements of a block that are not loops, branches or calls."""

    def __post_init__(self) -> None:
        self.arrays = Arrays(self.module)
        period = 1000 / self.clock_mhz
        memory = self.board.memory
        waits = AXI_CYCLES + math.ceil(memory.latency_ns / period)
        self.clock = Clock(period * (1 - CLOCK_UNCERTAINTY), waits, memory.port_bits)
        self.bytes_per_cycle = memory.bandwidth_gb_per_s * memory.efficiency * period
        self._functions = {
            op.sym_name.data: op for op in self.module.ops if isinstance(op, func.FuncOp)
        }
        self._controlling: dict[Operation, set[SSAValue]] = {}
        self._called: dict[tuple[func.FuncOp, tuple[int | None, ...]], Cycles] = {}

    def function(self, name: str) -> func.FuncOp:
        """Return the function with a name."""
        return self._functions[name]

    def calls(self, top: func.FuncOp) -> list[Cycles]:
        """
        Return the cycles of each call in the top function, in order. The calls run one after
        another.
        """
        return [self.call(op, {}) for op in top.body.block.ops if isinstance(op, func.CallOp)]

    def call(self, op: func.CallOp, known: Mapping[SSAValue, Number]) -> Cycles:
        """Return the cycles of a call; `known` has the values in its arguments that are known."""
        callee = self._functions[op.callee.root_reference.data]
        arguments: dict[SSAValue, Number] = {}
        for argument, operand in zip(callee.args, op.arguments, strict=True):
            if (value := evaluate(operand, known)) is not None:
                arguments[argument] = value
        return self.called(callee, arguments)

    def called(self, callee: func.FuncOp, arguments: Mapping[SSAValue, Number]) -> Cycles:
        """
        Return the cycles of a function from call to return; `arguments` has the values of arguments
        that are known. A loop whose trip count is not known runs as often as its pragma allows at
        most.
        """
        controls = self._controls(callee.body.block)
        decisive = [argument for argument in callee.args if argument in controls]
        key = (callee, tuple(whole(arguments.get(argument)) for argument in decisive))
        if key not in self._called:
            is_dataflow = any(isinstance(op, vhls.DataflowOp) for op in callee.body.block.ops)
            find = self._processes if is_dataflow else self._block
            body = find(callee.body.block, arguments)
            causes = Counter(body.causes)
            causes[CONTROL] += CALL_CYCLES
            self._called[key] = Cycles(body.total + CALL_CYCLES, causes)
        return self._called[key]

    def _block(self, block: Block, known: Mapping[SSAValue, Number]) -> Cycles:
        """
        Return the cycles of statements that run in order. A loop, branch or call starts when
        everything before it is done, and what follows waits for it.
        """
        schedule = Schedule(self.clock, self.arrays)
        causes: Counter[str] = Counter()
        for op in block.ops:
            match op:
                case scf.ForOp() if not is_unrolled(op):
                    inner = self.loop(op, known)
                case scf.IfOp():
                    inner = self._if(op, known)
                case func.CallOp():
                    inner = self.call(op, known)
                case func.ReturnOp() | vhls.DataflowOp():
                    continue
                case _:
                    schedule.visit(op)
                    continue
            schedule.floor = Time(self._segment(schedule, known) + inner.total)
            for result in op.results:
                schedule.ready[result] = schedule.floor
            causes.update(inner.causes)
        total = self._segment(schedule, known)
        self.controls[block] = total - sum(causes.values())
        causes[CONTROL] += self.controls[block]
        return Cycles(total, causes)

    def _segment(self, schedule: Schedule, known: Mapping[SSAValue, Number]) -> int:
        """Return the cycle in which the statements so far are done."""
        accesses = list(schedule.accesses.values())
        schedule.accesses.clear()
        end = max(schedule.finish, schedule.floor).cycles
        return end + waiting_cycles(accesses, self.clock, self.bytes_per_cycle, known)

    def _if(self, op: scf.IfOp, known: Mapping[SSAValue, Number]) -> Cycles:
        """
        Return the cycles of the branch that is taken, or of the longer one if that is not known.
        """
        taken = evaluate(op.cond, known)
        regions = [op.true_region, op.false_region]
        if taken is not None:
            regions = regions[:1] if taken else regions[1:]
        branches = [self._block(region.block, known) for region in regions if region.blocks]
        return max(branches, key=lambda branch: branch.total, default=Cycles(0, {}))

    def loop(self, loop: scf.ForOp, known: Mapping[SSAValue, Number]) -> Cycles:
        """
        Return the cycles of a loop; `known` has the values of its function's arguments that are
        known.
        """
        nest = flattened(loop)
        trips = math.prod(self.trips(level, known) for level in nest)
        if not trips:
            return Cycles(LOOP_CYCLES, {CONTROL: LOOP_CYCLES})
        if is_pipelined(nest[-1]):
            return self._pipelined(nest, trips, known)
        if any(isinstance(op, vhls.DataflowOp) for op in loop.body.block.ops):
            return self._dataflow(loop, trips, known)
        index = loop.body.block.args[0]
        lower, step = (whole(evaluate(value, known)) for value in (loop.lb, loop.step))
        if lower is None or step is None:
            body = scaled(self._block(loop.body.block, known), trips)
        elif index not in self._controls(loop.body.block):
            body = scaled(self._block(loop.body.block, {**known, index: lower}), trips)
        else:
            values = range(lower, lower + trips * step, step)
            parts = [self._block(loop.body.block, {**known, index: value}) for value in values]
            causes: Counter[str] = Counter()
            for part in parts:
                causes.update(part.causes)
            body = Cycles(sum(part.total for part in parts), causes)
        control = LOOP_CYCLES + trips
        causes = Counter(body.causes)
        causes[CONTROL] += control
        return Cycles(body.total + control, causes)

    def _pipelined(
        self, nest: list[scf.ForOp], trips: int, known: Mapping[SSAValue, Number]
    ) -> Cycles:
        loop = nest[-1]
        if loop not in self.pipelines:
            self.pipelines[loop] = analyse_pipeline(
                nest, self.arrays, self.clock, self.bytes_per_cycle, known
            )
        cycles = self.pipelines[loop].cycles(trips) + LOOP_CYCLES
        return Cycles(cycles, {self._cause(loop): cycles})

    def _dataflow(self, loop: scf.ForOp, trips: int, known: Mapping[SSAValue, Number]) -> Cycles:
        """
        Return the cycles of a dataflow loop: of all processes in turn, then of the slowest again
        for each further iteration.
        """
        index = loop.body.block.args[0]
        lower = whole(evaluate(loop.lb, known)) or 0
        if index in self._controls(loop.body.block):
            raise OperationError(loop, "processes of a dataflow loop must always take as long")
        calls = [op for op in loop.body.block.ops if isinstance(op, func.CallOp)]
        processes = [self.call(op, {**known, index: lower}) for op in calls]
        slowest = max(processes, key=lambda process: process.total, default=Cycles(0, {}))
        causes: Counter[str] = Counter()
        for process in processes:
            causes.update(process.causes)
        causes.update(scaled(slowest, trips - 1).causes)
        causes[CONTROL] += LOOP_CYCLES
        total = sum(process.total for process in processes)
        return Cycles(total + slowest.total * (trips - 1) + LOOP_CYCLES, causes)

    def _processes(self, block: Block, known: Mapping[SSAValue, Number]) -> Cycles:
        """
        Return the cycles of a dataflow function, whose processes run at the same time. It takes as
        long as the slowest process, after the first data has come through the pipelines of the
        processes that write queues. If those do not write in each cycle, the slowest may wait for
        every element.
        """
        calls = [op for op in block.ops if isinstance(op, func.CallOp)]
        processes = [self.call(op, known) for op in calls]
        writers = [pipeline for op in calls for pipeline in self._writers(op)]
        interval = max((pipeline.interval for pipeline in writers), default=1)
        slowest = max(processes, key=lambda process: process.total, default=Cycles(0, {}))
        waits = sum(pipeline.depth for pipeline in writers)
        waits += max(0, interval - 1) * slowest.total
        causes = Counter(slowest.causes)
        causes[WEIGHTS] += waits
        return Cycles(slowest.total + waits, causes)

    def _writers(self, op: func.CallOp) -> list[Pipeline]:
        """
        Return the pipelined loops of a function that write queues, as far as they were analysed.
        """
        return [
            self.pipelines[loop]
            for loop in self._functions[op.callee.root_reference.data].walk()
            if isinstance(loop, scf.ForOp)
            and loop in self.pipelines
            and any(
                isinstance(store, memref.StoreOp)
                and self.arrays.of(store.memref).storage is Storage.FIFO
                for store in loop.walk()
            )
        ]

    def trips(self, loop: scf.ForOp, known: Mapping[SSAValue, Number]) -> int:
        """
        Return the trip count, or the maximum that a pragma states. Raises OperationError if there
        is neither.
        """
        bounds = [whole(evaluate(bound, known)) for bound in (loop.lb, loop.ub, loop.step)]
        lower, upper, step = bounds
        if lower is not None and upper is not None and step:
            return max(0, -(-(upper - lower) // step))
        for op in loop.body.block.ops:
            if isinstance(op, vhls.LoopTripcountOp):
                return op.max.value.data
        raise OperationError(loop, "the trip count is not known; add vhls.loop_tripcount")

    def _controls(self, block: Block) -> set[SSAValue]:
        """Return the arguments and indices that trip counts and branches of a block depend on."""
        parent = block.parent_op()
        assert parent is not None
        if parent in self._controlling:
            return self._controlling[parent]
        found: set[SSAValue] = set()
        for op in block.walk():
            match op:
                case scf.ForOp():
                    found.update(*(arguments_of(bound) for bound in (op.lb, op.ub, op.step)))
                case scf.IfOp() if not _is_predicated(op):
                    found.update(arguments_of(op.cond))
                case func.CallOp():
                    callee = self._functions[op.callee.root_reference.data]
                    inside = self._controls(callee.body.block)
                    for argument, operand in zip(callee.args, op.arguments, strict=True):
                        if argument in inside:
                            found.update(arguments_of(operand))
                case _:
                    pass
        self._controlling[parent] = found
        return found

    def _cause(self, loop: scf.ForOp) -> str:
        """Return the cause that the cycles of a pipelined loop are spent on."""
        touched = [
            (type(op), self.arrays.of(op.memref))
            for op in loop.walk()
            if isinstance(op, memref.LoadOp | memref.StoreOp)
        ]
        if any(k is memref.LoadOp and a.storage is Storage.PORT for k, a in touched):
            written = [a for k, a in touched if k is memref.StoreOp]
            return ACTIVATIONS if any(self._is_memory(a.root) for a in written) else WEIGHTS
        reduces = loop.iter_args or any(isinstance(op, memref.AllocaOp) for op in loop.walk())
        return COMPUTE if reduces else ACTIVATIONS

    def _is_memory(self, root: SSAValue) -> bool:
        """
        Return whether an array is allocated in the top function, as memories of activations are.
        """
        owner = root.owner
        if not isinstance(owner, memref.AllocOp):
            return False
        function = owner.parent_op()
        assert function is not None
        return any(isinstance(op, vhls.InterfaceOp) for op in function.regions[0].block.ops)


def is_pipelined(loop: scf.ForOp) -> bool:
    """Return whether a loop is pipelined, so that its iterations overlap."""
    return any(isinstance(op, vhls.PipelineOp) for op in loop.body.block.ops)


def _is_predicated(op: Operation) -> bool:
    """
    Return whether an operation is in a pipelined loop, where branches take no time of their own.
    """
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, scf.ForOp) and is_pipelined(parent):
            return True
        parent = parent.parent_op()
    return False


def flattened(loop: scf.ForOp) -> list[scf.ForOp]:
    """
    Return a loop and the inner loops that the tool flattens into it. A loop is flattened if it
    contains nothing but one other loop, with constant bounds, down to a pipelined one (UG1399,
    loop_flatten).
    """
    nest = [loop]
    while not is_pipelined(nest[-1]):
        inner = [
            op
            for op in nest[-1].body.block.ops
            if not isinstance(op, vhls.LoopTripcountOp | arith.ConstantOp)
            and not (isinstance(op, scf.YieldOp) and not op.operands)
        ]
        match inner:
            case [scf.ForOp() as only] if not only.iter_args and _has_constant_bounds(only):
                nest.append(only)
            case _:
                return [loop]
    return nest


def _has_constant_bounds(loop: scf.ForOp) -> bool:
    return all(constant(bound) is not None for bound in (loop.lb, loop.ub, loop.step))
