"""
The engine for fully connected layers and the patch embedding.

It works tile by tile: `tile_m` output channels by `tile_n` input channels. While the weights of
a tile stay in registers, all tokens stream past them, `unroll_m x unroll_n` products a cycle, and
the weights of the next tile are fetched:

    for each tile row:                      output channels
      for each tile of it:                  input channels; a dataflow loop of its own function
        load the tile's weights
        for each token:                     one cycle each, if the tile is fully unrolled
          totals[token][m] += sum over n of weight[m][n] * input[token][n]
      for each token: requantise, activate or add, and store

A binary weight takes `x` or `~x` (the bias makes up for the difference to `-x`); an 8-bit weight
multiplies, two of them in one DSP block where the numbers are narrow enough.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

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
    call,
    dataflow,
    function,
    local,
    loop,
    pipeline,
    scratch,
    unrolled,
    when,
)
from vaqf_compiler.engines.epilogue import EpilogueLoops
from vaqf_compiler.engines.linear_engine import Epilogue, LinearEngine, weights_port
from vaqf_compiler.engines.trees import paired, products, tree_sum
from vaqf_compiler.engines.values import INDEX, Number, Value, constant, integer, select


def build_linear(engine: LinearEngine, accelerator: Accelerator) -> list[func.FuncOp]:
    """The engine as a function of loops, after the functions that it calls."""
    load, multiply = _build_load(engine, accelerator), _build_multiply(engine, accelerator)
    row = _build_row(engine, accelerator, load, multiply)
    lanes = accelerator.lanes
    with function(engine.name, engine.arguments(accelerator)) as (operation, arguments):
        vhls.InlineOp()
        buffers = {k: Buffer(v) for k, v in arguments.items() if isinstance(v.type, MemRefType)}
        scalars = {k: Value(v) for k, v in arguments.items() if k not in buffers}
        bias = local("bias", PARAMETER_BITS, engine.tile_m // lanes, lanes, partition=(2,))
        shape = _totals_type(engine, accelerator).get_shape()
        totals = local("totals", engine.total_bits, *shape, partition=(2, 3))
        _Body(engine, accelerator, buffers, scalars, bias, totals, row).build()
    return [load, multiply, row, operation]


def _totals_type(engine: LinearEngine, accelerator: Accelerator) -> MemRefType[Attribute]:
    """
    The totals of a row of tiles, a memory for each output channel. With a dimension of lanes the
    tool sees that those of a group are in different memories.
    """
    groups = engine.tile_m // accelerator.lanes
    shape = [accelerator.tokens, groups, accelerator.lanes]
    return MemRefType(IntegerType(engine.total_bits), shape)


def _weight_type(engine: LinearEngine) -> MemRefType[Attribute]:
    """The weights of a tile: a row of words for each output channel."""
    row_bits = min(WORD_BITS, engine.tile_n * engine.weight_bits)
    return MemRefType(IntegerType(row_bits), [engine.tile_m, engine.row_words])


def _build_load(engine: LinearEngine, accelerator: Accelerator) -> func.FuncOp:
    """Fetch the weights of a tile."""
    port_name = weights_port(engine.name)
    types: dict[str, Attribute] = {
        port_name: accelerator.ports[port_name],
        "weight": _weight_type(engine),
        **dict.fromkeys(("weights_at", "out_tile", "in_tile", "in_tiles"), INDEX),
    }
    with function(f"{engine.name}_load", types) as (operation, arguments):
        vhls.InlineOp()
        port, weight = Buffer(arguments[port_name]), Buffer(arguments["weight"])
        s = {name: Value(value) for name, value in arguments.items()}
        tile = s["out_tile"] * s["in_tiles"] + s["in_tile"]
        tile_at = (s["weights_at"] + tile * engine.tile_words).named("tile_at")
        if engine.rows_per_word == 1:
            words = engine.row_words
            with loop(0, engine.tile_m, "m") as m, loop(0, words, "word") as word:
                pipeline()
                weight[m, word] = port[tile_at + m * words + word]
        else:
            row_bits = engine.tile_n * engine.weight_bits
            with loop(0, engine.tile_words, "word") as word:
                pipeline()
                data = port[tile_at + word].named("data")
                with unrolled(engine.rows_per_word, "row") as row:
                    m = word * engine.rows_per_word + row
                    weight[m, 0] = data.field(row * row_bits, row_bits)
    return operation


def _build_multiply(engine: LinearEngine, accelerator: Accelerator) -> func.FuncOp:
    """Add the products of one tile to the totals of all tokens."""
    source = "image" if engine.input is accelerator.image else "activations"
    names = ["tokens", "source", "in_tile", "in_tiles"]
    if engine.masks_channels:
        names.append("in_channels")
    types: dict[str, Attribute] = {
        source: engine.input,
        "weight": _weight_type(engine),
        "totals": _totals_type(engine, accelerator),
        **dict.fromkeys(names, INDEX),
    }
    with function(f"{engine.name}_multiply", types) as (operation, arguments):
        vhls.InlineOp()
        scalars = {name: Value(arguments[name]) for name in names}
        buffers = [Buffer(arguments[name]) for name in (source, "weight", "totals")]
        _Multiply(engine, accelerator, scalars, *buffers).build()
    return operation


def _build_row(
    engine: LinearEngine, accelerator: Accelerator, load: func.FuncOp, multiply: func.FuncOp
) -> func.FuncOp:
    """
    All tiles of a row: while one is multiplied with, the next is loaded. A function of its own,
    with nothing but the loop, is the form of dataflow that the tool takes (UG1399).
    """
    types = {
        argument.name_hint or "": argument.type
        for process in (load, multiply)
        for argument in process.args
        if argument.name_hint not in ("weight", "in_tile")
    }
    most = -(-engine.most_in_channels // engine.tile_n)
    with function(f"{engine.name}_row", types) as (operation, arguments):
        vhls.InlineOp()
        available = {
            name: Buffer(value) if isinstance(value.type, MemRefType) else Value(value)
            for name, value in arguments.items()
        }
        in_tiles = available["in_tiles"]
        assert isinstance(in_tiles, Value)
        with loop(0, in_tiles, "in_tile", most=most) as in_tile:
            dataflow()
            tile = _weight_type(engine)
            weight = scratch("weight", bits_of(tile), *tile.get_shape())
            inside = {**available, "weight": weight, "in_tile": in_tile}
            for process in (load, multiply):
                call(process, *(inside[argument.name_hint or ""] for argument in process.args))
    return operation


@dataclass(frozen=True)
class _Body:
    engine: LinearEngine
    accelerator: Accelerator
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]
    bias: Buffer
    totals: Buffer
    row: func.FuncOp

    def build(self) -> None:
        engine, s = self.engine, self.scalars
        gelu = self._gelu_table()
        epilogue = EpilogueLoops(engine, self.accelerator, self.buffers, s, self.bias, self.totals)
        in_tiles = ((s["in_channels"] + (engine.tile_n - 1)) // engine.tile_n).named("in_tiles")
        out_tiles = (s["out_channels"] + (engine.tile_m - 1)) // engine.tile_m
        most_out_tiles = -(-engine.most_out_channels // engine.tile_m)
        with loop(0, out_tiles.named("out_tiles"), "out_tile", most=most_out_tiles) as out_tile:
            places = {"out_tile": out_tile, "in_tiles": in_tiles}
            available = {**self.buffers, **s, **places, "totals": self.totals}
            call(self.row, *(available[argument.name_hint or ""] for argument in self.row.args))
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


@dataclass(frozen=True)
class _Multiply:
    engine: LinearEngine
    accelerator: Accelerator
    scalars: dict[str, Value]
    source: Buffer
    weight: Buffer
    totals: Buffer

    def build(self) -> None:
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
            first = self.scalars["in_tile"].equals(0)
            if steps_n > 1:
                first = first & _joined(step_n, 1, constant(0), steps_n).equals(0)
            first = first.named("first")
            x = self._inputs(token, step_n)
            for lane, other in paired(engine.unroll_m, "lane", pairs=engine.pairs_products):
                channels = [
                    _joined(step_m, engine.unroll_m, which, steps_m).named("m")
                    for which in (lane, other)
                    if which is not None
                ]
                for m, dot in zip(channels, self._dots(x, channels, step_n), strict=True):
                    zero, lanes = integer(0, engine.total_bits), self.accelerator.lanes
                    place = (token, m // lanes, m % lanes)
                    start = select(first, zero, self.totals[place])
                    self.totals[place] = start + dot.to(engine.total_bits)

    def _inputs(self, token: Value, step_n: Number) -> Buffer:
        """The input channels of a token that are multiplied in a cycle."""
        engine, lanes, s = self.engine, self.accelerator.lanes, self.scalars
        groups = engine.unroll_n // lanes
        row = (s["source"] + token * s["in_tiles"] + s["in_tile"]).named("row")
        x = scratch("x", bits_of(engine.input), engine.unroll_n)
        with unrolled(groups, "group") as group, unrolled(lanes, "lane") as lane:
            in_tile = _joined(step_n, groups, group, engine.tile_n // engine.unroll_n)
            value = self.source[row, in_tile, lane]
            if engine.masks_channels:
                channel = s["in_tile"] * engine.tile_n + in_tile * lanes + lane
                value = select(channel < s["in_channels"], value, integer(0, value.bits))
            x[group * lanes + lane] = value
        return x

    def _dots(self, x: Buffer, channels: list[Value], step_n: Number) -> list[Value]:
        """The products of inputs and weights of one or two output channels, summed up."""
        engine = self.engine
        binary = engine.weight_bits == 1
        bits = x.bits if binary else x.bits + engine.weight_bits
        terms = [scratch("term", bits, engine.unroll_n) for _ in channels]
        with unrolled(engine.unroll_n, "n") as n:
            at = _joined(step_n, engine.unroll_n, n, engine.tile_n // engine.unroll_n)
            if binary:
                weight = self._weight(channels[0], at)
                terms[0][n] = select(weight, x[n], ~x[n])
            else:
                weights = [self._weight(m, at).named("weight") for m in channels]
                for term, product in zip(terms, products(x[n], weights), strict=True):
                    term[n] = product
        return [tree_sum(term, "sum") for term in terms]

    def _weight(self, m: Value, n: Value) -> Value:
        """The weight of an output and an input channel of the tile."""
        engine = self.engine
        bit = n * engine.weight_bits
        word: Number = 0
        if engine.row_words > 1:
            word, bit = bit // WORD_BITS, bit % WORD_BITS
        return self.weight[m, word].field(bit, engine.weight_bits)


def _outer(loops: ExitStack, steps: int, name: str) -> Number:
    """A loop over the steps that a tile is not unrolled for, none if it is."""
    return loops.enter_context(loop(0, steps, name)) if steps > 1 else 0


def _joined(step: Number, size: int, offset: Value, steps: int) -> Value:
    """The position of `offset` in step `step` of `steps` steps of `size`."""
    if steps == 1:
        return offset
    assert isinstance(step, Value)
    return step * size + offset
