"""
Cycles of a layer as formulas of its shape and the engine's parameters, for when many choices are
compared. They equal what `vaqf_compiler.analysis.latency` reads off the loops; depths, initiation
intervals and the cycles between loops are taken from there, once for an engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects import scf
from xdsl.ir import Block

from vaqf_compiler.analysis.latency import CALL_CYCLES, LOOP_CYCLES, LatencyModel, is_pipelined
from vaqf_compiler.analysis.pipelines import Pipeline
from vaqf_compiler.engines.accelerator import (
    PARAMETER_BITS,
    PARAMETERS_PER_WORD,
    Accelerator,
    words_of,
)
from vaqf_compiler.engines.attention.plan import STAGES, AttentionEngine
from vaqf_compiler.engines.linear.plan import Epilogue, LinearEngine, LinearTile

Ints = NDArray[np.int64]


def _loop(pipeline: Pipeline, trips: int) -> int:
    """A pipelined loop, entered and left."""
    return pipeline.cycles(trips) + LOOP_CYCLES


def _loops(pipeline: Pipeline, trips: Ints) -> Ints:
    """The same of some numbers of trips, at least one each."""
    return pipeline.depth + (trips - 1) * pipeline.interval + LOOP_CYCLES


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


class _Function:
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


@dataclass(frozen=True)
class LinearSizes:
    """What the cycles of linear engines depend on, an element for each of some engines."""

    tile_m: Ints
    tile_n: Ints
    words: Ints
    """Of a tile's weights."""
    finishing_steps: Ints
    least_trips: Ints
    per_token: Ints
    """Iterations for a token and a tile."""

    @staticmethod
    def of(engines: Sequence[LinearTile]) -> LinearSizes:
        """Of some engines."""
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
    """A linear engine: its weights are fetched while they are multiplied."""

    engine: LinearEngine
    lanes: int
    weights: Pipeline
    biases: Pipeline
    multiply: Pipeline
    table: Pipeline | None
    """Of the engines that some layer needs it of, as is the next one."""
    logits: Pipeline | None
    control: int
    fetch_control: int
    multiply_control: int

    @staticmethod
    def of(model: LatencyModel, engine: LinearEngine, lanes: int) -> LinearForm:
        """From loops that a walk has met; all epilogues must have been."""
        main = _Function(model, engine.name)
        weights, biases, multiply = (
            _Function(model, f"{engine.name}_{name}")
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
        """Of a layer `tokens x in_channels` to `tokens x out_channels`."""
        sizes = LinearSizes.of([self.engine])
        return int(self.cycles_of(sizes, tokens, in_channels, out_channels, epilogue)[0])

    def cycles_of(
        self, e: LinearSizes, tokens: int, in_channels: int, out_channels: int, epilogue: Epilogue
    ) -> Ints:
        """The same for engines of some sizes, as if they were alike in all else."""
        in_tiles, out_tiles = -(-in_channels // e.tile_n), -(-out_channels // e.tile_m)
        between = np.maximum(in_tiles, e.finishing_steps)
        steps = in_tiles + 1 + (out_tiles - 1) * between + e.finishing_steps
        fetch = self.fetch_control + _loops(self.weights, in_tiles * out_tiles * e.words)
        iterations = steps * np.maximum(tokens, e.least_trips) * e.per_token
        multiply = self.multiply_control + _loops(self.multiply, iterations)
        slowest = np.maximum(fetch, multiply) + CALL_CYCLES
        # The first words have to come through, and later ones may be waited for.
        total = slowest * max(self.weights.interval, self.biases.interval)
        total += self.weights.depth + self.biases.depth + CALL_CYCLES
        if epilogue is Epilogue.GELU and self.table is not None:
            groups = _ceil(1 << self.engine.gelu_bits, self.lanes)
            total += _loop(self.table, groups * self.lanes // PARAMETERS_PER_WORD)
        if epilogue is Epilogue.LOGITS and self.logits is not None:
            total += _loop(self.logits, out_channels)
        return self.control + total + CALL_CYCLES


@dataclass(frozen=True)
class AttentionForm:
    """An attention engine: the first head's loads, then a loop over queries for each head."""

    engine: AttentionEngine
    accelerator: Accelerator
    load: Pipeline
    queries: Pipeline
    control: int
    head_control: int

    @staticmethod
    def of(model: LatencyModel, engine: AttentionEngine, accelerator: Accelerator) -> AttentionForm:
        """From loops that a walk has met."""
        main = _Function(model, engine.name)
        load, queries = main.pipelines
        head = main.named("head").body.block
        return AttentionForm(engine, accelerator, load, queries, main.control(), main.control(head))

    def cycles(self, tokens: int, heads: int) -> int:
        """Of a layer of some tokens and heads."""
        engine = self.engine
        beats = (tokens + STAGES - 1) * engine.beats(self.accelerator)
        head = self.head_control + _loop(self.queries, beats)
        load = _loop(self.load, tokens * engine.loads(self.accelerator))
        return self.control + load + heads * (head + 1) + LOOP_CYCLES + CALL_CYCLES


@dataclass(frozen=True)
class LayerNormForm:
    """A layer normalisation engine: its parameters, then one loop over all tokens."""

    parameters: Pipeline
    tokens: Pipeline
    control: int

    @staticmethod
    def of(model: LatencyModel, name: str) -> LayerNormForm:
        """From loops that a walk has met."""
        main = _Function(model, name)
        parameters, tokens = main.pipelines
        return LayerNormForm(parameters, tokens, main.control())

    def cycles(self, tokens: int, groups: int, lanes: int) -> int:
        """Of `tokens` tokens of `groups` groups of `lanes` channels."""
        words = 2 * groups * words_of(lanes, PARAMETER_BITS)
        parameters = _loop(self.parameters, words)
        return self.control + parameters + _loop(self.tokens, (tokens + 1) * groups) + CALL_CYCLES


@dataclass(frozen=True)
class MovementForm:
    """An engine that moves data: one pipelined loop, whatever it is a nest of."""

    moves: Pipeline
    control: int

    @staticmethod
    def of(model: LatencyModel, name: str) -> MovementForm:
        """From loops that a walk has met."""
        main = _Function(model, name)
        (moves,) = main.pipelines
        return MovementForm(moves, main.control())

    def cycles(self, trips: int) -> int:
        """Of some moves."""
        return self.control + _loop(self.moves, trips) + CALL_CYCLES
