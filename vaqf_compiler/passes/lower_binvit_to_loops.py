"""
Before:

    binvit.engine @layer_norm "layer_norm" {lanes = 16 : i64}
    func.func @main(...) { ... %3 = binvit.dispatch @layer_norm to @activations row 0 ... }

After:

    func.func @layer_norm(%residual: memref<9456x1x16xi16>, ..., %tokens: index, ...) {
      scf.for %token = %c0 to %end step %c1 { ... }
    }
    func.func @vaqf_top(%image_port: memref<9408xi128>, ..., %logits: memref<1008xi64>) {
      func.call @layer_norm(...)
    }
    binvit.memory_image @binary_linear_weights words 663552 { ... }

Each engine becomes a function of loops over arrays, with parts of it in functions that it calls;
each dispatch becomes a call of it. The memory images
say what the files for the ports of weights and parameters hold, and the module's attribute
`binvit.result` what the logits stand for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FloatAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import (
    DispatchOp,
    EngineOp,
    MemoryOp,
    PatchEmbedOp,
    PatchesOp,
)
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.binvit.mapping import RESULT_ATTRIBUTE
from vaqf_compiler.engines.accelerator import (
    IMAGE_PORT,
    PIXEL_BITS,
    width_of,
)
from vaqf_compiler.engines.builder import Buffer, call
from vaqf_compiler.engines.dispatches import (
    name_of,
    tokens_and_channels,
    trace_name,
)
from vaqf_compiler.engines.images import ImageBuilder
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.engines.top import top_function
from vaqf_compiler.engines.values import Value, constant
from vaqf_compiler.errors import OperationError
from vaqf_compiler.hardware.board import load_board


@dataclass(frozen=True)
class LowerBinvitToLoopsPass(ModulePass):
    """Turn engines into functions of loops, and dispatches into calls of them."""

    name = "lower-binvit-to-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        plan = ModulePlan.of(op)
        if len(plan.model.function_type.outputs) != 1:
            raise OperationError(plan.model, "the model must have one result, the logits")
        for top in op.ops:
            if top is not plan.model and not isinstance(top, EngineOp | MemoryOp):
                raise OperationError(
                    top, f"'{top.name}' is no part of a mapped model and would be lost; remove it"
                )
        lowered = _Lowering(plan, _memory_latency(op)).run()
        op.attributes[RESULT_ATTRIBUTE] = plan.model.function_type.outputs.data[0]
        for old in list(op.body.block.ops):
            old.detach()
            old.drop_all_references()
        op.body.block.add_ops(lowered)


def _memory_latency(module: ModuleOp) -> int | None:
    """
    Cycles from a request to the board's memory to its first word; None where the module says
    neither board nor clock.
    """
    board, clock = (module.attributes.get(f"binvit.{name}") for name in ("board", "clock_mhz"))
    if not isinstance(board, StringAttr) or not isinstance(clock, FloatAttr):
        return None
    return math.ceil(load_board(board.data).memory.latency_ns * clock.value.data / 1000)


class _Lowering:
    def __init__(self, plan: ModulePlan, memory_latency: int | None):
        self.plan = plan
        self.memory_latency = memory_latency
        self.accelerator = plan.accelerator
        self.parameters = plan.parameters
        self.pixels = self._image_port()

    def _image_port(self) -> ImageBuilder:
        """How the host packs the image: patches, each padded to whole rows of the memory."""
        embeddings = [o for o in self.plan.model.walk() if isinstance(o, PatchEmbedOp)]
        if len(embeddings) != 1:
            raise PassFailedException("expected one patch embedding, at the model's input")
        _, _, size, _ = shape_of(embeddings[0].weight)
        source = self.plan.model.args[0]
        image = ImageBuilder(IMAGE_PORT, [source])
        patches = PatchesOp(source, size).result
        columns = width_of(self.accelerator.image) * self.accelerator.lanes
        image.pack(patches, rows=1, columns=columns, bits=PIXEL_BITS)
        return image

    def run(self) -> list[Operation]:
        """All operations of the lowered module."""
        plan, accelerator = self.plan, self.plan.accelerator
        tables: list[Operation] = []
        built: list[Operation] = []
        functions: dict[str, func.FuncOp] = {}
        for name, found in plan.plans.items():
            tables += plan.kind(name).tables(found)
            *helpers, functions[name] = plan.kind(name).build(found, accelerator)
            built += [*helpers, functions[name]]
        top = self._top(functions)
        return [*tables, *built, top, self.pixels.build(), *self.parameters.build()]

    def _top(self, functions: dict[str, func.FuncOp]) -> func.FuncOp:
        """The layers, one after another."""
        plan, accelerator = self.plan, self.accelerator
        logits = max((plan.kind(name).logits(found) for name, found in plan.plans.items()))
        with top_function(
            functions, accelerator, self.pixels.words, logits, self.memory_latency
        ) as (operation, buffers):
            for position, dispatch in enumerate(plan.dispatches):
                name = name_of(dispatch.engine)
                scalars = plan.kind(name).scalars(
                    dispatch, plan.plans[name], self.parameters, accelerator
                )
                _call(dispatch, functions[name], buffers, scalars)
                if (layer := trace_name(position, dispatch)) is not None:
                    assert dispatch.memory is not None
                    written = buffers[name_of(dispatch.memory)].ssa
                    row = 0 if dispatch.row is None else dispatch.row.value.data
                    vhls.TraceOp(layer, written, row, *tokens_and_channels(dispatch.result))
        return operation


def _call(
    dispatch: DispatchOp,
    function: func.FuncOp,
    buffers: Mapping[str, Buffer],
    scalars: Sequence[int],
) -> None:
    """Call the engine's function for a dispatch, at the builder's insertion point."""
    layer = dispatch.attributes.get("layer")
    if isinstance(layer, StringAttr):
        vhls.CommentOp(layer.data)
    remaining = iter(scalars)
    arguments: list[Value | Buffer] = []
    for argument in function.args:
        buffer = buffers.get(argument.name_hint or "")
        if buffer is not None and argument.type == buffer.ssa.type:
            arguments.append(buffer)
        else:
            arguments.append(constant(next(remaining), argument.type))
    assert next(remaining, None) is None
    call(function, *arguments)
