"""
What no accelerator of ours can run, found when a model is mapped: each value has to be in the
memory that its reader reads, in a shape that the engines are built for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects import func
from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit import (
    AttentionContextOp,
    AttentionScoresOp,
    ConcatTokensOp,
    DispatchOp,
    EngineOp,
    LayerNormOp,
    LinearOp,
    PatchEmbedOp,
    QuantizedType,
    RequantizeOp,
    SelectTokenOp,
)
from vaqf_compiler.dialects.binvit.checks import element, shape_of
from vaqf_compiler.engines.accelerator import ACTIVATIONS, LEAST_LANES, RESIDUAL
from vaqf_compiler.engines.contents import check_contents
from vaqf_compiler.engines.dispatches import (
    epilogue_of,
    find,
    find_optional,
    layer_of,
    name_of,
    result_memory,
)
from vaqf_compiler.engines.linear.plan import Epilogue
from vaqf_compiler.engines.plan import head_sizes, weighted_op
from vaqf_compiler.errors import OperationError

STORED = {
    ACTIVATIONS: "an activation",
    RESIDUAL: "part of the residual stream",
    None: "the logits",
}
"""What a value is called, by the memory that it is in."""


def check_mapped(function: func.FuncOp, engines: Mapping[str, EngineOp]) -> None:
    """
    Raise OperationError, at the layer, for a model that the engines cannot run whatever their
    parameters are. Whether values of the residual stream may be added to in place, and whether
    their lanes divide channels, is for binvit-allocate, which knows the lanes.
    """
    limits = _Limits(function, engines)
    for dispatch in limits.dispatches:
        limits.check(dispatch)
        check_contents(dispatch, engines[name_of(dispatch.engine)])
    attention = limits.of_kind("attention")
    if attention:
        head_sizes(attention)
    limits.check_results()
    limits.check_channels()


class _Limits:
    def __init__(self, function: func.FuncOp, engines: Mapping[str, EngineOp]):
        self.function = function
        self.engines = engines
        self.dispatches = [op for op in function.body.block.ops if isinstance(op, DispatchOp)]

    def of_kind(self, kind: str) -> list[DispatchOp]:
        """The dispatches of a kind of engine."""
        return [op for op in self.dispatches if self._kind(op) == kind]

    def _name(self, dispatch: DispatchOp) -> str:
        """How messages name a dispatch; tokens are copied for the head that reads them."""
        for use in dispatch.result.uses if self._kind(dispatch) == "copy_tokens" else ():
            if isinstance(user := use.operation.parent_op(), DispatchOp):
                return layer_of(user)
        return layer_of(dispatch)

    def _kind(self, dispatch: DispatchOp) -> str:
        return self.engines[name_of(dispatch.engine)].kind.data

    def _written(self, memory: str) -> list[DispatchOp]:
        return [op for op in self.dispatches if self._memory(op) == memory]

    def _memory(self, dispatch: DispatchOp) -> str | None:
        return result_memory(dispatch, self.engines[name_of(dispatch.engine)])

    def check(self, dispatch: DispatchOp) -> None:
        """What a dispatch reads, and how it ends."""
        match self._kind(dispatch):
            case "layer_norm":
                self._check_read(dispatch, find(dispatch, LayerNormOp).input, RESIDUAL)
            case "attention":
                scores = find(dispatch, AttentionScoresOp)
                value = find(dispatch, AttentionContextOp).value
                for operand in (scores.query, scores.key, value):
                    self._check_read(dispatch, operand, ACTIVATIONS)
                if not isinstance(dispatch.operations[-1], RequantizeOp):
                    raise OperationError(
                        dispatch,
                        f"{layer_of(dispatch)} has a context that is not requantised alone",
                    )
            case "copy_tokens":
                self._check_read(dispatch, dispatch.yielded, ACTIVATIONS)
            case "linear":
                layer = weighted_op(dispatch)
                if isinstance(layer, LinearOp):
                    if not self._is_from(layer.input, "copy_tokens"):
                        self._check_read(dispatch, layer.input, ACTIVATIONS)
                elif not self._is_from(layer.image, "load_image"):
                    raise OperationError(
                        dispatch, f"{layer_of(dispatch)} reads an image that no engine loads"
                    )
                elif epilogue_of(dispatch) is not Epilogue.RESIDUAL:
                    raise OperationError(
                        dispatch,
                        f"nothing is added to the result of {layer_of(dispatch)}: the engine adds "
                        "patches to position embeddings; give the model some, which may be zeros",
                    )
            case _:
                pass

    def _is_from(self, value: SSAValue, kind: str) -> bool:
        owner = value.owner
        return isinstance(owner, DispatchOp) and self._kind(owner) == kind

    def _check_read(self, reader: DispatchOp, value: SSAValue, memory: str) -> None:
        for part in _parts(value):
            writer = part.owner
            if not isinstance(writer, DispatchOp):
                raise OperationError(
                    reader,
                    f"{self._name(reader)} reads a value that no engine computes: a parameter, or "
                    "the image",
                )
            if (found := self._memory(writer)) != memory:
                what = STORED.get(found, f"what is in @{found}")
                raise OperationError(
                    reader,
                    f"{self._name(reader)} reads {what}, the result of {layer_of(writer)}, but its "
                    f"engine reads {STORED[memory]}; the accelerator runs layers with a layer "
                    "normalisation before attention, MLP and head",
                )
        if memory == ACTIVATIONS and _joins(value):
            raise OperationError(
                reader,
                f"{self._name(reader)} reads tokens of several layers that are joined; only the "
                "residual stream can be",
            )

    def check_channels(self) -> None:
        """All of the residual stream is of one width, and channels come in lanes."""
        stream = self._written(RESIDUAL)
        widths = {shape_of(op.result)[1] for op in stream}
        for op in stream:
            if len(widths) > 1 and shape_of(op.result)[1] != shape_of(stream[0].result)[1]:
                raise OperationError(
                    op,
                    f"{layer_of(op)} writes {shape_of(op.result)[1]} channels to the residual "
                    f"stream, {layer_of(stream[0])} {shape_of(stream[0].result)[1]}; the "
                    "accelerator has one stream, of one width",
                )
        for op in self.of_kind("copy_tokens"):
            if widths and (channels := shape_of(op.result)[1]) not in widths:
                raise OperationError(
                    op,
                    f"{self._name(op)} reads {channels} channels, but the residual stream has "
                    f"{widths.pop()}; pool the normalised residual stream",
                )
        self._check_bits(self._written(ACTIVATIONS))
        for op in self._written(ACTIVATIONS) + stream:
            if (channels := shape_of(op.result)[1]) % LEAST_LANES:
                raise OperationError(op, _uneven(op, f"{channels} channels"))
        for op in self.of_kind("attention"):
            for size in head_sizes([op]):
                if size % LEAST_LANES:
                    raise OperationError(op, _uneven(op, f"heads of {size} channels"))

    def _check_bits(self, activations: Sequence[DispatchOp]) -> None:
        """Activations share a memory."""
        types = {op: element(op.result) for op in activations}
        bits = {op: t.bits.data for op, t in types.items() if isinstance(t, QuantizedType)}
        for op, found in bits.items():
            if found != (first := next(iter(bits.values()))):
                raise OperationError(
                    op,
                    f"the result of {layer_of(op)} has {found} bits, that of "
                    f"{layer_of(next(iter(bits)))} {first}; they cannot share a memory",
                )

    def check_results(self) -> None:
        """What the model returns is a head's logits, and nothing else is."""
        end = self.function.body.block.last_op
        assert isinstance(end, func.ReturnOp)
        returned = list(end.arguments)
        if len(returned) != 1:
            raise OperationError(
                end, f"the model returns {len(returned)} results, the accelerator has one: logits"
            )
        (logits,) = returned
        owner = logits.owner
        if not isinstance(owner, DispatchOp) or self._memory(owner) is not None:
            what = layer_of(owner) if isinstance(owner, DispatchOp) else "a value of no layer"
            raise OperationError(
                end,
                f"the model has no head: it returns the result of {what}; the accelerator puts "
                "out the logits of a linear layer that reads one normalised token",
            )
        for op in self.dispatches:
            if self._memory(op) is None and op is not owner:
                raise OperationError(
                    op,
                    f"{layer_of(op)} is a head, and so is {layer_of(owner)}; the accelerator has "
                    "one, whose logits are the result",
                )
        if (tokens := shape_of(logits)[0]) != 1:
            raise OperationError(
                owner, f"{layer_of(owner)} has logits of {tokens} tokens; a head reads one token"
            )
        if logits.uses.get_length() != 1:
            raise OperationError(
                owner, f"the logits of {layer_of(owner)} are used by other layers as well"
            )
        if not any(find_optional(op, PatchEmbedOp) for op in self.dispatches):
            raise OperationError(end, "the model has no patch embedding of the image")


def _uneven(dispatch: DispatchOp, what: str) -> str:
    return (
        f"{layer_of(dispatch)} has {what}, no multiple of {LEAST_LANES}, the least number that "
        "engines work on at a time; pad them with zeros"
    )


def _parts(value: SSAValue) -> list[SSAValue]:
    """The results of dispatches, or other values, that a value is made of."""
    match value.owner:
        case ConcatTokensOp() as concat:
            return [part for operand in concat.inputs for part in _parts(operand)]
        case SelectTokenOp() as select:
            return _parts(select.input)
        case _:
            return [value]


def _joins(value: SSAValue) -> bool:
    match value.owner:
        case ConcatTokensOp() as concat:
            return len(concat.inputs) > 1
        case SelectTokenOp() as select:
            return _joins(select.input)
        case _:
            return False
