"""Estimate of an accelerator on a board: cycles of each layer, and resources of each engine."""

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
The share of LUTs and flip-flops that is added for control logic and routing. It is an assumption:
placing and routing were not run.
"""


@dataclass(frozen=True)
class LayerCost:
    """Cycles of a layer, which is one dispatch of an engine."""

    name: str
    """Name of the model's layer, or of the engine if it only moves data."""
    engine: str
    cycles: Cycles


@dataclass(frozen=True)
class Estimate:
    """Cycles and resources of an accelerator on a board."""

    board: Board
    clock_mhz: float
    layers: Sequence[LayerCost]
    """The layers in the order in which they run, one after another."""
    parts: Mapping[str, Parts]
    """Parts by the name of an engine or memory, or `interfaces`."""
    margin_share: float = MARGIN

    @property
    def cycles(self) -> int:
        """Cycles per image."""
        return sum(layer.cycles.total for layer in self.layers)

    @property
    def fps(self) -> float:
        """Frame rate, in images per second; an image starts when the one before is finished."""
        return self.clock_mhz * 1e6 / self.cycles

    @property
    def latency_ms(self) -> float:
        """Latency of one image, in milliseconds."""
        return 1000 / self.fps

    @property
    def by_unit(self) -> dict[str, Resources]:
        """Resources of each engine and memory, of the interfaces, and of the margin."""
        found = {name: resources_of(parts) for name, parts in self.parts.items()}
        all_parts = total(found.values())
        share = self.margin_share
        return {**found, "margin": Resources(lut=share * all_parts.lut, ff=share * all_parts.ff)}

    @property
    def resources(self) -> Resources:
        """Resources of the whole accelerator, including the margin."""
        return rounded(total(self.by_unit.values()))


def rounded(resources: Resources) -> Resources:
    """The resources with LUTs and flip-flops rounded up to whole numbers."""
    return Resources(
        math.ceil(resources.lut - 1e-6),
        math.ceil(resources.ff - 1e-6),
        resources.dsp,
        resources.bram18,
        resources.uram,
    )


def all_parts(plan: ModulePlan, board: Board) -> dict[str, Parts]:
    """The parts of a whole accelerator, by engine, memory, or `interfaces`."""
    accelerator = plan.accelerator
    parts = {name: plan.kind(name).parts(found, accelerator) for name, found in plan.plans.items()}
    for memory in memory_parts(accelerator):
        parts[memory.name] = [memory]
    return {**parts, "interfaces": interface_parts(accelerator, board.memory.ports)}


def estimate(plan: ModulePlan, loops: ModuleOp, board: Board, clock_mhz: float) -> Estimate:
    """
    Estimate the cost of a mapped module, `plan`, that was lowered to `loops`. Raises OperationError
    if a trip count is not known.
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
