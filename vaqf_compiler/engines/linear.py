"""
The engine for fully connected layers and the patch embedding.

It works tile by tile: `tile_m` output channels by `tile_n` input channels. While the weights of
a tile stay in registers, all tokens stream past them, `unroll_m x unroll_n` products a cycle, and
the weights of the next tile are fetched. Meanwhile the totals of the row of tiles before become
results, a group of lanes a token:

    for each row of tiles, and once more:   output channels
      for each step:                        input channels; a dataflow loop of its own function
        load the weights of the tile of the next step
        for each token:                     one cycle each, if the tile is fully unrolled
          requantise, activate or add, and store a group of the row before
          totals[token][m] += sum over n of weight[m][n] * input[token][n]

A row has a step for each tile, or more where its totals have more groups; then the first steps do
not multiply.

Binary weights are worked on in pairs. Of two inputs `a` and `b`, `a + b` and `a - b` are made once
for all output channels; a pair of weights chooses one of the two or its complement (the bias makes
up for the difference to the negative). An 8-bit weight multiplies, two of them in one DSP block
where the numbers are narrow enough.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, SSAValue

from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.accelerator import (
    LOGIT_BITS,
    PARAMETERS_PER_WORD,
    Accelerator,
    bits_of,
    each_parameter,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    buffer,
    call,
    dataflow,
    function,
    local,
    loop,
    pipeline,
    unrolled,
    when,
)
from vaqf_compiler.engines.linear_engine import Epilogue, LinearEngine, weights_port
from vaqf_compiler.engines.linear_step import build_step
from vaqf_compiler.engines.values import INDEX, Value, select

Arguments = dict[str, Value | Buffer]


def build_linear(engine: LinearEngine, accelerator: Accelerator) -> list[func.FuncOp]:
    """The engine as a function of loops, after the functions that it calls."""
    load, step = _build_load(engine, accelerator), build_step(engine, accelerator)
    row = _build_row(engine, accelerator, load, step)
    with function(engine.name, engine.arguments(accelerator)) as (operation, arguments):
        vhls.InlineOp()
        available = {**_available(arguments)}
        for name, array in engine.arrays(accelerator).items():
            available[name] = local(name, array.bits, *array.shape, partition=array.partition)
        _build_rows(engine, accelerator, available, row)
    return [load, step, row, operation]


def _available(arguments: Mapping[str, SSAValue]) -> Arguments:
    return {
        name: Buffer(value) if isinstance(value.type, MemRefType) else Value(value)
        for name, value in arguments.items()
    }


def _call(process: func.FuncOp, available: Mapping[str, Value | Buffer]) -> None:
    """Call a function with what has its arguments' names."""
    call(process, *(available[argument.name_hint or ""] for argument in process.args))


def _build_load(engine: LinearEngine, accelerator: Accelerator) -> func.FuncOp:
    """Fetch the weights for the step after, or where that has none, for the next that has."""
    port_name = weights_port(engine.name)
    scalars = ("weights_at", "out_tile", "out_tiles", "in_tiles", "step", "steps")
    types: dict[str, Attribute] = {
        port_name: accelerator.ports[port_name],
        "fetched": engine.fetched,
        **dict.fromkeys(scalars, INDEX),
    }
    with function(f"{engine.name}_load", types) as (operation, arguments):
        vhls.InlineOp()
        port, fetched = Buffer(arguments[port_name]), Buffer(arguments["fetched"])
        s = {name: Value(arguments[name]) for name in scalars}
        in_tile = (s["step"] - (s["steps"] - s["in_tiles"]) + 1).maximum(0)
        tile = s["out_tile"] * s["in_tiles"] + in_tile
        tile = tile.minimum(s["out_tiles"] * s["in_tiles"] - 1).named("tile")
        tile_at = (s["weights_at"] + tile * engine.tile_words).named("tile_at")
        with loop(0, engine.tile_words, "word") as word:
            pipeline()
            fetched[word] = port[tile_at + word]
    return operation


def _build_row(
    engine: LinearEngine, accelerator: Accelerator, load: func.FuncOp, step: func.FuncOp
) -> func.FuncOp:
    """
    All steps of a row: while one is worked on, the weights of the next are loaded. A function of
    its own, with nothing but the loop, is the form of dataflow that the tool takes (UG1399).
    """
    types = {
        argument.name_hint or "": argument.type
        for process in (load, step)
        for argument in process.args
        if argument.name_hint not in ("fetched", "step")
    }
    with function(f"{engine.name}_row", types) as (operation, arguments):
        vhls.InlineOp()
        available = _available(arguments)
        steps = available["steps"]
        assert isinstance(steps, Value)
        with loop(0, steps, "step", most=engine.most_steps(accelerator.lanes)) as index:
            dataflow()
            fetched = buffer("fetched", engine.fetched)
            inside = {**available, "fetched": fetched, "step": index}
            for process in (load, step):
                _call(process, inside)
    return operation


def _build_rows(
    engine: LinearEngine, accelerator: Accelerator, available: Arguments, row: func.FuncOp
) -> None:
    """The body of the engine's function; `available` are its arguments and arrays."""
    s = {name: value for name, value in available.items() if isinstance(value, Value)}
    in_tiles = ((s["in_channels"] + (engine.tile_n - 1)) // engine.tile_n).named("in_tiles")
    out_tiles = (s["out_channels"] + (engine.tile_m - 1)) // engine.tile_m
    s |= {"in_tiles": in_tiles, "out_tiles": out_tiles.named("out_tiles")}
    buffers = {name: value for name, value in available.items() if isinstance(value, Buffer)}
    if Epilogue.GELU in engine.epilogues:
        _load_gelu_table(engine, accelerator, buffers, s)
    groups, lanes = engine.groups(accelerator.lanes), accelerator.lanes
    with each_parameter(
        buffers["parameters"], s["parameters_at"], s["out_tiles"] * groups, lanes
    ) as (group, lane, value):
        buffers["bias"][group, lane] = value
    most_rows = -(-engine.most_out_channels // engine.tile_m) + 1
    with loop(0, s["out_tiles"] + 1, "out_tile", most=most_rows) as out_tile:
        # The first row has no results to finish yet, but weights to fetch before it multiplies;
        # the last one has nothing to multiply.
        between = in_tiles.maximum(groups)
        after_first = select(out_tile.equals(s["out_tiles"]), between.like(groups), between)
        steps = select(out_tile.equals(0), in_tiles + 1, after_first).named("steps")
        _call(row, {**buffers, **s, "out_tile": out_tile, "steps": steps})
    if Epilogue.LOGITS in engine.epilogues:
        with when(s["epilogue"].equals(Epilogue.LOGITS)):
            most = engine.most_out_channels
            with loop(0, s["out_channels"], "channel", most=most) as channel:
                pipeline()
                logit = buffers["logit"][channel // lanes, channel % lanes]
                buffers["logits"][s["target"] + channel] = logit.to(LOGIT_BITS)


def _load_gelu_table(
    engine: LinearEngine,
    accelerator: Accelerator,
    buffers: Mapping[str, Buffer],
    s: Mapping[str, Value],
) -> None:
    """Copy the layer's GELU table, from before the biases, for each lane."""
    lanes = accelerator.lanes
    _, size = buffers["gelu"].shape
    table_at = (s["parameters_at"] - size // PARAMETERS_PER_WORD).named("table_at")
    with (
        when(s["epilogue"].equals(Epilogue.GELU)),
        each_parameter(buffers["parameters"], table_at, size // lanes, lanes) as (
            group,
            lane,
            value,
        ),
    ):
        entry = value.to(bits_of(accelerator.activations)).named("entry")
        with unrolled(lanes, "copy") as copy:
            buffers["gelu"][copy, group * lanes + lane] = entry
