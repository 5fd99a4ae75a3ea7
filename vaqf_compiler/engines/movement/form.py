"""Cycles of an engine that moves data, as a formula."""

from __future__ import annotations

from dataclasses import dataclass

from vaqf_compiler.analysis.latency import CALL_CYCLES, LatencyModel
from vaqf_compiler.analysis.pipelines import Pipeline
from vaqf_compiler.engines.forms import FunctionTiming, loop_cycles


@dataclass(frozen=True)
class MovementForm:
    """An engine that moves data: one pipelined loop, whatever it is a nest of."""

    moves: Pipeline
    control: int

    @staticmethod
    def of(model: LatencyModel, name: str) -> MovementForm:
        """From loops that a walk has met."""
        main = FunctionTiming(model, name)
        (moves,) = main.pipelines
        return MovementForm(moves, main.control())

    def cycles(self, trips: int) -> int:
        """Of some moves."""
        return self.control + loop_cycles(self.moves, trips) + CALL_CYCLES
