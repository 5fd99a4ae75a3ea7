"""
Checks of a mapped model, which find what no accelerator can run. Each value must be in the memory
that its reader reads, with a shape for which the engines are built.
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
"""Descriptions of a value in messages, by the memory in which it is."""


def check_mapped(function: func.FuncOp, engines: Mapping[str, EngineOp]) -> None:
    """
    Raise OperationError, at the layer, for a model that the engines cannot run whatever their
    parameters are. binvit-allocate, which knows the lanes, checks whether the lanes divide the
    channels and whether the residual stream can be added to in place.
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
    """The dispatches of a mapped model, with checks of a dispatch's neighbours for engines."""

    def __init__(self, function: func.FuncOp, engines: Mapping[str, EngineOp]):
        self.function = function
        self.engines = engines
        self.dispatches = [op for op in function.body.block.ops if isinstance(op, DispatchOp)]

    def name(self, dispatch: DispatchOp) -> str:
        """
        The name of a dispatch in messages. One that only moves data is named after the layer that
        reads its result.
        """
        for use in () if dispatch.operations else dispatch.result.uses:
            if isinstance(user := use.operation.parent_op(), DispatchOp):
                return layer_of(user)
        return layer_of(dispatch)

    def kind(self, dispatch: DispatchOp) -> AnyEngine:
        """The kind of the engine that runs a dispatch."""
        return kind_of(self.engines[name_of(dispatch.engine)])

    def written(self, memory: str) -> list[DispatchOp]:
        """The dispatches that write to a memory."""
        return [op for op in self.dispatches if self._memory(op) == memory]

    def _memory(self, dispatch: DispatchOp) -> str | None:
        return self.kind(dispatch).memory(dispatch)

    def is_from(self, value: SSAValue, kind: str) -> bool:
        """Whether a value is the result of an engine of the given kind."""
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
        """
        Raise OperationError unless all of the residual stream has the same number of channels, all
        activations have the same bits, and channels are multiples of the least number of lanes.
        """
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
        """Raise OperationError unless all activations, which share a memory, have the same bits."""
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
        """Raise OperationError unless the model returns the logits of one head, its only head."""
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
    """The message for a size of a layer that is not a multiple of the least number of lanes."""
    return (
        f"{layer_of(dispatch)} has {what}, no multiple of {LEAST_LANES}, the least number that "
        "engines work on at a time; pad them with zeros"
    )


def _parts(value: SSAValue) -> list[SSAValue]:
    """The results of dispatches, or other values, of which a value consists."""
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
