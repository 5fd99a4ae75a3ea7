"""
The engine for fully connected layers and the patch embedding.

It works tile by tile: `tile_m` output channels by `tile_n` input channels. While the weights of
a tile stay in registers, all tokens stream past them, `unroll_m x unroll_n` products a cycle, and
the weights of the next tile are taken over. Meanwhile the totals of the row of tiles before become
results, some of a token in a cycle:

    for each row of tiles, and once more:   output channels
      for each step:                        input channels
        for each token:                     one cycle each, if the tile is fully unrolled
          take over a word of the weights of the next step's tile
          requantise, activate or add, and store results of the row before
          totals[token][m] += sum over n of weight[m][n] * input[token][n]

All of it is one pipelined loop (`linear_multiply`). Two processes beside it fetch the layer's
weights and its biases, in the order of their use, and hand them over through queues. A row has a
step for each tile, or more where it takes more to finish its results; then the first steps do not
multiply.

Binary weights are worked on in pairs. Of two inputs `a` and `b`, `a + b` and `a - b` are made once
for all output channels; a pair of weights chooses one of the two or its complement (the bias makes
up for the difference to the negative), and `binary_dot` adds them up. An 8-bit weight multiplies,
two of them in one DSP block where the numbers are narrow enough.
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
    The engine as a function of loops, after the functions that it calls. Its main loop is all but
    empty unless it `works`, where only the timing of what is around it is of interest.
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
    A process that fetches what lies in external memory in the order in which a layer uses it: its
    weights, tile by tile, or its biases.
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
    All processes at the same time. A function of its own, with nothing else in it, is the form of
    dataflow that the tool takes (UG1399).
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
    """The body of the engine's function; `available` are its arguments and arrays."""
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
    Copy the layer's GELU table, from before the biases, for each result of a cycle. A word has
    several entries, of which each copy takes one a cycle.
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
