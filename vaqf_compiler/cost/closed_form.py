"""
Cycles of a layer as formulas of its shape and the engine's parameters, for when many choices are
compared. They equal what `vaqf_compiler.cost.latency` reads off the loops; depths, initiation
intervals and the cycles between loops are taken from there, once for an engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xdsl.dialects import func, scf
from xdsl.ir import Block

from vaqf_compiler.cost.latency import CALL_CYCLES, LOOP_CYCLES, LatencyModel, is_pipelined
from vaqf_compiler.cost.pipelines import Pipeline
from vaqf_compiler.engines.attention import AttentionEngine
from vaqf_compiler.engines.layer_norm import ROOT_BITS
from vaqf_compiler.engines.linear_engine import Epilogue, LinearEngine


def _loop(pipeline: Pipeline, trips: int) -> int:
    """A pipelined loop, entered and left."""
    return pipeline.cycles(trips) + LOOP_CYCLES


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


class _Function:
    """A function's pipelined loops and cycles between loops, in the order of its text."""

    def __init__(self, model: LatencyModel, function: func.FuncOp):
        self._model = model
        self._function = function

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
class LinearForm:
    """A linear engine: loads and multiplications of a tile overlap, all else does not."""

    engine: LinearEngine
    lanes: int
    load: Pipeline
    multiply: Pipeline
    bias: Pipeline
    epilogues: Mapping[Epilogue, Pipeline]
    """Those that some layer uses, as is the next one."""
    table: Pipeline | None
    control: int
    row_control: int
    tiles_control: int
    load_control: int
    multiply_control: int

    @staticmethod
    def of(model: LatencyModel, engine: LinearEngine, lanes: int) -> LinearForm:
        """From loops that a walk has met; all epilogues must have been."""
        main = _Function(model, model.function(engine.name))
        load = _Function(model, model.function(f"{engine.name}_load"))
        multiply = _Function(model, model.function(f"{engine.name}_multiply"))
        pipelines = main.pipelines
        table = pipelines.pop(0) if Epilogue.GELU in engine.epilogues else None
        return LinearForm(
            engine,
            lanes,
            load=load.pipelines[0],
            multiply=multiply.pipelines[0],
            bias=pipelines[0],
            epilogues=dict(zip(sorted(engine.epilogues), pipelines[1:], strict=True)),
            table=table,
            control=main.control(),
            row_control=main.control(main.named("out_tile").body.block),
            tiles_control=_Function(model, model.function(f"{engine.name}_row")).control(),
            load_control=load.control(),
            multiply_control=multiply.control(),
        )

    def cycles(self, tokens: int, in_channels: int, out_channels: int, epilogue: Epilogue) -> int:
        """Of a layer `tokens x in_channels` to `tokens x out_channels`."""
        e = self.engine
        in_tiles, out_tiles = _ceil(in_channels, e.tile_n), _ceil(out_channels, e.tile_m)
        groups = e.tile_m // self.lanes
        load = self.load_control + _loop(self.load, e.tile_words) + CALL_CYCLES
        multiply = _loop(self.multiply, tokens * (e.tile_m // e.unroll_m))
        if (steps := e.tile_n // e.unroll_n) > 1:
            multiply = steps * (multiply + 1) + LOOP_CYCLES
        multiply += self.multiply_control + CALL_CYCLES
        tiles = load + multiply + (in_tiles - 1) * max(load, multiply) + LOOP_CYCLES
        tiles += self.tiles_control + CALL_CYCLES
        row = tiles + _loop(self.bias, groups) + self.row_control
        row += _loop(self.epilogues[epilogue], tokens * groups)
        table = 0
        if epilogue is Epilogue.GELU and self.table is not None:
            table = _loop(self.table, _ceil(1 << e.gelu_bits, self.lanes))
        return self.control + table + out_tiles * (row + 1) + LOOP_CYCLES + CALL_CYCLES


@dataclass(frozen=True)
class AttentionForm:
    """An attention engine: for each head three loads, then four loops for each query."""

    engine: AttentionEngine
    lanes: int
    loads: tuple[Pipeline, Pipeline, Pipeline]
    scores: Pipeline
    exponentials: Pipeline
    context: Pipeline
    store: Pipeline
    control: int
    head_control: int
    query_control: int

    @staticmethod
    def of(model: LatencyModel, engine: AttentionEngine, lanes: int) -> AttentionForm:
        """From loops that a walk has met."""
        main = _Function(model, model.function(engine.name))
        query, key, value, scores, exponentials, context, store = main.pipelines
        head = main.named("head").body.block
        queries = [op for op in head.ops if isinstance(op, scf.ForOp)][-1]
        return AttentionForm(
            engine,
            lanes,
            (query, key, value),
            scores,
            exponentials,
            context,
            store,
            control=main.control(),
            head_control=main.control(head),
            query_control=main.control(queries.body.block),
        )

    def cycles(self, tokens: int, most_tokens: int) -> int:
        """Of a layer of `tokens` tokens, with buffers for `most_tokens`."""
        groups = self.engine.head_size // self.lanes
        steps = _ceil(most_tokens, self.engine.keys)
        query = self.query_control + sum(
            _loop(pipeline, steps) for pipeline in (self.scores, self.exponentials, self.context)
        )
        query += _loop(self.store, groups)
        head = self.head_control + tokens * (query + 1) + LOOP_CYCLES
        head += sum(_loop(load, tokens * groups) for load in self.loads)
        return self.control + self.engine.heads * (head + 1) + LOOP_CYCLES + CALL_CYCLES


@dataclass(frozen=True)
class LayerNormForm:
    """A layer normalisation engine: two passes over each token, a square root between them."""

    gamma: Pipeline
    beta: Pipeline
    sums: Pipeline
    length: Pipeline
    normalise: Pipeline
    root: Pipeline
    control: int
    token_control: int
    root_control: int

    @staticmethod
    def of(model: LatencyModel, name: str) -> LayerNormForm:
        """From loops that a walk has met."""
        main = _Function(model, model.function(name))
        root = _Function(model, model.function("square_root"))
        gamma, beta, sums, length, normalise = main.pipelines
        return LayerNormForm(
            gamma,
            beta,
            sums,
            length,
            normalise,
            root.pipelines[0],
            control=main.control(),
            token_control=main.control(main.named("token").body.block),
            root_control=root.control(),
        )

    def cycles(self, tokens: int, groups: int) -> int:
        """Of `tokens` tokens of `groups` groups of lanes."""
        root = self.root_control + _loop(self.root, ROOT_BITS) + CALL_CYCLES
        token = self.token_control + root + _loop(self.length, ROOT_BITS)
        token += _loop(self.sums, groups) + _loop(self.normalise, groups)
        parameters = _loop(self.gamma, groups) + _loop(self.beta, groups)
        return self.control + parameters + tokens * (token + 1) + LOOP_CYCLES + CALL_CYCLES
