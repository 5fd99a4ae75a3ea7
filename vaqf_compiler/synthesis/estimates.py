"""
The estimate of an accelerator as Vitis HLS reports it: function by function, loop by loop.

The tool does not know the arguments of a function. Its latency is of loops that run as often as
their pragmas say at most, and so is the estimate here: that of the top function is greater than
the cycles of an image. Where a loop has neither known bounds nor such a pragma, it is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.analysis.latency import LatencyModel, flattened
from vaqf_compiler.analysis.program import is_top
from vaqf_compiler.analysis.schedule import is_unrolled
from vaqf_compiler.dialects import vhls
from vaqf_compiler.emit.cpp_module import functions_callees_first
from vaqf_compiler.emit.cpp_types import identifier
from vaqf_compiler.errors import OperationError
from vaqf_compiler.hardware.board import Board


@dataclass(frozen=True)
class LoopEstimate:
    """A loop, or a nest that the tool makes one loop of."""

    lines: Sequence[int]
    """Of the printed source, from 1: where each loop of the nest begins, the outermost first."""
    trips: int | None
    cycles: int | None
    interval: int | None
    """Cycles between the starts of two iterations; None where it is not pipelined."""
    depth: int | None
    """Cycles of an iteration of a pipelined loop."""

    @property
    def line(self) -> int:
        """Where the innermost loop begins."""
        return self.lines[-1]


@dataclass(frozen=True)
class FunctionEstimate:
    """A function, its cycles from call to return, and its loops."""

    name: str
    """In C++."""
    cycles: int | None
    interval: int | None
    """Cycles from one start to the next: less only where its calls overlap, as in dataflow."""
    loops: Sequence[LoopEstimate]


def estimate_functions(
    loops: ModuleOp, source: str, board: Board, clock_mhz: float
) -> list[FunctionEstimate]:
    """
    The functions of the module `loops`, printed as `source`, callees first, so that the top
    function is the last.
    """
    model = LatencyModel(loops, board, clock_mhz)
    functions = functions_callees_first(loops)
    model.calls(functions[-1])  # finds the pipelines, also of loops without a known trip count
    lines = _lines_of_loops(functions, source)
    return [
        FunctionEstimate(
            identifier(function.sym_name.data),
            _if_known(partial(_cycles, model, function)),
            _if_known(partial(_interval, model, function)),
            _loops(model, function, lines),
        )
        for function in functions
    ]


def _lines_of_loops(functions: Sequence[func.FuncOp], source: str) -> dict[scf.ForOp, int]:
    """The line of each loop: they are printed in the order of the IR."""
    loops = [op for function in functions for op in function.walk() if isinstance(op, scf.ForOp)]
    numbered = enumerate(source.splitlines(), start=1)
    lines = [number for number, line in numbered if line.lstrip().startswith("for (")]
    return dict(zip(loops, lines, strict=True))


def _calls(model: LatencyModel, function: func.FuncOp) -> list[int]:
    """The cycles of the functions that a function calls."""
    calls = (op for op in function.body.block.ops if isinstance(op, func.CallOp))
    return [model.called(model.function(op.callee.root_reference.data), {}).total for op in calls]


def _cycles(model: LatencyModel, function: func.FuncOp) -> int:
    if is_top(function):
        return sum(_calls(model, function))
    return model.called(function, {}).total


def _interval(model: LatencyModel, function: func.FuncOp) -> int:
    if any(isinstance(op, vhls.DataflowOp) for op in function.body.block.ops):
        return max(_calls(model, function))
    for op in function.body.block.ops:
        if isinstance(op, vhls.PipelineOp):
            return op.ii.value.data
    return _cycles(model, function)


def _if_known(find: Callable[[], int]) -> int | None:
    try:
        return find()
    except OperationError:
        return None


def _loops(
    model: LatencyModel, function: func.FuncOp, lines: Mapping[scf.ForOp, int]
) -> list[LoopEstimate]:
    """The loops that are left when nests are flattened and unrolled loops are gone."""
    found: list[LoopEstimate] = []
    seen: set[scf.ForOp] = set()
    for loop in function.walk():
        if not isinstance(loop, scf.ForOp) or loop in seen or is_unrolled(loop):
            continue
        nest = flattened(loop)
        seen.update(nest)
        pipeline = model.pipelines.get(nest[-1])
        found.append(
            LoopEstimate(
                [lines[level] for level in nest],
                _if_known(partial(_trips, model, nest)),
                _if_known(partial(_loop_cycles, model, loop)),
                None if pipeline is None else pipeline.interval,
                None if pipeline is None else pipeline.depth,
            )
        )
    return found


def _trips(model: LatencyModel, nest: Sequence[scf.ForOp]) -> int:
    return math.prod(model.trips(loop, {}) for loop in nest)


def _loop_cycles(model: LatencyModel, loop: scf.ForOp) -> int:
    return model.loop(loop, {}).total


def to_json(functions: Sequence[FunctionEstimate]) -> list[dict[str, Any]]:
    """The functions as `report.json` holds them."""
    return [asdict(function) for function in functions]
