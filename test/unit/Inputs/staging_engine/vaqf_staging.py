"""
A kind of engine that another package adds, with the pass that uses it.

It copies activations from one place of their memory to another: of no use but as an example.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Block, Region
from xdsl.passes import ModulePass
from xdsl.universe import Universe

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit import AttentionScoresOp, DispatchOp, EngineOp, YieldOp
from vaqf_compiler.dialects.binvit.model import model_function
from vaqf_compiler.engines.accelerator import ACTIVATIONS, Accelerator
from vaqf_compiler.engines.builder import Buffer, function, loop, unrolled
from vaqf_compiler.engines.dispatches import first_row, target_row, tokens_and_channels
from vaqf_compiler.engines.engine import Engine
from vaqf_compiler.engines.limits import MappedModel
from vaqf_compiler.engines.parameters import Parameters
from vaqf_compiler.engines.parts import LOOP, Parts, part
from vaqf_compiler.engines.values import Value


@dataclass(frozen=True)
class StagingPlan:
    name: str


class Staging(Engine[StagingPlan]):
    """Copies tokens of the activation memory, row by row."""

    kind = "staging"
    engines = MappingProxyType({"staging": {}})
    chains = ((),)

    def memory(self, dispatch: DispatchOp) -> str:
        return ACTIVATIONS

    def check(self, dispatch: DispatchOp, model: MappedModel) -> None:
        model.check_read(dispatch, dispatch.yielded, ACTIVATIONS)

    def plan(
        self, engine: EngineOp, dispatches: Sequence[DispatchOp], accelerator: Accelerator
    ) -> StagingPlan:
        return StagingPlan(engine.sym_name.data)

    def build(self, plan: StagingPlan, accelerator: Accelerator) -> list[func.FuncOp]:
        memory = accelerator.activations
        most, width, lanes = memory.get_shape()
        types: dict[str, Attribute] = {
            "activations": memory,
            **dict.fromkeys(("rows", "source", "target"), INDEX),
        }
        with function(plan.name, types) as (operation, arguments):
            vhls.InlineOp()
            activations = Buffer(arguments["activations"])
            rows, source, target = (Value(arguments[name]) for name in ("rows", "source", "target"))
            with loop(0, rows, "row", most=most) as row, loop(0, width, "group") as group:
                with unrolled(lanes, "lane") as lane:
                    activations[target + row, group, lane] = activations[source + row, group, lane]
        return [operation]

    def scalars(
        self,
        dispatch: DispatchOp,
        plan: StagingPlan,
        parameters: Parameters,
        accelerator: Accelerator,
    ) -> Sequence[int]:
        tokens, channels = tokens_and_channels(dispatch.result)
        rows = tokens * accelerator.token_rows(ACTIVATIONS, channels)
        source = first_row(dispatch.yielded, ACTIVATIONS, accelerator)
        return rows, source, target_row(dispatch)

    def parts(self, plan: StagingPlan, accelerator: Accelerator) -> Parts:
        return [part("loops", 2, LOOP)]


ENGINES = (Staging(),)


@dataclass(frozen=True)
class StageQueriesPass(ModulePass):
    """Copy the queries of each layer of attention before they are read."""

    name = "stage-queries"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        model = model_function(op)
        for attention in list(model.body.block.ops):
            scores = [o for o in attention.walk() if isinstance(o, AttentionScoresOp)]
            if isinstance(attention, DispatchOp) and scores:
                block = Block([YieldOp(scores[0].query)])
                copy = DispatchOp("staging", scores[0].query.type, Region(block))
                model.body.block.insert_op_before(copy, attention)
                scores[0].operands[0] = copy.result
        op.body.block.insert_op_before(EngineOp("staging", "staging", {}), model)


UNIVERSE = Universe(all_passes={"stage-queries": lambda: StageQueriesPass})
