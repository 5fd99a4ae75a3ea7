"""The layer schedule: one call of an engine for each dispatch, with what the layer needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType, StringAttr
from xdsl.ir import Attribute, SSAValue

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import (
    AllValuesOp,
    AttentionContextOp,
    AttentionScoresOp,
    BinaryType,
    ComplementBiasOp,
    DispatchOp,
    EngineOp,
    GeluOp,
    LayerNormOp,
    MemoryImageOp,
    PatchEmbedOp,
    QuantizedType,
    RequantizeOp,
    SoftmaxOp,
)
from vaqf_compiler.dialects.binvit.checks import element, quantized, shape_of
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    ACTIVATIONS,
    IMAGE,
    PARAMETER_BITS,
    PARAMETERS,
    PARAMETERS_PER_WORD,
    RESIDUAL,
    Accelerator,
    token_bits,
)
from vaqf_compiler.engines.builder import Buffer, call
from vaqf_compiler.engines.dispatches import (
    accumulated_operand,
    epilogue_of,
    find,
    find_optional,
    first_row_of,
    heads_of,
    name_of,
    parameter_of,
    tokens_and_channels,
)
from vaqf_compiler.engines.images import ImageBuilder
from vaqf_compiler.engines.linear.plan import Epilogue, weights_port
from vaqf_compiler.engines.plan import weighted_op
from vaqf_compiler.engines.values import Value, constant
from vaqf_compiler.errors import OperationError
from vaqf_compiler.reference.tables import (
    RECIPROCAL_BITS,
    layer_norm_epsilon,
    softmax_constants,
)


@dataclass
class Parameters:
    """Places of parameters in the ports, decided before the engines are built."""

    engines: dict[str, EngineOp]
    lanes: int
    weights: dict[str, ImageBuilder] = field(default_factory=dict[str, ImageBuilder])
    """By engine."""
    parameters: ImageBuilder = field(default_factory=lambda: ImageBuilder(PARAMETERS))
    heads: set[int] = field(default_factory=set[int])
    """Of layers of attention."""
    weights_at: dict[DispatchOp, int] = field(default_factory=dict[DispatchOp, int])
    parameters_at: dict[DispatchOp, int] = field(default_factory=dict[DispatchOp, int])

    def add(self, dispatch: DispatchOp) -> None:
        """Pack what a dispatch reads, in the order in which its engine does."""
        engine = self.engines[name_of(dispatch.engine)]
        match engine.kind.data:
            case "load_rows":
                self.parameters_at[dispatch] = self._vector(
                    dispatch.yielded, token_bits(self.lanes)
                )
            case "layer_norm":
                norm = find(dispatch, LayerNormOp)
                self.parameters_at[dispatch] = self._vector(norm.gamma)
                self._vector(norm.beta)
            case "linear":
                self._add_linear(dispatch, engine)
            case "attention":
                self.heads.add(heads_of(dispatch))
            case _:
                pass

    @property
    def _images(self) -> list[ImageBuilder]:
        return [*self.weights.values(), self.parameters]

    @property
    def ports(self) -> dict[str, MemRefType[Attribute]]:
        """The ports, by name."""
        word = IntegerType(WORD_BITS)
        return {image.name: MemRefType(word, [image.words]) for image in self._images}

    def build(self) -> list[MemoryImageOp]:
        """The contents of the ports."""
        return [image.build() for image in self._images]

    def _vector(self, value: SSAValue, bits: int = PARAMETER_BITS) -> int:
        return self.parameters.pack(value, rows=1, columns=self.lanes, bits=bits)

    def _add_linear(self, dispatch: DispatchOp, engine: EngineOp) -> None:
        layer = weighted_op(dispatch)
        tile_m = parameter_of(engine, "tile_m")
        name = engine.sym_name.data
        image = self.weights.setdefault(name, ImageBuilder(weights_port(name)))
        self.weights_at[dispatch] = image.pack(
            layer.weight,
            rows=tile_m,
            columns=parameter_of(engine, "tile_n"),
            bits=parameter_of(engine, "weight_bits"),
        )
        if (gelu := find_optional(dispatch, GeluOp)) is not None:
            self._vector(_gelu_table(gelu))
        at = self.parameters.words
        bias = layer.bias
        if isinstance(element(layer.weight), BinaryType):
            scale = quantized("accumulator", layer.result).scale.data
            corrected = QuantizedType(PARAMETER_BITS, scale)
            tile_n = parameter_of(engine, "tile_n")
            bias = ComplementBiasOp(layer.weight, bias, tile_n, corrected).result
        if bias is not None:
            self.parameters.pack(bias, rows=1, columns=tile_m, bits=PARAMETER_BITS)
        else:
            tiles = -(-shape_of(layer.weight)[0] // tile_m)
            self.parameters.skip(tiles * tile_m // PARAMETERS_PER_WORD)
        self.parameters_at[dispatch] = at


def _gelu_table(gelu: GeluOp) -> SSAValue:
    """The results of a GELU for every input, as a value that can be packed."""
    source, target = element(gelu.input), element(gelu.result)
    assert isinstance(source, QuantizedType)
    return GeluOp(AllValuesOp(source).result, gelu.approximate.data, target).result


def call_engine(
    dispatch: DispatchOp,
    function: func.FuncOp,
    kind: str,
    buffers: dict[str, Buffer],
    parameters: Parameters,
    accelerator: Accelerator,
) -> None:
    """Call the engine's function for a dispatch, at the builder's insertion point."""
    layer = dispatch.attributes.get("layer")
    if isinstance(layer, StringAttr):
        vhls.CommentOp(layer.data)
    scalars = scalars_of(dispatch, kind, parameters, accelerator)
    arguments: list[Value | Buffer] = []
    remaining = list(scalars)
    for argument in function.args:
        name = argument.name_hint
        if name in buffers and argument.type == buffers[name].ssa.type:
            arguments.append(buffers[name])
            continue
        arguments.append(constant(remaining.pop(0), argument.type))
    assert not remaining
    call(function, *arguments)


def scalars_of(
    dispatch: DispatchOp, kind: str, parameters: Parameters, accelerator: Accelerator
) -> Sequence[int]:
    """The scalar arguments of the engine of a kind for a dispatch, in order."""
    return _SCALARS[kind](dispatch, parameters, accelerator)


def _row(value: SSAValue, memory: str, accelerator: Accelerator) -> int:
    return first_row_of(value, memory, accelerator.token_rows)


def _target(dispatch: DispatchOp) -> int:
    return 0 if dispatch.row is None else dispatch.row.value.data


def _scaling(dispatch: DispatchOp) -> tuple[int, int]:
    """Multiplier and shift of a dispatch's requantisation."""
    requantize = find_optional(dispatch, RequantizeOp)
    if requantize is None:
        return 0, 1
    return requantize.multiplier.value.data, requantize.shift.value.data


def _load_image(d: DispatchOp, p: Parameters, a: Accelerator) -> Sequence[int]:
    return ()


def _load_rows(d: DispatchOp, p: Parameters, a: Accelerator) -> Sequence[int]:
    tokens, _ = tokens_and_channels(d.result)
    return p.parameters_at[d], tokens * a.channel_groups, _target(d)


def _copy_tokens(d: DispatchOp, p: Parameters, a: Accelerator) -> Sequence[int]:
    tokens, _ = tokens_and_channels(d.result)
    return tokens, _row(d.yielded, ACTIVATIONS, a)


def _layer_norm(d: DispatchOp, p: Parameters, a: Accelerator) -> Sequence[int]:
    norm = find(d, LayerNormOp)
    tokens, _ = tokens_and_channels(norm.input)
    epsilon = layer_norm_epsilon(norm)
    return (
        p.parameters_at[d],
        tokens,
        _row(norm.input, RESIDUAL, a),
        _target(d),
        epsilon,
        norm.shift,
    )


def _linear(d: DispatchOp, p: Parameters, a: Accelerator) -> Sequence[int]:
    layer, epilogue = weighted_op(d), epilogue_of(d)
    tokens, out_channels = tokens_and_channels(layer.result)
    in_channels = 1
    for extent in shape_of(layer.weight)[1:]:
        in_channels *= extent
    x = layer.image if isinstance(layer, PatchEmbedOp) else layer.input
    engine = p.engines[name_of(d.engine)]
    memory = ACTIVATIONS if parameter_of(engine, "weight_bits") == 1 else IMAGE
    target = _target(d)
    if epilogue is Epilogue.RESIDUAL:
        row = _row(accumulated_operand(d), RESIDUAL, a)
        if row != target:
            raise OperationError(
                d,
                f"the result is written to row {target} of @{RESIDUAL}, but what it is added to is "
                f"in row {row}; engines add in place, run binvit-allocate on the mapped model",
            )
    return (
        p.weights_at[d],
        p.parameters_at[d],
        tokens,
        in_channels,
        out_channels,
        _row(x, memory, a),
        target,
        int(epilogue),
        *_scaling(d),
    )


def _attention(d: DispatchOp, p: Parameters, a: Accelerator) -> Sequence[int]:
    scores, softmax = find(d, AttentionScoresOp), find(d, SoftmaxOp)
    context = find(d, AttentionContextOp)
    score_type = quantized("scores", scores.result)
    constants = softmax_constants(score_type.scale.data)
    # No two scores are further apart than this, so a greater limit is none.
    limit = min(constants.limit, (1 << score_type.bits.data) - 1)
    tokens, _ = tokens_and_channels(scores.query)
    return (
        tokens,
        _row(scores.query, ACTIVATIONS, a),
        _row(scores.key, ACTIVATIONS, a),
        _row(context.value, ACTIVATIONS, a),
        _target(d),
        constants.multiplier,
        constants.shift,
        limit,
        RECIPROCAL_BITS - softmax.result_exponent,
        *_scaling(d),
        *((heads_of(d),) if len(p.heads) > 1 else ()),
    )


_SCALARS = {
    "load_image": _load_image,
    "load_rows": _load_rows,
    "copy_tokens": _copy_tokens,
    "layer_norm": _layer_norm,
    "linear": _linear,
    "attention": _attention,
}
