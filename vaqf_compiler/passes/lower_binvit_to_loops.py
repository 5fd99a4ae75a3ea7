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
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import FloatAttr, ModuleOp, StringAttr
from xdsl.ir import Operation
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import PatchEmbedOp, PatchesOp
from vaqf_compiler.dialects.binvit.checks import shape_of
from vaqf_compiler.dialects.binvit.mapping import RESULT_ATTRIBUTE
from vaqf_compiler.engines.accelerator import (
    IMAGE_PORT,
    PIXEL_BITS,
    width_of,
)
from vaqf_compiler.engines.attention.loops import build_attention, build_exp_table
from vaqf_compiler.engines.attention.plan import AttentionEngine
from vaqf_compiler.engines.dispatches import (
    name_of,
    tokens_and_channels,
    trace_name,
)
from vaqf_compiler.engines.images import ImageBuilder
from vaqf_compiler.engines.layer_norm.loops import build_layer_norm
from vaqf_compiler.engines.layer_norm.plan import LayerNormEngine
from vaqf_compiler.engines.linear.loops import build_linear
from vaqf_compiler.engines.linear.plan import LinearEngine
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.engines.movement.loops import (
    build_copy_tokens,
    build_load_image,
    build_load_rows,
)
from vaqf_compiler.engines.plan import EXP_TABLE
from vaqf_compiler.engines.schedule import call_engine
from vaqf_compiler.engines.top import top_function
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

    @property
    def _logits(self) -> int:
        """Elements of the output port."""
        plans = self.plan.plans.values()
        return max((p.logits for p in plans if isinstance(p, LinearEngine)), default=0)

    def run(self) -> list[Operation]:
        """All operations of the lowered module."""
        accelerator = self.accelerator
        built: list[Operation] = [build_exp_table(EXP_TABLE)]
        functions: dict[str, func.FuncOp] = {}
        for name, engine in self.plan.engines.items():
            match self.plan.plans[name]:
                case LinearEngine() as plan:
                    *helpers, functions[name] = build_linear(plan, accelerator)
                    built += helpers
                case AttentionEngine() as plan:
                    functions[name] = build_attention(plan, accelerator)
                case LayerNormEngine() as plan:
                    functions[name] = build_layer_norm(plan, accelerator)
                case None if engine.kind.data == "load_rows":
                    functions[name] = build_load_rows(name, accelerator)
                case None if engine.kind.data == "load_image":
                    functions[name] = build_load_image(name, accelerator, self.pixels.words)
                case None:
                    functions[name] = build_copy_tokens(name, accelerator)
            built.append(functions[name])
        built.append(self._top(functions))
        built += [self.pixels.build(), *self.parameters.build()]
        return built

    def _top(self, functions: dict[str, func.FuncOp]) -> func.FuncOp:
        """The layers, one after another."""
        accelerator = self.accelerator
        with top_function(
            functions, accelerator, self.pixels.words, self._logits, self.memory_latency
        ) as (operation, buffers):
            for position, dispatch in enumerate(self.plan.dispatches):
                name = name_of(dispatch.engine)
                kind = self.plan.engines[name].kind.data
                call_engine(dispatch, functions[name], kind, buffers, self.parameters, accelerator)
                if (layer := trace_name(position, dispatch)) is not None:
                    assert dispatch.memory is not None
                    written = buffers[name_of(dispatch.memory)].ssa
                    row = 0 if dispatch.row is None else dispatch.row.value.data
                    vhls.TraceOp(layer, written, row, *tokens_and_channels(dispatch.result))
        return operation
