"""Cycles of all of a model's layers on an engine, by its closed form."""

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
"""Up to here depths differ by no more than the next two numbers; beyond, pipelines are deeper."""
OTHER_CYCLES = 32
"""
Layers on linear engines of the same iterations are no further apart: by the depth of the loop, and
what is around it.
"""
MORE_CYCLES = 40
"""
No attention engine's pipeline differs so much in depth from that of another number of keys, nor
layer normalisation's with memories of another width.
"""


@dataclass
class CycleModel:
    """Cycles on a board at a clock rate."""

    workload: Workload
    board: Board
    clock_mhz: float
    forms: LatencyForms = field(init=False)

    def __post_init__(self) -> None:
        self.forms = LatencyForms(self.board, self.clock_mhz)

    def linear(self, engine: LinearPlan, accelerator: Accelerator) -> int:
        """Of all layers of a linear engine."""
        form = self.forms.linear(engine, accelerator)
        cycles = int(self._linear_cycles(form, [engine])[0])
        (least,), (most,) = self.linear_bounds(engine, accelerator, [engine])
        assert least <= cycles <= most
        return cycles

    def linear_bounds(
        self, engine: LinearPlan, accelerator: Accelerator, tiles: Sequence[LinearTile]
    ) -> tuple[Ints, Ints]:
        """The same at least and at most, of engines like `engine` but for their tiles."""
        cycles = self._linear_cycles(self.forms.any_linear(engine, accelerator), tiles)
        slack = self._slack(OTHER_CYCLES) * len(self.workload.linear[engine.name])
        return cycles - slack, cycles + slack

    def _slack(self, cycles: int) -> int:
        """How much cycles may differ: the more, the shorter one is."""
        return max(cycles, math.ceil(cycles * (self.clock_mhz / SLACK_MHZ) ** 2))

    def _linear_cycles(self, form: LinearForm, tiles: Sequence[LinearTile]) -> Ints:
        sizes = LinearSizes.of(tiles)
        total = np.zeros(len(tiles), np.int64)
        for layer, count in self.workload.distinct[form.engine.name].items():
            total += count * form.cycles_of(sizes, *layer.shape, layer.epilogue)
        return total

    def attention_bounds(self, engine: AttentionPlan, accelerator: Accelerator) -> tuple[int, int]:
        """Of all layers' attention at least and at most, by the depth of some engine."""
        some = replace(engine, keys=min(16, self.workload.tokens))
        key = self.distinct_bits(engine.activation_bits)
        form = self.forms.any_attention(some, accelerator, key)
        cycles = self._attention_cycles(replace(form, engine=engine))
        layers = len(self.workload.others.get("attention", ()))
        slack = self._slack(MORE_CYCLES) * engine.heads * layers
        return cycles - slack, cycles + slack

    def distinct_bits(self, bits: int) -> int | None:
        """
        What bounds of attention depend on of its bits: nothing, except at a high clock, where
        iterations start further apart for some.
        """
        return bits if self.clock_mhz > SLACK_MHZ else None

    def _attention_cycles(self, form: AttentionForm) -> int:
        shapes = zip(self.workload.others.get("attention", ()), self.workload.heads, strict=True)
        return sum(count * form.cycles(*shape) for shape, count in Counter(shapes).items())

    def attention(self, engine: AttentionPlan, accelerator: Accelerator) -> int:
        """Of all layers' attention."""
        cycles = self._attention_cycles(self.forms.attention(engine, accelerator))
        least, most = self.attention_bounds(engine, accelerator)
        assert least <= cycles <= most
        return cycles

    def layer_norm_bounds(self, engine: LayerNormPlan, accelerator: Accelerator) -> tuple[int, int]:
        """Of all layer normalisations at least and at most, whatever the memories' widths."""
        _, _, lanes = accelerator.activations.get_shape()
        narrow = replace(accelerator, activations=resized(accelerator.activations, 1, lanes))
        cycles = self.layer_norm(engine, narrow)
        slack = self._slack(MORE_CYCLES) * len(self.workload.others["layer_norm"])
        return cycles - slack, cycles + slack

    def layer_norm(self, engine: LayerNormPlan, accelerator: Accelerator) -> int:
        """Of all layer normalisations."""
        form = self.forms.layer_norm(engine, accelerator)
        groups, lanes = accelerator.channel_groups, accelerator.lanes
        layers = self.workload.others["layer_norm"]
        cycles = sum(form.cycles(tokens, groups, lanes) for tokens in layers)
        assert cycles >= self.least_layer_norm(accelerator)
        return cycles

    def least_layer_norm(self, accelerator: Accelerator) -> int:
        """The same at least, without a look at loops: a group of lanes a cycle."""
        groups = accelerator.channel_groups
        return sum(tokens * groups for tokens in self.workload.others["layer_norm"])

    def movement(self, accelerator: Accelerator) -> int:
        """Of all that only moves data."""
        workload, groups = self.workload, accelerator.channel_groups
        _, width, lanes = accelerator.image.get_shape()
        row_words = width * lanes // PIXELS_PER_WORD
        words = workload.patches * -(-workload.pixels // (width * lanes)) * row_words
        total = self.forms.movement("load_image", accelerator).cycles(words)
        for kind in ("load_rows", "copy_tokens"):
            # A word of initial tokens a cycle, or a group of lanes that are copied.
            words = words_of(lanes, token_bits(lanes)) if kind == "load_rows" else 1
            for tokens in workload.others.get(kind, ()):
                total += self.forms.movement(kind, accelerator).cycles(tokens * groups * words)
        return total
