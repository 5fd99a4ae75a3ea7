"""All building blocks and their Verilog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vaqf_compiler.hardware import blocks, lanes, memories, products
from vaqf_compiler.hardware.block import Block
from vaqf_compiler.hardware.calibration import lane_circuits, logic_circuits, memory_circuits
from vaqf_compiler.hardware.calibration.yosys import SYNTHESIS, WIDE_CHOICES

CIRCUITS: dict[type[Block], Callable[[Any], str]] = {
    blocks.BinaryDot: logic_circuits.binary_dot,
    blocks.AdderTree: logic_circuits.adder_tree,
    blocks.MaximumTree: logic_circuits.maximum_tree,
    blocks.Accumulator: logic_circuits.accumulator,
    blocks.SaturatingAdd: logic_circuits.saturating_add,
    blocks.Multiplexer: logic_circuits.multiplexer,
    blocks.BarrelShift: logic_circuits.barrel_shift,
    blocks.RestoringDigit: logic_circuits.restoring_digit,
    products.Product: lane_circuits.product,
    lanes.Requantise: lane_circuits.requantise,
    lanes.ExponentialLane: lane_circuits.exponential_lane,
    lanes.ProbabilityLane: lane_circuits.probability_lane,
    lanes.NormaliseLane: lane_circuits.normalise_lane,
    memories.Memory: memory_circuits.memory,
}
"""The function that writes the Verilog of each block."""
BLOCKS = {kind.__name__: kind for kind in CIRCUITS}
"""All blocks by name."""


def verilog(block: Block) -> str:
    """Return the Verilog of a block, as a module `top`."""
    return CIRCUITS[type(block)](block)


def synthesis(block: Block) -> str:
    """Return the Yosys command that synthesises a block."""
    is_table = isinstance(block, memories.Memory) and block.write_ports == 0
    return SYNTHESIS if is_table else SYNTHESIS + WIDE_CHOICES
