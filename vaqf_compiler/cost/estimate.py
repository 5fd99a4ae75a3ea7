"""What an accelerator costs on a board: cycles of every layer, resources of every engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr

from vaqf_compiler.analysis.latency import Cycles, LatencyModel
from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.dispatches import name_of
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.engines.parts import Parts, resources_of
from vaqf_compiler.engines.shared_parts import interface_parts, memory_parts
from vaqf_compiler.hardware.board import Board
from vaqf_compiler.hardware.resources import Resources, total

MARGIN = 0.15
"""
The share of LUTs and flip-flops that is added for control logic and routing. Placing and routing
were not run.
"""


@dataclass(frozen=True)
class LayerCost:
    """A layer: one dispatch of an engine."""

    name: str
    """Of the model's layer, or of the engine that moves data."""
    engine: str
    cycles: Cycles


@dataclass(frozen=True)
class Estimate:
    """Cost of an accelerator on a board."""

    board: Board
    clock_mhz: float
    layers: Sequence[LayerCost]
    """In the order in which they run, one after another."""
    parts: Mapping[str, Parts]
    """By engine, memory, or `interfaces`."""
    margin_share: float = MARGIN

    @property
    def cycles(self) -> int:
        """Of an image."""
        return sum(layer.cycles.total for layer in self.layers)

    @property
    def fps(self) -> float:
        """Images a second; the next one starts when one is done."""
        return self.clock_mhz * 1e6 / self.cycles

    @property
    def latency_ms(self) -> float:
        """Of an image, in milliseconds."""
        return 1000 / self.fps

    @property
    def by_unit(self) -> dict[str, Resources]:
        """Resources of each engine and memory, of the interfaces, and the margin."""
        found = {name: resources_of(parts) for name, parts in self.parts.items()}
        all_parts = total(found.values())
        share = self.margin_share
        return {**found, "margin": Resources(lut=share * all_parts.lut, ff=share * all_parts.ff)}

    @property
    def resources(self) -> Resources:
        """Of the whole accelerator, margin included."""
        return rounded(total(self.by_unit.values()))


def rounded(resources: Resources) -> Resources:
    """With whole LUTs and flip-flops, rounded up."""
    return Resources(
        math.ceil(resources.lut - 1e-6),
        math.ceil(resources.ff - 1e-6),
        resources.dsp,
        resources.bram18,
        resources.uram,
    )


def all_parts(plan: ModulePlan, board: Board) -> dict[str, Parts]:
    """The parts of a whole accelerator."""
    accelerator = plan.accelerator
    parts = {name: plan.kind(name).parts(found, accelerator) for name, found in plan.plans.items()}
    for memory in memory_parts(accelerator):
        parts[memory.name] = [memory]
    return {**parts, "interfaces": interface_parts(accelerator, board.memory.ports)}


def estimate(plan: ModulePlan, loops: ModuleOp, board: Board, clock_mhz: float) -> Estimate:
    """
    The cost of a mapped module, `plan`, that was lowered to `loops`. Raises OperationError where
    a trip count is not known.
    """
    model = LatencyModel(loops, board, clock_mhz)
    top = next(op for op in loops.ops if isinstance(op, func.FuncOp) and _has_ports(op))
    layers: list[LayerCost] = []
    for dispatch, cycles in zip(plan.dispatches, model.calls(top), strict=True):
        engine, layer = name_of(dispatch.engine), dispatch.attributes.get("layer")
        name = layer.data if isinstance(layer, StringAttr) else engine
        layers.append(LayerCost(name, engine, cycles))
    return Estimate(board, clock_mhz, layers, all_parts(plan, board))


def _has_ports(function: func.FuncOp) -> bool:
    return any(isinstance(op, vhls.InterfaceOp) for op in function.body.walk())
