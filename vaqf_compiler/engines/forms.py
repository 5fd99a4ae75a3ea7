"""
Cycles of a layer as formulas of its shape and the engine's parameters, for when many choices are
compared. They equal what `vaqf_compiler.analysis.latency` reads off the loops; depths, initiation
intervals and the cycles between loops are taken from there, once for an engine.
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
    """A pipelined loop, entered and left."""
    return pipeline.cycles(trips) + LOOP_CYCLES


def loops_cycles(pipeline: Pipeline, trips: Ints) -> Ints:
    """The same of some numbers of trips, at least one each."""
    return pipeline.depth + (trips - 1) * pipeline.interval + LOOP_CYCLES


def ceiling(a: int, b: int) -> int:
    """The quotient, rounded up."""
    return -(-a // b)


class FunctionTiming:
    """A function's pipelined loops and cycles between loops, in the order of its text."""

    def __init__(self, model: LatencyModel, name: str):
        self._model = model
        self._function = model.function(name)

    @property
    def pipelines(self) -> list[Pipeline]:
        """Of the loops that were met."""
        return [self._model.pipelines[loop] for loop in self.loops if is_pipelined(loop)]

    @property
    def loops(self) -> list[scf.ForOp]:
        """All loops that are not part of a pipelined one and were met."""
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
        """The first loop over an index of a name."""
        return next(loop for loop in self.loops if loop.body.block.args[0].name_hint == index)

    def control(self, block: Block | None = None) -> int:
        """Cycles between loops, of the function or of a block in it."""
        return self._model.controls.get(self._function.body.block if block is None else block, 0)
