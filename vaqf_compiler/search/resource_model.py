"""
Resources of the parts of an accelerator. A search compares thousands of engines that differ in one
parameter, so the resources of the parts that they have in common are computed only once.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vaqf_compiler.cost.estimate import MARGIN, rounded
from vaqf_compiler.engines.accelerator import Accelerator, width_of
from vaqf_compiler.engines.addresses import cell
from vaqf_compiler.engines.attention.parts import attention_parts, head_parts, transfer_parts
from vaqf_compiler.engines.layer_norm.parts import layer_norm_parts
from vaqf_compiler.engines.layer_norm.plan import LayerNormPlan
from vaqf_compiler.engines.linear.parts import epilogue_parts, linear_parts, sum_parts
from vaqf_compiler.engines.linear.plan import INT8, LinearPlan, LinearTile
from vaqf_compiler.engines.movement.engine import MovementPlan
from vaqf_compiler.engines.parts import Part, Parts, resources_of
from vaqf_compiler.engines.registry import kinds
from vaqf_compiler.engines.shared_parts import interface_parts, memory_parts
from vaqf_compiler.hardware.block import OutOfRangeError
from vaqf_compiler.hardware.blocks import BinaryDot
from vaqf_compiler.hardware.board import Board
from vaqf_compiler.hardware.resources import Resources
from vaqf_compiler.hls_rules.copies import MOST_COPIES
from vaqf_compiler.search.machine import Built, Frame, Frames
from vaqf_compiler.search.options import Costs, row
from vaqf_compiler.search.workload import Workload

LAYER_NORM = LayerNormPlan("layer_norm", 1)
"""A layer normalisation engine; its costs do not depend on its epsilon."""


def fits(costs: Costs, budget: Costs) -> NDArray[np.bool_]:
    """Whether each row of costs, with the margin and rounded up, is within the budget."""
    margin = np.array([1 + MARGIN, 1 + MARGIN, 1, 1, 1])
    within: NDArray[np.bool_] = np.ceil(costs * margin - 1e-6) <= budget
    return np.logical_and.reduce(within, axis=1)


class Sums(NamedTuple):
    """A linear engine, with the resources of all its parts except the epilogue."""

    engine: LinearPlan
    accelerator: Accelerator
    resources: Resources


@dataclass
class ResourceModel:
    """Resources of the parts of a model's accelerators, without the margin."""

    workload: Workload
    board: Board
    frames: Frames
    _sums: dict[Hashable, Sums | None] = field(default_factory=dict[Hashable, Sums | None])
    _epilogues: dict[Hashable, Resources | None] = field(
        default_factory=dict[Hashable, Resources | None]
    )
    _heads: dict[Hashable, Resources | None] = field(
        default_factory=dict[Hashable, Resources | None]
    )

    @cached_property
    def budget(self) -> Costs:
        """Resources of the board that a design may take."""
        most = {
            name: math.floor(self.board.usable[name] * available + 1e-9)
            for name, available in self.board.available.items()
        }
        brams = math.floor(2 * self.board.usable["bram36"] * self.board.available["bram36"] + 1e-9)
        return np.array([most["lut"], most["ff"], most["dsp"], brams, most["uram"]], np.float64)

    def linear(self, base: Frame, name: str, tile: LinearTile) -> Resources | None:
        """
        Resources of a linear engine; those of the 8-bit one include its image memory. None if the
        engine cannot be built or does not fit the board.
        """
        tiles = (tile.tile_m, tile.tile_n, tile.unroll_m, tile.unroll_n)
        key = (base.bits, base.lanes, name, *tiles)
        if key not in self._sums:
            self._sums[key] = self._sums_of(base, name, replace(tile, results=1))
        if (sums := self._sums[key]) is None:
            return None
        width = width_of(sums.accelerator.activations)
        of_results = (tile.results, tile.tile_m, sums.engine.total_bits)
        key = (base.bits, base.lanes, name, width, *of_results)
        if key not in self._epilogues:
            engine = replace(sums.engine, results=tile.results)
            try:
                self._epilogues[key] = resources_of(epilogue_parts(engine, sums.accelerator))
            except OutOfRangeError:
                self._epilogues[key] = None
        epilogue = self._epilogues[key]
        return epilogue and sums.resources + epilogue

    def _sums_of(self, base: Frame, name: str, tile: LinearTile) -> Sums | None:
        if tile.weight_bits == 1 and self._exceeds(base.bits, tile):
            return None
        engine, accelerator = self.frames.linear(base, name, tile)
        if engine.weight_bits > 1 and engine.product_copies > MOST_COPIES:
            return None
        try:
            parts = sum_parts(engine, accelerator)
            if name == INT8:
                parts = parts + [p for p in memory_parts(accelerator) if p.name == "image"]
                if "copy_tokens" in self.workload.others:
                    cells = cell(accelerator.image, accelerator.channel_groups)
                    parts = [*parts, Part("copied cells", 1, cells)]
        except OutOfRangeError:
            return None
        found = resources_of(parts)
        fit = fits(np.array([row(found)]), self.budget)[0]
        return Sums(engine, accelerator, found) if fit else None

    def _exceeds(self, bits: int, tile: LinearTile) -> bool:
        """Whether the binary products alone take too many LUTs, as those of most tiles do."""
        try:
            products = BinaryDot(bits, tile.unroll_n).resources
        except OutOfRangeError:
            return True
        return bool(tile.unroll_m * products.lut > self.budget[0])

    def attention(self, frame: Frame, keys: int) -> Resources | None:
        """
        Resources of an attention engine: none if the model needs no such engine. Returns None if
        the engine cannot be built.
        """
        if "attention" not in self.workload.others:
            return Resources()
        engine, accelerator = frame.attention(keys), frame.accelerator
        if engine.keys * max(engine.head_size, engine.value_size) > MOST_COPIES:
            return None
        key = (frame.bits, frame.lanes, keys)
        try:
            if key not in self._heads:
                self._heads[key] = None
                self._heads[key] = resources_of(head_parts(engine, accelerator))
            head = self._heads[key]
            return head and head + resources_of(transfer_parts(engine, accelerator))
        except OutOfRangeError:
            return None

    def shared(self, accelerator: Accelerator) -> Costs:
        """Costs of all parts except the linear engines, attention and the image memory."""
        parts = self._others(accelerator)
        parts = parts + [p for p in memory_parts(accelerator) if p.name != "image"]
        return np.array(row(resources_of(parts)))

    def _others(self, accelerator: Accelerator) -> Parts:
        """All parts that are neither a linear engine nor attention nor a memory."""
        parts = layer_norm_parts(LAYER_NORM, accelerator)
        for kind in ("load_image", *self.workload.others):
            if kind not in ("attention", "layer_norm"):
                parts = parts + kinds()[kind].parts(MovementPlan(kind), accelerator)
        return parts + interface_parts(accelerator, self.board.memory.ports)

    def whole(self, built: Built) -> Resources:
        """Resources of a whole accelerator, with the margin."""
        machine = built.accelerator
        parts = [part for engine in built.linear.values() for part in linear_parts(engine, machine)]
        if "attention" in self.workload.others:
            parts += attention_parts(built.attention, machine)
        used = resources_of(parts + self._others(machine) + memory_parts(machine))
        share = 1 + MARGIN
        return rounded(replace(used, lut=used.lut * share, ff=used.ff * share))
