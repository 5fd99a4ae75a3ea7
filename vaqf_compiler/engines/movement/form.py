"""The closed form of an engine that moves data: its cycles as a formula."""

from __future__ import annotations

from dataclasses import dataclass

from vaqf_compiler.analysis.latency import CALL_CYCLES, LatencyModel
from vaqf_compiler.analysis.pipelines import Pipeline
from vaqf_compiler.engines.forms import FunctionTiming, loop_cycles


@dataclass(frozen=True)
class MovementForm:
    """Closed form of an engine that moves data: one pipelined loop, flattened if it is a nest."""

    moves: Pipeline
    control: int

    @staticmethod
    def of(model: LatencyModel, name: str) -> MovementForm:
        """The form of an engine whose loops the latency model has met."""
        main = FunctionTiming(model, name)
        (moves,) = main.pipelines
        return MovementForm(moves, main.control())

    def cycles(self, trips: int) -> int:
        """Cycles of a call with `trips` iterations in all."""
        return self.control + loop_cycles(self.moves, trips) + CALL_CYCLES
