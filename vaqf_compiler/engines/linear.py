"""
The engine for fully connected layers and the patch embedding.

It works tile by tile: `tile_m` output channels by `tile_n` input channels. While the weights of
a tile stay in registers, all tokens stream past them, `unroll_m x unroll_n` products a cycle:

    for each tile row:                      output channels
      for each tile of it:                  input channels
        load the tile's weights
        for each token:                     one cycle each, if the tile is fully unrolled
          totals[token][m] += sum over n of weight[m][n] * input[token][n]
      for each token: requantise, activate or add, and store

A binary weight adds or subtracts; an 8-bit weight multiplies.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    PARAMETER_BITS,
    PARAMETERS_PER_WORD,
    Accelerator,
    bits_of,
    each_parameter,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    Number,
    Value,
    carrying_loop,
    function,
    integer,
    local,
    loop,
    pipeline,
    select,
    unrolled,
    when,
)
from vaqf_compiler.engines.epilogue import EpilogueLoops
from vaqf_compiler.engines.linear_engine import Epilogue, LinearEngine, weights_port


def build_linear(engine: LinearEngine, accelerator: Accelerator) -> func.FuncOp:
    """The engine as a function of loops."""
    lanes = accelerator.lanes
    with function(engine.name, engine.arguments(accelerator)) as (operation, arguments):
        vhls.InlineOp()
        buffers = {k: Buffer(v) for k, v in arguments.items() if isinstance(v.type, MemRefType)}
        scalars = {k: Value(v) for k, v in arguments.items() if k not in buffers}
        row_bits = min(WORD_BITS, engine.tile_n * engine.weight_bits)
        weight = local("weight", row_bits, engine.tile_m, engine.row_words, partition=(1, 2))
        bias = local("bias", PARAMETER_BITS, engine.tile_m // lanes, lanes, partition=(2,))
        totals = local(
            "totals", engine.total_bits, accelerator.tokens, engine.tile_m, partition=(2,)
        )
        body = _Body(engine, accelerator, buffers, scalars, weight, bias, totals)
        body.build()
    return operation


@dataclass(frozen=True)
class _Body:
    engine: LinearEngine
    accelerator: Accelerator
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]
    weight: Buffer
    bias: Buffer
    totals: Buffer

    def build(self) -> None:
        engine, s = self.engine, self.scalars
        gelu = self._gelu_table()
        epilogue = EpilogueLoops(engine, self.accelerator, self.buffers, s, self.bias, self.totals)
        in_tiles = ((s["in_channels"] + (engine.tile_n - 1)) // engine.tile_n).named("in_tiles")
        out_tiles = (s["out_channels"] + (engine.tile_m - 1)) // engine.tile_m
        most_out_tiles = -(-engine.most_out_channels // engine.tile_m)
        most_in_tiles = -(-engine.most_in_channels // engine.tile_n)
        with loop(0, out_tiles.named("out_tiles"), "out_tile", most=most_out_tiles) as out_tile:
            with loop(0, in_tiles, "in_tile", most=most_in_tiles) as in_tile:
                tile = out_tile * in_tiles + in_tile
                self._load_weights((s["weights_at"] + tile * engine.tile_words).named("tile_at"))
                self._multiply(in_tile, in_tiles)
            words = engine.tile_m // PARAMETERS_PER_WORD
            bias_at = (s["parameters_at"] + out_tile * words).named("bias_at")
            groups = engine.tile_m // self.accelerator.lanes
            with each_parameter(
                self.buffers["parameters"], bias_at, groups, self.accelerator.lanes
            ) as (group, lane, value):
                self.bias[group, lane] = value
            epilogue.build(out_tile, gelu)

    def _gelu_table(self) -> Buffer | None:
        """A copy of the layer's GELU table for each lane, loaded from before the biases."""
        engine, lanes = self.engine, self.accelerator.lanes
        if Epilogue.GELU not in engine.epilogues:
            return None
        # Packed by lanes, so a table of 3 bits takes a whole group even of 16.
        groups = -(-(1 << engine.gelu_bits) // lanes)
        size = groups * lanes
        bits = bits_of(self.accelerator.activations)
        gelu = local("gelu", bits, lanes, size, partition=(1,))
        table_at = (self.scalars["parameters_at"] - size // PARAMETERS_PER_WORD).named("table_at")
        with (
            when(self.scalars["epilogue"].equals(Epilogue.GELU)),
            each_parameter(self.buffers["parameters"], table_at, groups, lanes) as (
                group,
                lane,
                value,
            ),
        ):
            entry = value.to(bits).named("entry")
            with unrolled(lanes, "copy") as copy:
                gelu[copy, group * lanes + lane] = entry
        return gelu

    def _load_weights(self, tile_at: Value) -> None:
        engine = self.engine
        port = self.buffers[weights_port(engine.name)]
        if engine.rows_per_word == 1:
            with loop(0, engine.tile_m, "m") as m:
                pipeline(engine.row_words)
                with unrolled(engine.row_words, "word") as word:
                    self.weight[m, word] = port[tile_at + m * engine.row_words + word]
            return
        row_bits = engine.tile_n * engine.weight_bits
        with loop(0, engine.tile_m // engine.rows_per_word, "word") as word:
            pipeline()
            data = port[tile_at + word].named("data")
            with unrolled(engine.rows_per_word, "row") as row:
                m = word * engine.rows_per_word + row
                self.weight[m, 0] = data.field(row * row_bits, row_bits)

    def _multiply(self, in_tile: Value, in_tiles: Value) -> None:
        """Add the products of one tile to the totals of all tokens."""
        engine = self.engine
        steps_n = engine.tile_n // engine.unroll_n
        steps_m = engine.tile_m // engine.unroll_m
        with ExitStack() as loops:
            step_n = _outer(loops, steps_n, "step_n")
            token = loops.enter_context(
                loop(0, self.scalars["tokens"], "token", most=self.accelerator.tokens)
            )
            step_m = _outer(loops, steps_m, "step_m")
            pipeline()
            first = in_tile.equals(0)
            if steps_n > 1:
                first = first & index_of(step_n).equals(0)
            row = (self.scalars["source"] + token * in_tiles + in_tile).named("row")
            first = first.named("first")
            with unrolled(engine.unroll_m, "lane_m") as lane_m:
                m = _joined(step_m, engine.unroll_m, lane_m, steps_m)
                zero = integer(0, engine.total_bits)
                start = select(first, zero, self.totals[token, m])
                self.totals[token, m] = self._dot(row, m, step_n, start, in_tile)

    def _dot(self, row: Value, m: Value, step_n: Number, start: Value, in_tile: Value) -> Value:
        """`start` plus the products of one token and one output channel."""
        engine, lanes = self.engine, self.accelerator.lanes
        groups = engine.unroll_n // lanes
        steps = engine.tile_n // engine.unroll_n
        source = self.buffers[
            "image" if self.engine.input is self.accelerator.image else "activations"
        ]
        with carrying_loop(0, groups, "group", {"total": start}) as outer:
            vhls.UnrollOp()
            group = _joined(step_n, groups, outer.index, steps)
            with carrying_loop(0, lanes, "lane", {"sum": outer.carried[0]}) as inner:
                vhls.UnrollOp()
                n = (group * lanes + inner.index).named("n")
                x = source[row, group, inner.index]
                if engine.masks_channels:
                    channel = in_tile * engine.tile_n + n
                    zero = integer(0, x.bits)
                    x = select(channel < self.scalars["in_channels"], x, zero)
                inner.next(inner.carried[0] + self._product(x.named("x"), m, n))
            outer.next(*inner.results)
        return outer.results[0]

    def _product(self, x: Value, m: Value, n: Value) -> Value:
        engine = self.engine
        bit = n * engine.weight_bits
        word: Number = 0
        if engine.row_words > 1:
            word, bit = bit // WORD_BITS, bit % WORD_BITS
        w = self.weight[m, word].field(bit, engine.weight_bits)
        if engine.weight_bits == 1:
            wide = x.to(engine.total_bits).named("wide")
            return select(w, wide, -wide)
        return x.times(w).to(engine.total_bits)


def _outer(loops: ExitStack, steps: int, name: str) -> Number:
    """A loop over the steps that a tile is not unrolled for, none if it is."""
    return loops.enter_context(loop(0, steps, name)) if steps > 1 else 0


def _joined(step: Number, size: int, offset: Value, steps: int) -> Value:
    """The position of `offset` in step `step` of `steps` steps of `size`."""
    return offset if steps == 1 else index_of(step) * size + offset


def index_of(number: Number) -> Value:
    """A loop index that is known not to be the constant of a loop left out."""
    assert isinstance(number, Value)
    return number
