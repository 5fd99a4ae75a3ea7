"""
What no accelerator of ours can run, found when a model is mapped: each value has to be in the
memory that its reader reads, in a shape that the engines are built for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects import func
from xdsl.ir import SSAValue

from vaqf_compiler.dialects.binvit import (
    ConcatTokensOp,
    DispatchOp,
    EngineOp,
    PatchEmbedOp,
    QuantizedType,
    SelectTokenOp,
)
from vaqf_compiler.dialects.binvit.checks import element, shape_of
from vaqf_compiler.engines.accelerator import ACTIVATIONS, LEAST_LANES, RESIDUAL
from vaqf_compiler.engines.contents import check_contents
from vaqf_compiler.engines.dispatches import find_optional, layer_of, name_of
from vaqf_compiler.engines.engine import AnyEngine
from vaqf_compiler.engines.registry import kind_of
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
    model = MappedModel(function, engines)
    for dispatch in model.dispatches:
        model.kind(dispatch).check(dispatch, model)
        check_contents(dispatch, engines[name_of(dispatch.engine)])
    for engine in engines.values():
        of_kind = [op for op in model.dispatches if model.kind(op) is kind_of(engine)]
        kind_of(engine).check_together(of_kind)
    model.check_results()
    model.check_channels()


class MappedModel:
    """The dispatches of a mapped model, with what an engine asks of those around one."""

    def __init__(self, function: func.FuncOp, engines: Mapping[str, EngineOp]):
        self.function = function
        self.engines = engines
        self.dispatches = [op for op in function.body.block.ops if isinstance(op, DispatchOp)]

    def name(self, dispatch: DispatchOp) -> str:
        """How messages name a dispatch: what only moves data, by the layer that reads it."""
        for use in () if dispatch.operations else dispatch.result.uses:
            if isinstance(user := use.operation.parent_op(), DispatchOp):
                return layer_of(user)
        return layer_of(dispatch)

    def kind(self, dispatch: DispatchOp) -> AnyEngine:
        """The kind of the engine that runs a dispatch."""
        return kind_of(self.engines[name_of(dispatch.engine)])

    def written(self, memory: str) -> list[DispatchOp]:
        """The dispatches whose results are in a memory."""
        return [op for op in self.dispatches if self._memory(op) == memory]

    def _memory(self, dispatch: DispatchOp) -> str | None:
        return self.kind(dispatch).memory(dispatch)

    def is_from(self, value: SSAValue, kind: str) -> bool:
        """Whether an engine of a kind computes or moves a value."""
        owner = value.owner
        return isinstance(owner, DispatchOp) and self.kind(owner).kind == kind

    def check_read(self, reader: DispatchOp, value: SSAValue, memory: str) -> None:
        """Raise OperationError unless a value is in the memory that its reader reads."""
        for part in _parts(value):
            writer = part.owner
            if not isinstance(writer, DispatchOp):
                raise OperationError(
                    reader,
                    f"{self.name(reader)} reads a value that no engine computes: a parameter, or "
                    "the image",
                )
            if (found := self._memory(writer)) != memory:
                what = STORED.get(found, f"what is in @{found}")
                raise OperationError(
                    reader,
                    f"{self.name(reader)} reads {what}, the result of {layer_of(writer)}, but its "
                    f"engine reads {STORED[memory]}; the accelerator runs layers with a layer "
                    "normalisation before attention, MLP and head",
                )
        if memory == ACTIVATIONS and _joins(value):
            raise OperationError(
                reader,
                f"{self.name(reader)} reads tokens of several layers that are joined; only the "
                "residual stream can be",
            )

    def check_channels(self) -> None:
        """All of the residual stream is of one width, and channels come in lanes."""
        stream = self.written(RESIDUAL)
        widths = {shape_of(op.result)[1] for op in stream}
        for op in stream:
            if len(widths) > 1 and shape_of(op.result)[1] != shape_of(stream[0].result)[1]:
                raise OperationError(
                    op,
                    f"{layer_of(op)} writes {shape_of(op.result)[1]} channels to the residual "
                    f"stream, {layer_of(stream[0])} {shape_of(stream[0].result)[1]}; the "
                    "accelerator has one stream, of one width",
                )
        self._check_bits(self.written(ACTIVATIONS))
        for op in self.written(ACTIVATIONS) + stream:
            if (channels := shape_of(op.result)[1]) % LEAST_LANES:
                raise OperationError(op, uneven(op, f"{channels} channels"))
        for op in self.dispatches:
            self.kind(op).check_channels(op, self)

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


def uneven(dispatch: DispatchOp, what: str) -> str:
    """The sentence for sizes of a layer that are no multiple of the least number of lanes."""
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
