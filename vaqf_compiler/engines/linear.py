"""
The engine for fully connected layers and the patch embedding.

It works tile by tile: `tile_m` output channels by `tile_n` input channels. While the weights of
a tile stay in registers, all tokens stream past them, `unroll_m x unroll_n` products a cycle, and
the weights of the next tile are fetched. Meanwhile the totals of the row of tiles before become
results, some of a token in a cycle:

    for each row of tiles, and once more:   output channels
      for each step:                        input channels; all steps are one dataflow loop
        fetch the weights of the tile of the next step
        for each token:                     one cycle each, if the tile is fully unrolled
          requantise, activate or add, and store results of the row before
          totals[token][m] += sum over n of weight[m][n] * input[token][n]

A row has a step for each tile, or more where it takes more to finish its results; then the first
steps do not multiply.

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
from vaqf_compiler.engines.linear_engine import (
    COUNTER_BITS,
    Epilogue,
    LinearEngine,
    weights_port,
)
from vaqf_compiler.engines.linear_step import Place, build_step
from vaqf_compiler.engines.values import INDEX, Value, integer

Arguments = dict[str, Value | Buffer]


def build_linear(engine: LinearEngine, accelerator: Accelerator) -> list[func.FuncOp]:
    """The engine as a function of loops, after the functions that it calls."""
    fetch, step = _build_fetch(engine, accelerator), build_step(engine, accelerator)
    steps = _build_steps(engine, fetch, step)
    with function(engine.name, engine.arguments(accelerator)) as (operation, arguments):
        vhls.InlineOp()
        available = _available(arguments)
        for name, array in engine.arrays(accelerator).items():
            available[name] = local(name, array.bits, *array.shape, partition=array.partition)
        _build_layer(engine, accelerator, available, steps)
    return [fetch, step, steps, operation]


def _available(arguments: Mapping[str, SSAValue]) -> Arguments:
    return {
        name: Buffer(value) if isinstance(value.type, MemRefType) else Value(value)
        for name, value in arguments.items()
    }


def _call(process: func.FuncOp, available: Mapping[str, Value | Buffer]) -> None:
    """Call a function with what has its arguments' names."""
    call(process, *(available[argument.name_hint or ""] for argument in process.args))


def _build_fetch(engine: LinearEngine, accelerator: Accelerator) -> func.FuncOp:
    """Fetch the weights for the step after, or where that has none, for the next that has."""
    port_name = weights_port(engine.name)
    scalars = ("weights_at", "out_tiles", "in_tiles")
    types: dict[str, Attribute] = {
        port_name: accelerator.ports[port_name],
        "fetched": engine.fetched,
        "fetch_at": engine.arrays(accelerator)["fetch_at"].type,
        **dict.fromkeys(scalars, INDEX),
    }
    with function(f"{engine.name}_fetch", types) as (operation, arguments):
        vhls.InlineOp()
        port, fetched = Buffer(arguments[port_name]), Buffer(arguments["fetched"])
        weights_at, out_tiles, in_tiles = (Value(arguments[name]) for name in scalars)
        place = Place.of(engine, Buffer(arguments["fetch_at"]), in_tiles, out_tiles)
        in_tile = (place.step - (place.steps - in_tiles) + 1).maximum(0)
        tile = place.out_tile * in_tiles + in_tile
        tile_at = (weights_at + tile.minimum(out_tiles * in_tiles - 1) * engine.tile_words).named(
            "tile_at"
        )
        with loop(0, engine.tile_words, "word") as word:
            pipeline()
            fetched[word] = port[tile_at + word]
        place.advance()
    return operation


def _build_steps(engine: LinearEngine, fetch: func.FuncOp, step: func.FuncOp) -> func.FuncOp:
    """
    All steps of a layer: while one is worked on, the weights of the next are fetched. A function of
    its own, with nothing but the loop, is the form of dataflow that the tool takes (UG1399); where
    they are in it the two processes count themselves.
    """
    types = {
        argument.name_hint or "": argument.type
        for process in (fetch, step)
        for argument in process.args
        if argument.name_hint != "fetched"
    }
    with function(f"{engine.name}_steps", {**types, "all_steps": INDEX}) as (operation, arguments):
        vhls.InlineOp()
        available = _available(arguments)
        with loop(0, Value(arguments["all_steps"]), "count", most=engine.most_steps):
            dataflow()
            inside = {**available, "fetched": buffer("fetched", engine.fetched)}
            for process in (fetch, step):
                _call(process, inside)
    return operation


def _build_layer(
    engine: LinearEngine, accelerator: Accelerator, available: Arguments, steps: func.FuncOp
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
    for counters in ("fetch_at", "step_at"):
        for i in range(2):
            buffers[counters][i] = integer(0, COUNTER_BITS)
    between = in_tiles.maximum(engine.finishing_steps)
    all_steps = in_tiles + 1 + (s["out_tiles"] - 1) * between + engine.finishing_steps
    _call(steps, {**buffers, **s, "all_steps": all_steps.named("all_steps")})
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
    """Copy the layer's GELU table, from before the biases, for each result of a cycle."""
    lanes = accelerator.lanes
    copies, size = buffers["gelu"].shape
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
        with unrolled(copies, "copy") as copy:
            buffers["gelu"][copy, group * lanes + lane] = entry
