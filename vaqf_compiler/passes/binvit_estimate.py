"""
Before:

    binvit.engine @binary_linear "linear" {...}
    binvit.memory @activations in "bram" : memref<11820x4x16xi8>
    %3 = binvit.dispatch @layer_norm to @activations row 0 {layer = "norm"} : ...

After, with board=zcu102:

    module attributes {binvit.board = "zcu102", binvit.clock_mhz = 2.0e+02, binvit.cycles = ...} {
      binvit.engine @binary_linear "linear" {...} {resources = #binvit.resources<lut = ..., ...>}
      binvit.memory @activations in "bram" : memref<11820x4x16xi8> {resources = ...}
      %3 = binvit.dispatch @layer_norm to @activations row 0
             {layer = "norm", cycles = 10083 : i64, bound = "compute"} : ...

Cycles are read off the loops that the module will be lowered to, resources off its engines; the
module has the sum, with a margin, and what it leaves of the board.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, StringAttr, f64, i64
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.cost.estimate import Estimate, estimate, rounded
from vaqf_compiler.cost.vaqf2022_module import check_published, estimate_published
from vaqf_compiler.dialects.binvit import EngineOp, MemoryOp, ResourcesAttr
from vaqf_compiler.dialects.binvit.mapping import forget_costs, selected_board
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.hardware.block import OutOfRangeError
from vaqf_compiler.hardware.board import Board, load_board
from vaqf_compiler.hardware.resources import Resources
from vaqf_compiler.limits import check_clock
from vaqf_compiler.passes.lower_binvit_to_loops import LowerBinvitToLoopsPass

CALIBRATED = "calibrated"


@dataclass(frozen=True)
class BinvitEstimatePass(ModulePass):
    """Write what the accelerator costs on a board into the IR: cycles and resources."""

    name = "binvit-estimate"

    board: str | None = None
    """A board's name, or a .toml file that describes one: as selected, or zcu102."""
    clock_mhz: int | float | None = None
    """The clock: as selected, or the board's."""
    profile: str = CALIBRATED
    """`calibrated` for this accelerator, `vaqf2022` for the published one."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        name, given_clock = self.board, self.clock_mhz
        if name is None:
            name, selected_clock = selected_board(op)
            given_clock = selected_clock if given_clock is None else given_clock
        board = load_board(name)
        plan = ModulePlan.of(op)
        match self.profile:
            case "calibrated":
                clock = board.clock_mhz if given_clock is None else given_clock
                found = estimate_module(ctx, op, plan, board, clock)
            case "vaqf2022":
                check_published(name, given_clock)
                found = estimate_published(plan)
            case other:
                raise PassFailedException(f"profile must be calibrated or vaqf2022, got '{other}'")
        annotate(op, plan, found)
        op.attributes["binvit.board"] = StringAttr(name)
        op.attributes["binvit.profile"] = StringAttr(self.profile)


def estimate_module(
    ctx: Context, module: ModuleOp, plan: ModulePlan, board: Board, clock_mhz: float
) -> Estimate:
    """
    What a mapped module costs. Raises UserError for a clock that makes no sense,
    PassFailedException for a module that is not mapped, and where the board lacks a resource
    altogether.
    """
    check_clock(clock_mhz, "clock-mhz")
    loops = module.clone()
    LowerBinvitToLoopsPass().apply(ctx, loops)
    try:
        found = estimate(plan, loops, board, clock_mhz)
    except OutOfRangeError as error:
        raise PassFailedException(f"no cost is known for so large an engine: {error}") from error
    used = found.resources
    for name, share in board.share(used).items():
        if math.isinf(share):
            raise PassFailedException(
                f"board {board.name} has no {name}, of which the accelerator needs "
                f"{getattr(used, name):g}; choose another board"
            )
    return found


def annotate(module: ModuleOp, plan: ModulePlan, found: Estimate) -> None:
    """Write an estimate into the module."""
    forget_costs(module)
    by_unit = found.by_unit
    for op in module.ops:
        if isinstance(op, EngineOp | MemoryOp) and op.sym_name.data in by_unit:
            op.attributes["resources"] = attribute(by_unit.pop(op.sym_name.data))
    for dispatch, layer in zip(plan.dispatches, found.layers, strict=True):
        dispatch.attributes["cycles"] = IntegerAttr(layer.cycles.total, i64)
        dispatch.attributes["bound"] = StringAttr(layer.cycles.bound)
    module.attributes.update(
        {
            "binvit.part": StringAttr(found.board.part),
            "binvit.clock_mhz": FloatAttr(found.clock_mhz, f64),
            "binvit.cycles": IntegerAttr(found.cycles, i64),
            "binvit.resources": attribute(found.resources),
            "binvit.remaining": attribute(remaining(found.board, found.resources)),
            **{f"binvit.{name}": attribute(used) for name, used in by_unit.items()},
        }
    )


def attribute(resources: Resources) -> ResourcesAttr:
    """Resources as an attribute, rounded up."""
    whole = rounded(resources)
    return ResourcesAttr(int(whole.lut), int(whole.ff), whole.dsp, whole.bram18, whole.uram)


def remaining(board: Board, used: Resources) -> Resources:
    """What a design leaves of what may be used of a board; negative where it takes more."""
    usable = {
        name: math.floor(board.available[name] * share) for name, share in board.usable.items()
    }
    return Resources(
        usable["lut"] - used.lut,
        usable["ff"] - used.ff,
        usable["dsp"] - used.dsp,
        2 * usable["bram36"] - used.bram18,
        usable["uram"] - used.uram,
    )
