"""From the dispatches of a mapped model to the engines that they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Attribute
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import (
    AttentionContextOp,
    AttentionScoresOp,
    BinaryType,
    DispatchOp,
    EngineOp,
    GeluOp,
    LayerNormOp,
    LinearOp,
    MemoryOp,
    PatchEmbedOp,
    RequantizeOp,
    SoftmaxOp,
)
from vaqf_compiler.dialects.binvit.checks import element, quantized, shape_of
from vaqf_compiler.dialects.binvit.types import dot_product_bits
from vaqf_compiler.engines.accelerator import ACTIVATIONS, IMAGE, RESIDUAL, Accelerator, bits_of
from vaqf_compiler.engines.attention.plan import AttentionEngine
from vaqf_compiler.engines.dispatches import (
    epilogue_of,
    find,
    find_optional,
    heads_of,
    layer_of,
    name_of,
    parameter_of,
    tokens_and_channels,
)
from vaqf_compiler.engines.layer_norm.plan import LayerNormEngine
from vaqf_compiler.engines.linear.plan import Epilogue, LinearEngine
from vaqf_compiler.errors import OperationError
from vaqf_compiler.reference.tables import layer_norm_epsilon, softmax_constants

EXP_TABLE = "exp_table"

LINEAR_SHIFT = 31
"""
Requantisation shifts that linear engines are always built for. Shifts follow from the scales of a
trained model; an accelerator must be chosen before there is one, and serve for others.
"""


def context_shift(bits: int) -> int:
    """The same for what attention of activations of some bits puts out."""
    return bits + 24


def exp_shift(bits: int) -> int:
    """The same for the exponents of attention."""
    return 2 * bits + 12


def plan_accelerator(
    module: ModuleOp,
    engines: dict[str, EngineOp],
    dispatches: Sequence[DispatchOp],
    ports: Mapping[str, MemRefType[Attribute]],
) -> Accelerator:
    """What the engines of a module agree on; `ports` are those of the parameters."""
    found = [op for op in module.ops if isinstance(op, MemoryOp)]
    memories = {op.sym_name.data: op.type for op in found}
    for name in (ACTIVATIONS, RESIDUAL, IMAGE):
        if name not in memories:
            raise PassFailedException(f"there is no memory @{name}; run binvit-allocate first")
    lanes = {parameter_of(engine, "lanes") for engine in engines.values()}
    if len(lanes) != 1:
        raise PassFailedException(f"all engines must have the same lanes, got {sorted(lanes)}")
    streams = [shape_of(d.result) for d in dispatches if _is_in(d, RESIDUAL)]
    residual_rows = _shape(memories[RESIDUAL])[0]
    (number,) = lanes
    channels = streams[0][1]
    return Accelerator(
        lanes=number,
        tokens=residual_rows * number // channels,
        channels=channels,
        activations=memories[ACTIVATIONS],
        residual=memories[RESIDUAL],
        image=memories[IMAGE],
        ports=ports,
        uram=frozenset(op.sym_name.data for op in found if op.storage.data == "uram"),
    )


def _shape(memory: MemRefType[Attribute]) -> tuple[int, ...]:
    return memory.get_shape()


def _is_in(dispatch: DispatchOp, memory: str) -> bool:
    return dispatch.memory is not None and name_of(dispatch.memory) == memory


def _most_shift(dispatches: Sequence[DispatchOp]) -> int:
    shifts = [
        op.shift.value.data
        for d in dispatches
        if (op := find_optional(d, RequantizeOp)) is not None
    ]
    return max(shifts, default=1)


def weighted_op(dispatch: DispatchOp) -> LinearOp | PatchEmbedOp:
    """The layer that a dispatch of a linear engine computes."""
    return find_optional(dispatch, LinearOp) or find(dispatch, PatchEmbedOp)


def plan_linear(
    engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
) -> LinearEngine:
    """A linear engine that can run all of `dispatches`."""
    layers = [weighted_op(dispatch) for dispatch in dispatches]
    tile_m, tile_n = parameter_of(engine, "tile_m"), parameter_of(engine, "tile_n")
    in_channels = {in_channels_of(layer) for layer in layers}
    gelus = [op for d in dispatches if (op := find_optional(d, GeluOp)) is not None]
    gelu_bits = {quantized("input", gelu.input).bits.data for gelu in gelus}
    if len(gelu_bits) > 1:
        raise PassFailedException("all GELU inputs must have the same number of bits")
    weight_bits = parameter_of(engine, "weight_bits")
    lanes = accelerator.lanes
    logits = [shape_of(d.result)[1] for d in dispatches if epilogue_of(d) is Epilogue.LOGITS]
    return LinearEngine(
        name=engine.sym_name.data,
        weight_bits=weight_bits,
        tile_m=tile_m,
        tile_n=tile_n,
        unroll_m=parameter_of(engine, "unroll_m"),
        unroll_n=parameter_of(engine, "unroll_n"),
        results=parameter_of(engine, "results"),
        total_bits=max(_total_bits(layer, tile_n) for layer in layers),
        gelu_bits=gelu_bits.pop() if gelu_bits else 1,
        most_shift=max(LINEAR_SHIFT, _most_shift(dispatches)),
        epilogues=frozenset(epilogue_of(dispatch) for dispatch in dispatches),
        shapes=frozenset(_shape_of_layer(layer) for layer in layers),
        masks_channels=any(channels % tile_n for channels in in_channels),
        overhangs=any(shape_of(layer.result)[1] % tile_m for layer in layers),
        input=accelerator.activations if weight_bits == 1 else accelerator.image,
        logits=sum(-(-size // lanes) * lanes for size in logits),
    )


def _shape_of_layer(layer: LinearOp | PatchEmbedOp) -> tuple[int, int, int]:
    """Tokens, input and output channels."""
    tokens, out_channels = tokens_and_channels(layer.result)
    return tokens, in_channels_of(layer), out_channels


def _total_bits(layer: LinearOp | PatchEmbedOp, tile_n: int) -> int:
    """
    Of a layer's totals. Binary weights that fill up a tile count: each adds `~0`, which is -1,
    until the bias makes up for it.
    """
    bits = quantized("accumulator", layer.result).bits.data
    if not isinstance(layer, LinearOp) or not isinstance(element(layer.weight), BinaryType):
        return bits
    terms = -(-in_channels_of(layer) // tile_n) * tile_n
    bias = None if layer.bias is None else quantized("bias", layer.bias)
    x = quantized("input", layer.input)
    return max(bits, dot_product_bits(terms, x, BinaryType(1.0), bias))


def in_channels_of(layer: LinearOp | PatchEmbedOp) -> int:
    """The input channels of a layer; of a patch embedding, the pixels of a patch."""
    size = 1
    for extent in shape_of(layer.weight)[1:]:
        size *= extent
    return size


def head_sizes(dispatches: Sequence[DispatchOp]) -> tuple[int, int]:
    """
    Channels of a head's query and key, and of its value, which an attention engine is built for.
    Raises OperationError for a layer that differs from the first one.
    """
    sizes = [_head_sizes(dispatch) for dispatch in dispatches]
    for dispatch, found in zip(dispatches, sizes, strict=True):
        if found != sizes[0]:
            raise OperationError(
                dispatch,
                f"{layer_of(dispatch)} has heads of {_of_sizes(*found)}, "
                f"{layer_of(dispatches[0])} of {_of_sizes(*sizes[0])}; the attention engine is "
                "built for one size: keep or prune whole heads, or pad heads with zeros",
            )
    return sizes[0]


def _head_sizes(dispatch: DispatchOp) -> tuple[int, int]:
    heads = heads_of(dispatch)
    query, value = find(dispatch, AttentionScoresOp).query, find(dispatch, AttentionContextOp).value
    return shape_of(query)[1] // heads, shape_of(value)[1] // heads


def _of_sizes(head_size: int, value_size: int) -> str:
    values = "" if head_size == value_size else f" and values of {value_size}"
    return f"{head_size} channels{values}"


def plan_attention(
    engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
) -> AttentionEngine:
    """An attention engine that can run all of `dispatches`."""
    scores = [find(dispatch, AttentionScoresOp) for dispatch in dispatches]
    contexts = [find(dispatch, AttentionContextOp) for dispatch in dispatches]
    softmaxes = [find(dispatch, SoftmaxOp) for dispatch in dispatches]
    heads = [heads_of(dispatch) for dispatch in dispatches]
    probability_bits = {
        quantized("probabilities", op.result, signed=False).bits.data for op in softmaxes
    }
    if len(probability_bits) != 1:
        raise PassFailedException(
            f"all probabilities must have the same bits, got {sorted(probability_bits)}"
        )
    bits = bits_of(accelerator.activations)
    head_size, value_size = head_sizes(dispatches)
    for size in (head_size, value_size):
        if size % accelerator.lanes:
            raise PassFailedException(
                f"heads of {size} channels are no multiple of the {accelerator.lanes} lanes; "
                "choose fewer lanes in binvit-unroll"
            )
    return AttentionEngine(
        name=engine.sym_name.data,
        keys=parameter_of(engine, "keys"),
        heads=max(heads),
        head_size=head_size,
        value_size=value_size,
        activation_bits=bits,
        score_bits=max(quantized("scores", op.result).bits.data for op in scores),
        context_bits=max(quantized("context", op.result).bits.data for op in contexts),
        probability_bits=probability_bits.pop(),
        most_shift=max(context_shift(bits), _most_shift(dispatches)),
        most_exp_shift=max(
            exp_shift(bits),
            *(softmax_constants(quantized("scores", op.result).scale.data).shift for op in scores),
        ),
        exp_table=EXP_TABLE,
        heads_vary=len(set(heads)) > 1,
    )


def plan_layer_norm(engine: EngineOp, dispatches: Sequence[DispatchOp]) -> LayerNormEngine:
    """A layer normalisation engine that can run all of `dispatches`."""
    epsilons = [layer_norm_epsilon(find(dispatch, LayerNormOp)) for dispatch in dispatches]
    return LayerNormEngine(engine.sym_name.data, max(epsilons))
