"""The engine kind for fully connected layers and the patch embedding."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from xdsl.dialects import func
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects.binvit import (
    AddOp,
    AllValuesOp,
    BinaryType,
    ComplementBiasOp,
    DispatchOp,
    EngineOp,
    GeluOp,
    LinearOp,
    PatchEmbedOp,
    QuantizedType,
    RequantizeOp,
)
from vaqf_compiler.dialects.binvit.checks import element, quantized, shape_of
from vaqf_compiler.dialects.binvit.mapping import LANES
from vaqf_compiler.dialects.binvit.types import dot_product_bits
from vaqf_compiler.engines.accelerator import (
    ACTIVATIONS,
    IMAGE,
    PARAMETER_BITS,
    PARAMETERS_PER_WORD,
    RESIDUAL,
    Accelerator,
)
from vaqf_compiler.engines.contents import is_constant
from vaqf_compiler.engines.dispatches import (
    accumulated_operand,
    find,
    find_optional,
    first_row,
    layer_of,
    most_shift,
    parameter_of,
    scaling_of,
    target_row,
    tokens_and_channels,
)
from vaqf_compiler.engines.engine import Engine
from vaqf_compiler.engines.images import ImageBuilder
from vaqf_compiler.engines.limits import MappedModel
from vaqf_compiler.engines.linear.loops import build_linear
from vaqf_compiler.engines.linear.parts import linear_parts
from vaqf_compiler.engines.linear.plan import (
    BINARY,
    INT8,
    LINEAR_SHIFT,
    WEIGHT_BITS,
    Epilogue,
    LinearPlan,
    weights_port,
)
from vaqf_compiler.engines.movement.names import COPY_TOKENS, LOAD_IMAGE, LOAD_ROWS
from vaqf_compiler.engines.parameters import Parameters
from vaqf_compiler.engines.parts import Parts
from vaqf_compiler.errors import OperationError

RESULT_MEMORY = {
    Epilogue.ACTIVATION: ACTIVATIONS,
    Epilogue.GELU: ACTIVATIONS,
    Epilogue.RESIDUAL: RESIDUAL,
    Epilogue.LOGITS: None,
}


class Linear(Engine[LinearPlan]):
    """
    Computes a linear layer and its epilogue: requantisation, GELU, addition to the residual stream
    or output of logits.
    """

    kind = "linear"
    engines = MappingProxyType({name: {"weight_bits": bits} for name, bits in WEIGHT_BITS.items()})
    parameters = frozenset(
        {LANES, "weight_bits", "tile_m", "tile_n", "unroll_m", "unroll_n", "results"}
    )
    chains = tuple(
        (layer, *rest)
        for layer in (LinearOp, PatchEmbedOp)
        for rest in ((), (RequantizeOp,), (RequantizeOp, GeluOp), (RequantizeOp, AddOp))
    )
    searchable = True

    def engine_for(self, op: Operation) -> str | None:
        match op:
            case LinearOp() if isinstance(element(op.weight), BinaryType):
                return BINARY
            case LinearOp() | PatchEmbedOp():
                return INT8
            case _:
                return None

    def fetched(self, chain: Sequence[Operation]) -> list[tuple[Operation, int, str]]:
        first, last = chain[0], chain[-1]
        found: list[tuple[Operation, int, str]] = []
        if isinstance(first, PatchEmbedOp):
            found.append((first, 0, LOAD_IMAGE))
        elif self.engine_for(first) == INT8:
            found.append((first, 0, COPY_TOKENS))
        if isinstance(last, AddOp):
            position = 1 if last.lhs is chain[-2].results[0] else 0
            if is_constant(last.operands[position]):
                found.append((last, position, LOAD_ROWS))
        return found

    def memory(self, dispatch: DispatchOp) -> str | None:
        return RESULT_MEMORY[epilogue_of(dispatch)]

    def constants(self, dispatch: DispatchOp) -> list[SSAValue]:
        layer = weighted_op(dispatch)
        return [layer.weight] if layer.bias is None else [layer.weight, layer.bias]

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        layer = weighted_op(dispatch)
        if isinstance(layer, LinearOp):
            if not model.is_from(layer.input, COPY_TOKENS):
                model.check_read(dispatch, layer.input, ACTIVATIONS)
        elif not model.is_from(layer.image, LOAD_IMAGE):
            raise OperationError(
                dispatch, f"{layer_of(dispatch)} reads an image that no engine loads"
            )
        elif epilogue_of(dispatch) is not Epilogue.RESIDUAL:
            raise OperationError(
                dispatch,
                f"nothing is added to the result of {layer_of(dispatch)}: the engine adds patches "
                "to position embeddings; give the model some, which may be zeros",
            )

    def pack(self, dispatch: DispatchOp, engine: EngineOp, parameters: Parameters) -> None:
        layer, name = weighted_op(dispatch), engine.sym_name.data
        tile_m, tile_n = parameter_of(engine, "tile_m"), parameter_of(engine, "tile_n")
        image = parameters.weights.setdefault(name, ImageBuilder(weights_port(name)))
        parameters.weights_at[dispatch] = image.pack(
            layer.weight, rows=tile_m, columns=tile_n, bits=parameter_of(engine, "weight_bits")
        )
        if (gelu := find_optional(dispatch, GeluOp)) is not None:
            parameters.vector(_gelu_table(gelu))
        parameters.parameters_at[dispatch] = parameters.parameters.words
        bias = layer.bias
        if isinstance(element(layer.weight), BinaryType):
            scale = quantized("accumulator", layer.result).scale.data
            corrected = QuantizedType(PARAMETER_BITS, scale)
            bias = ComplementBiasOp(layer.weight, bias, tile_n, corrected).result
        if bias is not None:
            parameters.parameters.pack(bias, rows=1, columns=tile_m, bits=PARAMETER_BITS)
        else:
            tiles = -(-shape_of(layer.weight)[0] // tile_m)
            parameters.parameters.skip(tiles * tile_m // PARAMETERS_PER_WORD)

    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> LinearPlan:
        layers = [weighted_op(dispatch) for dispatch in dispatches]
        tile_m, tile_n = parameter_of(engine, "tile_m"), parameter_of(engine, "tile_n")
        in_channels = {in_channels_of(layer) for layer in layers}
        gelus = [op for d in dispatches if (op := find_optional(d, GeluOp)) is not None]
        gelu_bits = {quantized("input", gelu.input).bits.data for gelu in gelus}
        if len(gelu_bits) > 1:
            raise PassFailedException("all GELU inputs must have the same number of bits")
        weight_bits, lanes = parameter_of(engine, "weight_bits"), accelerator.lanes
        logits = [shape_of(d.result)[1] for d in dispatches if epilogue_of(d) is Epilogue.LOGITS]
        return LinearPlan(
            name=engine.sym_name.data,
            weight_bits=weight_bits,
            tile_m=tile_m,
            tile_n=tile_n,
            unroll_m=parameter_of(engine, "unroll_m"),
            unroll_n=parameter_of(engine, "unroll_n"),
            results=parameter_of(engine, "results"),
            total_bits=max(_total_bits(layer, tile_n) for layer in layers),
            gelu_bits=gelu_bits.pop() if gelu_bits else 1,
            most_shift=max(LINEAR_SHIFT, most_shift(dispatches)),
            epilogues=frozenset(epilogue_of(dispatch) for dispatch in dispatches),
            shapes=frozenset(_shape_of_layer(layer) for layer in layers),
            masks_channels=any(channels % tile_n for channels in in_channels),
            overhangs=any(shape_of(layer.result)[1] % tile_m for layer in layers),
            input=accelerator.activations if weight_bits == 1 else accelerator.image,
            logits=sum(-(-size // lanes) * lanes for size in logits),
        )

    def logits(self, plan: LinearPlan) -> int:
        return plan.logits

    def build(self, plan: LinearPlan, accelerator: Accelerator) -> list[func.FuncOp]:
        return build_linear(plan, accelerator)

    def scalars(
        self,
        dispatch: DispatchOp,
        plan: LinearPlan,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        layer, epilogue = weighted_op(dispatch), epilogue_of(dispatch)
        tokens, out_channels = tokens_and_channels(layer.result)
        x = layer.image if isinstance(layer, PatchEmbedOp) else layer.input
        memory, target = ACTIVATIONS if plan.weight_bits == 1 else IMAGE, target_row(dispatch)
        if epilogue is Epilogue.RESIDUAL:
            row = first_row(accumulated_operand(dispatch), RESIDUAL, accelerator)
            if row != target:
                raise OperationError(
                    dispatch,
                    f"the result is written to row {target} of @{RESIDUAL}, but what it is added "
                    f"to is in row {row}; engines add in place, run binvit-allocate on the mapped "
                    "model",
                )
        return (
            parameters.weights_at[dispatch],
            parameters.parameters_at[dispatch],
            tokens,
            in_channels_of(layer),
            out_channels,
            first_row(x, memory, accelerator),
            target,
            int(epilogue),
            *scaling_of(dispatch),
        )

    def parts(self, plan: LinearPlan, accelerator: Accelerator) -> Parts:
        return linear_parts(plan, accelerator)


def epilogue_of(dispatch: DispatchOp) -> Epilogue:
    """The epilogue of a dispatch of a linear engine, from its last operation."""
    match dispatch.operations[-1]:
        case AddOp():
            return Epilogue.RESIDUAL
        case GeluOp():
            return Epilogue.GELU
        case RequantizeOp():
            return Epilogue.ACTIVATION
        case LinearOp() | PatchEmbedOp():
            return Epilogue.LOGITS
        case op:
            raise PassFailedException(f"a linear engine cannot end in {op.name}")


def weighted_op(dispatch: DispatchOp) -> LinearOp | PatchEmbedOp:
    """The layer that a dispatch of a linear engine computes."""
    return find_optional(dispatch, LinearOp) or find(dispatch, PatchEmbedOp)


def in_channels_of(layer: LinearOp | PatchEmbedOp) -> int:
    """Input channels of a layer; for a patch embedding, the pixels of a patch in all colours."""
    size = 1
    for extent in shape_of(layer.weight)[1:]:
        size *= extent
    return size


def _gelu_table(gelu: GeluOp) -> SSAValue:
    """The results of a GELU for all inputs, as a value that can be packed."""
    source, target = element(gelu.input), element(gelu.result)
    assert isinstance(source, QuantizedType)
    return GeluOp(AllValuesOp(source).result, gelu.approximate.data, target).result


def _shape_of_layer(layer: LinearOp | PatchEmbedOp) -> tuple[int, int, int]:
    """Tokens, input channels and output channels."""
    tokens, out_channels = tokens_and_channels(layer.result)
    return tokens, in_channels_of(layer), out_channels


def _total_bits(layer: LinearOp | PatchEmbedOp, tile_n: int) -> int:
    """
    Bits of a layer's totals. Binary weights that only fill up a tile count as well: each adds `~0`,
    which is -1, until the bias compensates for it.
    """
    bits = quantized("accumulator", layer.result).bits.data
    if not isinstance(layer, LinearOp) or not isinstance(element(layer.weight), BinaryType):
        return bits
    terms = -(-in_channels_of(layer) // tile_n) * tile_n
    bias = None if layer.bias is None else quantized("bias", layer.bias)
    x = quantized("input", layer.input)
    return max(bits, dot_product_bits(terms, x, BinaryType(1.0), bias))


ENGINES = (Linear(),)
