"""
Closed forms: the cycles of a layer as formulas of its shape and the engine's parameters, for
comparing many choices. They equal the cycles that `vaqf_compiler.analysis.latency` finds in the
loops; depths, initiation intervals and the cycles between loops come from there, once per engine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import scf
from xdsl.ir import Block

from vaqf_compiler.analysis.latency import LOOP_CYCLES, LatencyModel, is_pipelined
from vaqf_compiler.analysis.pipelines import Pipeline

Ints = NDArray[np.int64]


def loop_cycles(pipeline: Pipeline, trips: int) -> int:
    """Cycles of a pipelined loop of `trips` iterations, with those to enter and leave it."""
    return pipeline.cycles(trips) + LOOP_CYCLES


def loops_cycles(pipeline: Pipeline, trips: Ints) -> Ints:
    """The same as `loop_cycles` for an array of trip counts, each at least one."""
    return pipeline.depth + (trips - 1) * pipeline.interval + LOOP_CYCLES


def ceiling(a: int, b: int) -> int:
    """`a / b`, rounded up."""
    return -(-a // b)


class FunctionTiming:
    """
    The pipelined loops of a function, in program order, and the cycles between its loops, as the
    latency model `model` found them.
    """

    def __init__(self, model: LatencyModel, name: str):
        self._model = model
        self._function = model.function(name)

    @property
    def pipelines(self) -> list[Pipeline]:
        """The pipelines of those loops that the latency model has met."""
        return [self._model.pipelines[loop] for loop in self.loops if is_pipelined(loop)]

    @property
    def loops(self) -> list[scf.ForOp]:
        """All loops outside pipelined ones, without pipelined loops that were not met."""
        return list(self._loops(self._function.body.block))

    def _loops(self, block: Block) -> Iterator[scf.ForOp]:
        for op in block.ops:
            for region in op.regions if isinstance(op, scf.ForOp | scf.IfOp) else ():
                if isinstance(op, scf.ForOp):
                    if is_pipelined(op) and op not in self._model.pipelines:
                        continue
                    yield op
                    if is_pipelined(op):
                        continue
                for inner in region.blocks:
                    yield from self._loops(inner)

    def named(self, index: str) -> scf.ForOp:
        """The first loop whose index has the name `index`."""
        return next(loop for loop in self.loops if loop.body.block.args[0].name_hint == index)

    def control(self, block: Block | None = None) -> int:
        """Cycles between loops in the function's body, or in a block of it."""
        return self._model.controls.get(self._function.body.block if block is None else block, 0)
