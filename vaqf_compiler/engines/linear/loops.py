"""
The loops of the engine for fully connected layers and the patch embedding.

It works tile by tile: `tile_m` output channels by `tile_n` input channels. While the weights of
a tile stay in registers, all tokens stream past them, with `unroll_m x unroll_n` products per
cycle, and the weights of the next tile are read from their queue. Meanwhile the totals of the
previous row of tiles are turned into results, `results` of them per cycle:

    for each row of tiles, and once more:   output channels
      for each step:                        input channels
        for each token:                     one cycle each, if the tile is fully unrolled
          read a word of the weights of the next step's tile
          requantise, activate or add, and store results of the previous row
          totals[token][m] += sum over n of weight[m][n] * input[token][n]

All of this is one pipelined loop (`linear_multiply`). Two processes beside it fetch the layer's
weights and its biases in the order of their use, and pass them on through queues. A row has a step
for each tile, or more if finishing the results takes more; then the first steps do not multiply.

Binary weights are processed in pairs. For two inputs `a` and `b`, `a + b` and `a - b` are computed
once for all output channels. A pair of weights selects one of the two or its complement (the bias
compensates for the difference between complement and negative), and `binary_dot` adds them up.
8-bit weights are multiplied, two in one DSP block if the numbers are narrow enough.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute, SSAValue

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.accelerator import (
    LOGIT_BITS,
    PARAMETER_BITS,
    PARAMETERS,
    PARAMETERS_PER_WORD,
    Accelerator,
    bits_of,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    call,
    dataflow,
    function,
    local,
    loop,
    pipeline,
    queue,
    unrolled,
    when,
)
from vaqf_compiler.engines.division import rounded_up
from vaqf_compiler.engines.linear.binary_dot import build_binary_dot
from vaqf_compiler.engines.linear.multiply import build_multiply
from vaqf_compiler.engines.linear.plan import Epilogue, LinearPlan, weights_port
from vaqf_compiler.engines.values import Value

Arguments = dict[str, Value | Buffer]


def build_linear(
    engine: LinearPlan, accelerator: Accelerator, *, works: bool = True
) -> list[func.FuncOp]:
    """
    Build the engine as a function of loops, preceded by the functions that it calls. Without
    `works`, its main loop is almost empty, for callers that need only the timing of the rest.
    """
    port = weights_port(engine.name)
    weights = _build_fetch(f"{engine.name}_fetch_weights", accelerator, port, engine.weights)
    biases = _build_fetch(f"{engine.name}_fetch_biases", accelerator, PARAMETERS, engine.biases)
    binary_dot = build_binary_dot(engine) if engine.weight_bits == 1 else None
    multiply = build_multiply(engine, accelerator, binary_dot, multiplies=works, finishes=works)
    tiles = _build_tiles(engine, weights, biases, multiply)
    with function(engine.name, engine.arguments(accelerator)) as (operation, arguments):
        vhls.InlineOp()
        available = _available(arguments)
        for name, array in engine.shared_arrays(accelerator).items():
            available[name] = local(name, array.bits, *array.shape, partition=array.partition)
        _build_layer(engine, accelerator, available, tiles)
    parts = [] if binary_dot is None else [binary_dot]
    return [weights, biases, *parts, multiply, tiles, operation]


def _available(arguments: Mapping[str, SSAValue]) -> Arguments:
    return {
        name: Buffer(value) if isinstance(value.type, MemRefType) else Value(value)
        for name, value in arguments.items()
    }


def _build_fetch(
    name: str, accelerator: Accelerator, port_name: str, queue_: MemRefType[Attribute]
) -> func.FuncOp:
    """
    Build a process that fetches a layer's weights, tile by tile, or its biases. They lie in
    external memory in the order in which the layer uses them.
    """
    types: dict[str, Attribute] = {
        port_name: accelerator.ports[port_name],
        "fetched": queue_,
        "at": INDEX,
        "words": INDEX,
    }
    with function(name, types) as (operation, arguments):
        vhls.InlineOp()
        port, fetched = Buffer(arguments[port_name]), Buffer(arguments["fetched"])
        (most,) = fetched.shape
        with loop(0, Value(arguments["words"]), "word", most=most) as word:
            pipeline()
            fetched[word] = port[Value(arguments["at"]) + word]
    return operation


def _build_tiles(
    engine: LinearPlan, weights: func.FuncOp, biases: func.FuncOp, multiply: func.FuncOp
) -> func.FuncOp:
    """
    Build the dataflow function that runs all processes at the same time. It contains nothing else,
    because that is the form of dataflow that the tool accepts (UG1399).
    """
    queues = {"weights": engine.weights, "biases": engine.biases}
    ports = {a.name_hint or "": a.type for f in (weights, biases) for a in f.args[:1]}
    scalars = ("weights_at", "weight_words", "parameters_at", "bias_words")
    rest = {a.name_hint or "": a.type for a in multiply.args if a.name_hint not in queues}
    types = {**ports, **dict.fromkeys(scalars, INDEX), **rest}
    with function(f"{engine.name}_tiles", types) as (operation, arguments):
        vhls.InlineOp()
        dataflow()
        available = _available(arguments)
        for name, type_ in queues.items():
            available[name] = queue(name, type_, engine.queue_depths[name])
        port = weights_port(engine.name)
        for process, names in (
            (weights, (port, "weights", "weights_at", "weight_words")),
            (biases, (PARAMETERS, "biases", "parameters_at", "bias_words")),
            (multiply, tuple(argument.name_hint or "" for argument in multiply.args)),
        ):
            call(process, *(available[name] for name in names))
    return operation


def _build_layer(
    engine: LinearPlan, accelerator: Accelerator, available: Arguments, tiles: func.FuncOp
) -> None:
    """Build the body of the engine's function; `available` are its arguments and arrays."""
    s = {name: value for name, value in available.items() if isinstance(value, Value)}
    in_tiles = rounded_up(s["in_channels"], engine.tile_n, engine.most_in_channels)
    out_tiles = rounded_up(s["out_channels"], engine.tile_m, engine.most_out_channels)
    s |= {"in_tiles": in_tiles.named("in_tiles"), "out_tiles": out_tiles.named("out_tiles")}
    buffers = {name: value for name, value in available.items() if isinstance(value, Buffer)}
    if Epilogue.GELU in engine.epilogues:
        _load_gelu_table(accelerator, buffers, s)
    lanes = accelerator.lanes
    words = {
        "weight_words": s["out_tiles"] * in_tiles * engine.tile_words,
        "bias_words": s["out_tiles"] * engine.bias_words,
    }
    given = {**buffers, **s, **{name: count.named(name) for name, count in words.items()}}
    call(tiles, *(given[argument.name_hint or ""] for argument in tiles.args))
    if Epilogue.LOGITS in engine.epilogues:
        with when(s["epilogue"].equals(Epilogue.LOGITS)):
            most = engine.most_out_channels
            with loop(0, s["out_channels"], "channel", most=most) as channel:
                pipeline()
                logit = buffers["logit"][channel // lanes, channel % lanes]
                buffers["logits"][s["target"] + channel] = logit.to(LOGIT_BITS)


def _load_gelu_table(
    accelerator: Accelerator, buffers: Mapping[str, Buffer], s: Mapping[str, Value]
) -> None:
    """
    Load the layer's GELU table, which precedes its biases, into a copy for each result per cycle.
    A word contains several entries, of which a copy stores one per cycle.
    """
    copies, size = buffers["gelu"].shape
    words = size // PARAMETERS_PER_WORD
    table_at = (s["parameters_at"] - words).named("table_at")
    with when(s["epilogue"].equals(Epilogue.GELU)), loop(0, words, "word") as word:
        pipeline(PARAMETERS_PER_WORD)
        data = buffers["parameters"][table_at + word].named("data")
        with unrolled(PARAMETERS_PER_WORD, "part") as part:
            value = data.field(part * PARAMETER_BITS, PARAMETER_BITS)
            entry = value.to(bits_of(accelerator.activations)).named("entry")
            with unrolled(copies, "copy") as copy:
                buffers["gelu"][copy, word * PARAMETERS_PER_WORD + part] = entry
