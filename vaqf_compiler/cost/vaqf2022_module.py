"""The cost of a mapped module on the published accelerator, dispatch by dispatch."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import StringAttr
from xdsl.utils.exceptions import PassFailedException

from vaqf_compiler.analysis.latency import COMPUTE, Cycles
from vaqf_compiler.cost.estimate import Estimate, LayerCost
from vaqf_compiler.cost.layers import layers_of
from vaqf_compiler.cost.vaqf2022 import CLOCK_HZ, estimate
from vaqf_compiler.dialects.binvit import (
    AttentionContextOp,
    AttentionScoresOp,
    DispatchOp,
    LinearOp,
    PatchEmbedOp,
)
from vaqf_compiler.engines.accelerator import bits_of
from vaqf_compiler.engines.dispatches import name_of
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.engines.parts import part
from vaqf_compiler.hardware.board import load_board
from vaqf_compiler.hardware.resources import Resources

BOARD, CLOCK_MHZ = "zcu102", CLOCK_HZ / 1e6
PRODUCTS = (PatchEmbedOp, LinearOp, AttentionScoresOp, AttentionContextOp)
"""Operations that take cycles in the paper's latency formula; all others take none."""


def check_published(board: str, clock_mhz: float | None) -> None:
    """Raise PassFailedException unless board and clock are those of the published accelerator."""
    if board != BOARD or clock_mhz not in (None, CLOCK_MHZ):
        raise PassFailedException(
            f"profile vaqf2022 was fitted to {BOARD} at {CLOCK_MHZ:g} MHz and knows no other board "
            "or clock"
        )


def estimate_published(plan: ModulePlan) -> Estimate:
    """
    Cycles and resources of the published accelerator for a mapped module with activations of 1 to
    16 bits.
    """
    module = plan.model.parent_op()
    assert module is not None
    found = estimate(layers_of(module), bits_of(plan.accelerator.activations))
    cycles = iter([count for _, count in found.cycles_by_layer])
    used = Resources(lut=found.lut, dsp=found.dsp, bram18=2 * found.bram36)
    return Estimate(
        load_board(BOARD),
        CLOCK_MHZ,
        [_layer(dispatch, cycles) for dispatch in plan.dispatches],
        {"published_engine": [part("engine", 1, used)]},
        margin_share=0.0,
    )


def _layer(dispatch: DispatchOp, cycles: Iterator[int]) -> LayerCost:
    total = sum(next(cycles) for op in dispatch.operations if isinstance(op, PRODUCTS))
    engine, layer = name_of(dispatch.engine), dispatch.attributes.get("layer")
    name = layer.data if isinstance(layer, StringAttr) else engine
    return LayerCost(name, engine, Cycles(total, {COMPUTE: total}))
