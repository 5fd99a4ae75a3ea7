"""
Prints the estimates that docs/cost-model.md shows, as Markdown: the DeiT family at several
precisions with the default engines, and where the cycles of DeiT-base go.

    python benchmarks/cost_tables.py [BOARD]        (default: zcu102)
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tqdm import tqdm
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.cost.estimate import Estimate
from vaqf_compiler.cost.layers import Kind, layers_of
from vaqf_compiler.engines.linear.plan import LinearPlan
from vaqf_compiler.engines.module_plan import ModulePlan
from vaqf_compiler.hardware.board import RESOURCES, Board, load_board
from vaqf_compiler.importer.models import load_model
from vaqf_compiler.importer.write import write_model
from vaqf_compiler.passes.binvit_estimate import estimate_module
from vaqf_compiler.pipeline import make_context, read_module, run_passes

MODELS = ("deit-tiny", "deit-small", "deit-base")
BITS = (4, 6, 8, 16)
MAP = "binvit-map,binvit-tile,binvit-unroll,binvit-allocate"


def estimates(name: str, board: Board) -> dict[int, tuple[ModuleOp, Estimate]]:
    """A model's mapped modules and their costs, by activation bits."""
    found: dict[int, tuple[ModuleOp, Estimate]] = {}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "model.mlir"
        write_model(load_model(name), path)
        context = make_context()
        model = read_module(context, path)
        run_passes(context, model, "convert-torch-to-binvit,binvit-canonicalize-tokens")
        for bits in tqdm(BITS, name, disable=None, leave=False):
            module = model.clone()
            quantize = f"binvit-quantize{{activation-bits={bits} images=1}}"
            with contextlib.redirect_stderr(io.StringIO()):  # it says that the image is noise
                run_passes(context, module, f"{quantize},{MAP}")
            plan = ModulePlan.of(module)
            found[bits] = module, estimate_module(context, module, plan, board, board.clock_mhz)
    return found


def share(used: float, available: float) -> str:
    return f"{used:,.0f} ({used / available:.0%})" if available else f"{used:,.0f}"


def print_models(costs: dict[str, dict[int, tuple[ModuleOp, Estimate]]], board: Board) -> None:
    heads = " | ".join(name.upper() for name in RESOURCES)
    print(f"| model | bits | cycles | FPS | ms | {heads} | fits |")
    print("|---|--:|--:|--:|--:|" + "--:|" * len(RESOURCES) + "---|")
    for name, by_bits in costs.items():
        for bits, (_, cost) in by_bits.items():
            used = cost.resources
            cells = [share(getattr(used, r), board.available[r]) for r in RESOURCES]
            over = ", ".join(board.exceeded(used))
            fits = f"too much {over}" if over else "yes"
            numbers = f"{cost.cycles:,} | {cost.fps:.1f} | {cost.latency_ms:.1f}"
            print(f"| {name} | {bits} | {numbers} | {' | '.join(cells)} | {fits} |")


def print_causes(cost: Estimate) -> None:
    causes: Counter[tuple[str, str]] = Counter()
    for layer in cost.layers:
        for cause, cycles in layer.cycles.causes.items():
            causes[layer.engine, cause] += cycles
    names = ("compute", "weights", "activations", "control")
    print(f"| engine | {' | '.join(names)} | all | share |")
    print("|---|" + "--:|" * (len(names) + 2))
    for engine in dict.fromkeys(layer.engine for layer in cost.layers):
        cycles = [causes[engine, name] for name in names]
        cells = " | ".join(f"{count:,}" for count in cycles)
        print(f"| {engine} | {cells} | {sum(cycles):,} | {sum(cycles) / cost.cycles:.0%} |")


def print_roofline(module: ModuleOp, cost: Estimate) -> None:
    """How many cycles the binary engine's products alone would take."""
    plan = ModulePlan.of(module).plans["binary_linear"]
    assert isinstance(plan, LinearPlan)
    macs = sum(layer.macs for layer in layers_of(module) if layer.kind is Kind.BINARY)
    least = macs / (plan.unroll_m * plan.unroll_n)
    taken = sum(la.cycles.total for la in cost.layers if la.engine == "binary_linear")
    print(
        f"Binary layers: {macs / 1e9:.2f} GMAC by {plan.unroll_m} x {plan.unroll_n} products a "
        f"cycle are {least:,.0f} cycles. They take {taken:,}: {least / taken:.0%} multiply."
    )


def main(board_name: str) -> None:
    board = load_board(board_name)
    costs = {name: estimates(name, board) for name in MODELS}
    print(f"{board.name} at {board.clock_mhz:g} MHz, default engines:\n")
    print_models(costs, board)
    module, cost = costs["deit-base"][8]
    print("\nWhere the cycles of DeiT-base at 8 bits go:\n")
    print_causes(cost)
    print()
    print_roofline(module, cost)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "zcu102")
