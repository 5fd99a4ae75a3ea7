"""The closed form of a linear engine: cycles as a formula of the layer's shape and the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vaqf_compiler.analysis.latency import CALL_CYCLES, LatencyModel
from vaqf_compiler.analysis.pipelines import Pipeline
from vaqf_compiler.engines.accelerator import PARAMETERS_PER_WORD
from vaqf_compiler.engines.forms import FunctionTiming, Ints, ceiling, loop_cycles, loops_cycles
from vaqf_compiler.engines.linear.plan import Epilogue, LinearPlan, LinearTile, steps_of_layer


@dataclass(frozen=True)
class LinearSizes:
    """The sizes on which the cycles of linear engines depend: arrays, an element per engine."""

    tile_m: Ints
    tile_n: Ints
    words: Ints
    """Words of a tile's weights."""
    finishing_steps: Ints
    least_trips: Ints
    per_token: Ints
    """Iterations for one token and one tile."""

    @staticmethod
    def of(engines: Sequence[LinearTile]) -> LinearSizes:
        """The sizes of a sequence of engines."""
        rows = [
            (
                e.tile_m,
                e.tile_n,
                e.tile_words,
                e.finishing_steps,
                e.least_trips,
                e.steps_m * e.steps_n,
            )
            for e in engines
        ]
        return LinearSizes(*np.array(rows, np.int64).reshape(-1, 6).T)


@dataclass(frozen=True)
class LinearForm:
    """Closed form of a linear engine, which fetches weights while it multiplies."""

    engine: LinearPlan
    lanes: int
    weights: Pipeline
    biases: Pipeline
    multiply: Pipeline
    table: Pipeline | None
    """The loop that loads GELU tables; None if no layer of the engine has a GELU."""
    logits: Pipeline | None
    """The loop that outputs logits; None if no layer of the engine has any."""
    control: int
    fetch_control: int
    multiply_control: int

    @staticmethod
    def of(model: LatencyModel, engine: LinearPlan, lanes: int) -> LinearForm:
        """The form of an engine whose loops the latency model has met, with all its epilogues."""
        main = FunctionTiming(model, engine.name)
        weights, biases, multiply = (
            FunctionTiming(model, f"{engine.name}_{name}")
            for name in ("fetch_weights", "fetch_biases", "multiply")
        )
        pipelines = main.pipelines
        table = pipelines.pop(0) if Epilogue.GELU in engine.epilogues else None
        logits = pipelines.pop() if Epilogue.LOGITS in engine.epilogues else None
        assert not pipelines
        return LinearForm(
            engine,
            lanes,
            weights=weights.pipelines[0],
            biases=biases.pipelines[0],
            multiply=multiply.pipelines[0],
            table=table,
            logits=logits,
            control=main.control(),
            fetch_control=weights.control(),
            multiply_control=multiply.control(),
        )

    def cycles(self, tokens: int, in_channels: int, out_channels: int, epilogue: Epilogue) -> int:
        """Cycles of a layer from (tokens, in_channels) to (tokens, out_channels)."""
        sizes = LinearSizes.of([self.engine])
        return int(self.cycles_of(sizes, tokens, in_channels, out_channels, epilogue)[0])

    def cycles_of(
        self, e: LinearSizes, tokens: int, in_channels: int, out_channels: int, epilogue: Epilogue
    ) -> Ints:
        """The same as `cycles` for engines of sizes `e` that are alike in everything else."""
        in_tiles, out_tiles = -(-in_channels // e.tile_n), -(-out_channels // e.tile_m)
        between = np.maximum(in_tiles, e.finishing_steps)
        steps = steps_of_layer(in_tiles, out_tiles, between, e.finishing_steps)
        fetch = self.fetch_control + loops_cycles(self.weights, in_tiles * out_tiles * e.words)
        iterations = steps * np.maximum(tokens, e.least_trips) * e.per_token
        multiply = self.multiply_control + loops_cycles(self.multiply, iterations)
        slowest = np.maximum(fetch, multiply) + CALL_CYCLES
        # The first words have to pass through the queues, and later ones may have to be awaited.
        total = slowest * max(self.weights.interval, self.biases.interval)
        total += self.weights.depth + self.biases.depth + CALL_CYCLES
        if epilogue is Epilogue.GELU and self.table is not None:
            groups = ceiling(1 << self.engine.gelu_bits, self.lanes)
            total += loop_cycles(self.table, groups * self.lanes // PARAMETERS_PER_WORD)
        if epilogue is Epilogue.LOGITS and self.logits is not None:
            total += loop_cycles(self.logits, out_channels)
        return self.control + total + CALL_CYCLES
