"""
Cycles of all of a model's layers on an engine, by its closed form. What the form takes from the
engine's loops is found once for engines that differ in nothing that the loops' timing depends on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.ir import Attribute
from xdsl.utils.hints import isa

from vaqf_compiler.cost.board import Board
from vaqf_compiler.cost.closed_form import (
    AttentionForm,
    LayerNormForm,
    LinearForm,
    MovementForm,
)
from vaqf_compiler.cost.latency import LatencyModel
from vaqf_compiler.cost.pipelines import Pipeline
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    PARAMETERS_PER_WORD,
    PIXELS_PER_WORD,
    Accelerator,
    bits_of,
)
from vaqf_compiler.engines.attention import AttentionEngine, build_attention, build_exp_table
from vaqf_compiler.engines.builder import call
from vaqf_compiler.engines.layer_norm import LayerNormEngine, build_layer_norm
from vaqf_compiler.engines.linear import build_linear
from vaqf_compiler.engines.linear_engine import LinearEngine
from vaqf_compiler.engines.movement import build_copy_tokens, build_load_image, build_load_rows
from vaqf_compiler.engines.top import top_function
from vaqf_compiler.engines.values import constant
from vaqf_compiler.passes.binvit_unroll import LANE_CHOICES
from vaqf_compiler.search.facts import Facts, LinearLayer

FormT = TypeVar("FormT")

ROWS = 1 << 14
"""Of memories in a walk, whose timing does not depend on it."""
ANY_BITS = 8
"""The same."""
MORE_STEP_CYCLES = 16
MORE_CYCLES = 40
MOST_DEPTH = 300
"""No engine's pipelines or control take so much longer than the smallest one's."""


@dataclass
class CycleModel:
    """Cycles on a board at a clock rate."""

    facts: Facts
    board: Board
    clock_mhz: float
    _forms: dict[Hashable, Any] = field(default_factory=dict[Hashable, Any])

    def linear(self, engine: LinearEngine, accelerator: Accelerator) -> int:
        """Of all layers of a linear engine."""
        form = replace(self._linear_form(engine, accelerator), engine=engine)
        return sum(
            count * form.cycles(*layer.shape, layer.epilogue)
            for layer, count in self._distinct[engine.name].items()
        )

    def linear_bounds(self, engine: LinearEngine, accelerator: Accelerator) -> tuple[int, int]:
        """
        Of all layers of a linear engine at least and at most: with the depths of the smallest
        engine of its bits, and with ones that none exceeds.
        """
        lanes = accelerator.lanes
        words = lanes // PARAMETERS_PER_WORD
        form = self._smallest(engine, accelerator)
        least = replace(
            form,
            engine=engine,
            lanes=lanes,
            bias=replace(form.bias, interval=words),
            table=form.table and replace(form.table, interval=words),
        )
        most = replace(
            least,
            step=replace(least.step, depth=least.step.depth + MORE_STEP_CYCLES),
            bias=replace(least.bias, depth=least.bias.depth + MORE_CYCLES),
            table=form.table and replace(form.table, interval=lanes + MORE_CYCLES),
            control=least.control + MORE_CYCLES,
        )
        layers = self._distinct[engine.name]
        bounds = [
            sum(count * f.cycles(*layer.shape, layer.epilogue) for layer, count in layers.items())
            for f in (least, most)
        ]
        return bounds[0], bounds[1]

    @cached_property
    def _distinct(self) -> dict[str, Counter[LinearLayer]]:
        """The layers of each linear engine that differ, and how many of each there are."""
        return {name: Counter(layers) for name, layers in self.facts.linear.items()}

    def _smallest(self, engine: LinearEngine, accelerator: Accelerator) -> LinearForm:
        """The form of the smallest engine of the same bits, whose pipelines are the shortest."""
        lanes = min(LANE_CHOICES)
        tile_n = WORD_BITS // 8
        machine = _any_rows(
            replace(
                accelerator,
                lanes=lanes,
                activations=_resized(accelerator.activations, tile_n // lanes, lanes),
                residual=_resized(accelerator.residual, 1, lanes),
                image=_resized(accelerator.image, tile_n // lanes, lanes),
            )
        )
        is_image = engine.input is accelerator.image
        small = replace(
            engine,
            tile_m=2 * tile_n,
            tile_n=tile_n,
            unroll_m=2 * tile_n,
            unroll_n=tile_n,
            results=lanes,
            total_bits=min(engine.total_bits, bits_of(engine.input) + engine.weight_bits + 5),
            masks_channels=False,
            overhangs=False,
            input=machine.image if is_image else machine.activations,
        )
        return self._linear_form(small, machine)

    def attention_bounds(
        self, engine: AttentionEngine, accelerator: Accelerator
    ) -> tuple[int, int]:
        """Of all layers' attention at least and at most."""
        tokens = self.facts.others.get("attention", ())
        shortest, longest = (Pipeline(depth, 1, "") for depth in (1, MOST_DEPTH))
        bounds = [
            sum(
                AttentionForm(engine, accelerator, p, p, control, control).cycles(t) for t in tokens
            )
            for p, control in ((shortest, 0), (longest, MORE_CYCLES))
        ]
        return bounds[0], bounds[1]

    def attention(self, engine: AttentionEngine, accelerator: Accelerator) -> int:
        """Of all layers' attention."""
        machine = _any_rows(accelerator)

        def find() -> AttentionForm:
            model = self._walk([build_attention(engine, machine)], machine, [{"tokens": 1}])
            return AttentionForm.of(model, engine, machine)

        form = self._form(AttentionForm, (engine, _key(machine)), find)
        return sum(form.cycles(tokens) for tokens in self.facts.others.get("attention", ()))

    def layer_norm(self, engine: LayerNormEngine, accelerator: Accelerator) -> int:
        """Of all layer normalisations, whose results are cut to the activations' bits last."""
        machine = replace(
            _any_rows(accelerator, ANY_BITS), residual=_any_rows(accelerator).residual
        )

        def find() -> LayerNormForm:
            model = self._walk([build_layer_norm(engine, machine)], machine, [{"tokens": 1}])
            return LayerNormForm.of(model, engine.name)

        form = self._form(LayerNormForm, (engine, _key(machine)), find)
        groups = accelerator.channel_groups
        return sum(form.cycles(tokens, groups) for tokens in self.facts.others["layer_norm"])

    def _form(self, kind: type[FormT], key: Hashable, find: Callable[[], FormT]) -> FormT:
        """The form of a key, found at most once."""
        if (kind, key) not in self._forms:
            self._forms[kind, key] = find()
        return self._forms[kind, key]

    def movement(self, accelerator: Accelerator) -> int:
        """Of all that only moves data."""
        facts, groups = self.facts, accelerator.channel_groups
        _, width, lanes = accelerator.image.get_shape()
        row_words = width * lanes // PIXELS_PER_WORD
        words = facts.patches * -(-facts.pixels // (width * lanes)) * row_words
        total = self._movement_form("load_image", accelerator).cycles(words)
        for kind in ("load_rows", "copy_tokens"):
            for tokens in facts.others.get(kind, ()):
                total += self._movement_form(kind, accelerator).cycles(tokens * groups)
        return total

    def _movement_form(self, kind: str, accelerator: Accelerator) -> MovementForm:
        machine = _any_rows(accelerator, ANY_BITS)

        def find() -> MovementForm:
            match kind:
                case "load_image":
                    _, width, lanes = machine.image.get_shape()
                    words = 2 * width * lanes // PIXELS_PER_WORD
                    built = build_load_image(kind, machine, words)
                case "load_rows":
                    built = build_load_rows(kind, machine)
                case _:
                    built = build_copy_tokens(kind, machine)
            model = self._walk([built], machine, [{"tokens": 2, "rows": 2}])
            return MovementForm.of(model, kind)

        return self._form(MovementForm, (kind, _key(machine)), find)

    def _linear_form(self, engine: LinearEngine, accelerator: Accelerator) -> LinearForm:
        """Of an engine with as few output channels as the same timing takes."""
        lanes = accelerator.lanes
        groups = engine.groups(lanes)
        # Once, twice, or a number that divides unlike a power of two.
        least = 1 if groups == 1 else 2 if groups.bit_count() == 1 else 3
        rows = min(2, -(-engine.most_out_channels // engine.tile_m))
        tile_m = least * lanes * (2 if engine.steps_m > 1 and groups == 1 else 1)
        small = replace(
            engine,
            tile_m=tile_m,
            unroll_m=tile_m // (2 if engine.steps_m > 1 else 1),
            most_in_channels=2 * engine.tile_n,
            most_out_channels=rows * tile_m,
            logits=min(engine.logits, 2 * lanes),
        )
        machine = _any_rows(accelerator)
        is_image = engine.input is accelerator.image
        if not engine.stores_activations and is_image:
            machine = replace(machine, activations=_any_rows(accelerator, ANY_BITS).activations)
        small = replace(small, input=machine.image if is_image else machine.activations)

        def find() -> LinearForm:
            shape = {"tokens": 1, "in_channels": 1, "out_channels": 1}
            calls = [{**shape, "epilogue": int(e)} for e in sorted(engine.epilogues)]
            model = self._walk(build_linear(small, machine), machine, calls)
            return LinearForm.of(model, small, lanes)

        return self._form(LinearForm, (small, _key(machine)), find)

    def _walk(
        self, functions: list[func.FuncOp], accelerator: Accelerator, calls: list[dict[str, int]]
    ) -> LatencyModel:
        """The loops of an engine, the last of `functions`, walked for calls with some scalars."""
        *_, engine = functions
        name = engine.sym_name.data
        sizes = {
            argument.name_hint: argument.type.get_shape()[0]
            for argument in engine.args
            if isa(argument.type, MemRefType[Attribute])
        }
        words, logits = (sizes.get(port, 1) for port in ("image_port", "logits"))
        with top_function([name], accelerator, words, logits) as (top, buffers):
            for scalars in calls:
                arguments = [
                    buffers[argument.name_hint or ""]
                    if isinstance(argument.type, MemRefType)
                    else constant(scalars.get(argument.name_hint or "", 1), argument.type)
                    for argument in engine.args
                ]
                call(engine, *arguments)
        module = ModuleOp([build_exp_table("exp_table"), *functions, top])
        model = LatencyModel(module, self.board, self.clock_mhz)
        model.calls(top)
        return model


def _resized(memory: MemRefType[Attribute], width: int, lanes: int) -> MemRefType[Attribute]:
    return MemRefType(memory.element_type, [memory.get_shape()[0], width, lanes])


def _key(accelerator: Accelerator) -> Hashable:
    """What distinguishes the memories of accelerators."""
    a = accelerator
    return a.lanes, a.tokens, a.channels, a.activations, a.residual, a.image


def _any_rows(accelerator: Accelerator, bits: int | None = None) -> Accelerator:
    """The same with memories of one depth, and of a width where that does not matter either."""

    def of(memory: MemRefType[Attribute]) -> MemRefType[Attribute]:
        _, width, lanes = memory.get_shape()
        return MemRefType(IntegerType(bits or bits_of(memory)), [ROWS, width, lanes])

    return replace(
        accelerator,
        activations=of(accelerator.activations),
        residual=of(accelerator.residual),
        image=of(accelerator.image),
    )
