"""Cycles per image of all layers of a model on an engine, from the engine's closed form."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vaqf_compiler.engines.accelerator import (
    PIXELS_PER_WORD,
    Accelerator,
    token_bits,
    words_of,
)
from vaqf_compiler.engines.attention.form import AttentionForm
from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.forms import Ints
from vaqf_compiler.engines.layer_norm.plan import LayerNormPlan
from vaqf_compiler.engines.linear.form import LinearForm, LinearSizes
from vaqf_compiler.engines.linear.plan import LinearPlan, LinearTile
from vaqf_compiler.hardware.board import Board
from vaqf_compiler.search.latency_forms import LatencyForms, resized
from vaqf_compiler.search.workload import Workload

SLACK_MHZ = 300
"""
Clock rate up to which depths differ by no more than the next two constants; at higher rates,
pipelines are deeper.
"""
OTHER_CYCLES = 32
"""
The most cycles by which a layer differs between linear engines with the same iterations: because of
the depth of the loop and of the code around it.
"""
MORE_CYCLES = 40
"""
The most cycles by which the depth of a pipeline differs between attention engines with different
numbers of keys, and between layer normalisations with memories of different widths.
"""


@dataclass
class CycleModel:
    """Cycles of a model's layers on a board at a clock rate."""

    workload: Workload
    board: Board
    clock_mhz: float
    forms: LatencyForms = field(init=False)

    def __post_init__(self) -> None:
        self.forms = LatencyForms(self.board, self.clock_mhz)

    def linear(self, engine: LinearPlan, accelerator: Accelerator) -> int:
        """Cycles of all layers of a linear engine."""
        form = self.forms.linear(engine, accelerator)
        cycles = int(self._linear_cycles(form, [engine])[0])
        (least,), (most,) = self.linear_bounds(engine, accelerator, [engine])
        assert least <= cycles <= most
        return cycles

    def linear_bounds(
        self, engine: LinearPlan, accelerator: Accelerator, tiles: Sequence[LinearTile]
    ) -> tuple[Ints, Ints]:
        """
        Lower and upper bounds of the cycles of all layers, for engines that differ from `engine`
        only in their tiles: two arrays with an element for each tile.
        """
        cycles = self._linear_cycles(self.forms.any_linear(engine, accelerator), tiles)
        slack = self._slack(OTHER_CYCLES) * len(self.workload.linear[engine.name])
        return cycles - slack, cycles + slack

    def _slack(self, cycles: int) -> int:
        """The most cycles by which depths differ: more than `cycles` if the clock is fast."""
        return max(cycles, math.ceil(cycles * (self.clock_mhz / SLACK_MHZ) ** 2))

    def _linear_cycles(self, form: LinearForm, tiles: Sequence[LinearTile]) -> Ints:
        sizes = LinearSizes.of(tiles)
        total = np.zeros(len(tiles), np.int64)
        for layer, count in self.workload.distinct[form.engine.name].items():
            total += count * form.cycles_of(sizes, *layer.shape, layer.epilogue)
        return total

    def attention_bounds(self, engine: AttentionPlan, accelerator: Accelerator) -> tuple[int, int]:
        """Lower and upper bound of the cycles of all attention, by the depth of another engine."""
        some = replace(engine, keys=min(16, self.workload.tokens))
        key = self.distinct_bits(engine.activation_bits)
        form = self.forms.any_attention(some, accelerator, key)
        cycles = self._attention_cycles(replace(form, engine=engine))
        layers = len(self.workload.others.get("attention", ()))
        slack = self._slack(MORE_CYCLES) * engine.heads * layers
        return cycles - slack, cycles + slack

    def distinct_bits(self, bits: int) -> int | None:
        """
        Key of the bounds of attention for a precision. It is None, the same for all precisions,
        except at a high clock rate, where the initiation interval of some precisions is longer.
        """
        return bits if self.clock_mhz > SLACK_MHZ else None

    def _attention_cycles(self, form: AttentionForm) -> int:
        shapes = zip(self.workload.others.get("attention", ()), self.workload.heads, strict=True)
        return sum(count * form.cycles(*shape) for shape, count in Counter(shapes).items())

    def attention(self, engine: AttentionPlan, accelerator: Accelerator) -> int:
        """Cycles of the attention of all layers."""
        cycles = self._attention_cycles(self.forms.attention(engine, accelerator))
        least, most = self.attention_bounds(engine, accelerator)
        assert least <= cycles <= most
        return cycles

    def layer_norm_bounds(self, engine: LayerNormPlan, accelerator: Accelerator) -> tuple[int, int]:
        """Lower and upper bound of the cycles of all layer normalisations, for any memory width."""
        _, _, lanes = accelerator.activations.get_shape()
        narrow = replace(accelerator, activations=resized(accelerator.activations, 1, lanes))
        cycles = self.layer_norm(engine, narrow)
        slack = self._slack(MORE_CYCLES) * len(self.workload.others["layer_norm"])
        return cycles - slack, cycles + slack

    def layer_norm(self, engine: LayerNormPlan, accelerator: Accelerator) -> int:
        """Cycles of all layer normalisations."""
        form = self.forms.layer_norm(engine, accelerator)
        groups, lanes = accelerator.channel_groups, accelerator.lanes
        layers = self.workload.others["layer_norm"]
        cycles = sum(form.cycles(tokens, groups, lanes) for tokens in layers)
        assert cycles >= self.least_layer_norm(accelerator)
        return cycles

    def least_layer_norm(self, accelerator: Accelerator) -> int:
        """Lower bound of the cycles of all layer normalisations: one per group of each token."""
        groups = accelerator.channel_groups
        return sum(tokens * groups for tokens in self.workload.others["layer_norm"])

    def movement(self, accelerator: Accelerator) -> int:
        """Cycles of all engines that only move data."""
        workload, groups = self.workload, accelerator.channel_groups
        _, width, lanes = accelerator.image.get_shape()
        row_words = width * lanes // PIXELS_PER_WORD
        words = workload.patches * -(-workload.pixels // (width * lanes)) * row_words
        total = self.forms.movement("load_image", accelerator).cycles(words)
        for kind in ("load_rows", "copy_tokens"):
            # Each cycle loads a word of initial tokens, or copies a group.
            words = words_of(lanes, token_bits(lanes)) if kind == "load_rows" else 1
            for tokens in workload.others.get(kind, ()):
                total += self.forms.movement(kind, accelerator).cycles(tokens * groups * words)
        return total
