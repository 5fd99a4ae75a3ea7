"""
Closed forms of the cycles of engines. The constants that they take from an engine's loops are
computed once for all engines that agree in everything that the timing of the loops depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import IntegerType, MemRefType, ModuleOp
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.hints import isa

from vaqf_compiler.analysis.latency import LatencyModel, is_pipelined
from vaqf_compiler.analysis.pipelines import handing_over
from vaqf_compiler.analysis.schedule import Time
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    PIXELS_PER_WORD,
    Accelerator,
    bits_of,
)
from vaqf_compiler.engines.attention.form import AttentionForm
from vaqf_compiler.engines.attention.loops import build_attention, build_exp_table
from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.builder import Buffer, call, local, queue
from vaqf_compiler.engines.layer_norm.form import LayerNormForm
from vaqf_compiler.engines.layer_norm.loops import build_layer_norm
from vaqf_compiler.engines.layer_norm.plan import LayerNormPlan
from vaqf_compiler.engines.linear.binary_dot import build_binary_dot
from vaqf_compiler.engines.linear.form import LinearForm
from vaqf_compiler.engines.linear.loops import build_linear
from vaqf_compiler.engines.linear.multiply import build_multiply
from vaqf_compiler.engines.linear.plan import Epilogue, LinearPlan
from vaqf_compiler.engines.movement.form import MovementForm
from vaqf_compiler.engines.movement.loops import (
    build_copy_tokens,
    build_load_image,
    build_load_rows,
)
from vaqf_compiler.engines.top import top_function
from vaqf_compiler.engines.values import constant
from vaqf_compiler.hardware.board import Board

FormT = TypeVar("FormT")

HANDED_OVER = ("weight", "weight_ahead", "bias", "bias_ahead")
"""Arrays of a linear engine's loop from which an iteration reads what the previous one wrote."""
ROWS = 1 << 14
"""Rows of memories while the loops are analysed; their timing does not depend on it."""
ANY_BITS = 8
"""Bits of elements where the timing does not depend on them."""
ROW = 128
"""Input channels of a tile where the timing does not depend on them."""


@dataclass(frozen=True)
class DepthProbe:
    """The pipelined loop of a linear engine, of which the depth is computed."""

    multiply: func.FuncOp
    model: LatencyModel

    def depth(self, interval: int, after: int) -> int:
        """Depth at an initiation interval, if the totals are ready `after` cycles into it."""
        loops = (op for op in self.multiply.walk() if isinstance(op, scf.ForOp))
        loop = next(op for op in loops if is_pipelined(op))
        own: dict[str | None, SSAValue] = {
            op.memref.name_hint: op.memref
            for op in self.multiply.body.block.ops
            if isinstance(op, memref.AllocOp)
        }
        written = {own["done"]: Time(after)}
        next_one = {own[name]: 1.0 for name in HANDED_OVER}
        model = self.model
        found = handing_over(loop, model.arrays, model.clock, next_one, interval, written)
        return found.finish.cycles


@dataclass
class LatencyForms:
    """Closed forms of the cycles of engines on a board at a clock rate, each computed once."""

    board: Board
    clock_mhz: float
    _found: dict[Hashable, Any] = field(default_factory=dict[Hashable, Any])

    def linear(self, engine: LinearPlan, accelerator: Accelerator) -> LinearForm:
        """Closed form of a linear engine."""
        form = self._control(engine, accelerator)
        depth = self._multiply_depth(engine, accelerator)
        return replace(form, engine=engine, multiply=replace(form.multiply, depth=depth))

    def any_linear(self, engine: LinearPlan, accelerator: Accelerator) -> LinearForm:
        """
        Approximate closed form of all engines with the name and the lanes of `engine`. The depth
        and the cycles around the loop are those of the first such engine, whatever its bits.
        """
        form = self.once(LinearForm, ("any", engine.name), lambda: self.linear(engine, accelerator))
        return replace(form, lanes=accelerator.lanes, engine=engine)

    def any_attention(
        self, engine: AttentionPlan, accelerator: Accelerator, key: Hashable
    ) -> AttentionForm:
        """Approximate closed form for a key: its depth is that of the first engine with the key."""
        form = self.once(AttentionForm, ("any", key), lambda: self.attention(engine, accelerator))
        return replace(form, engine=engine, accelerator=accelerator)

    def attention(self, engine: AttentionPlan, accelerator: Accelerator) -> AttentionForm:
        """
        Closed form of an attention engine. It is computed once for all memories whose width is the
        same as far as a head is concerned.
        """
        together = engine.loaded_groups(accelerator)
        _, width, lanes = accelerator.activations.get_shape()
        times = _division(width // together)
        machine = replace(
            accelerator, activations=resized(accelerator.activations, together * times, lanes)
        )

        def find() -> AttentionForm:
            model = self._walk(
                [build_attention(engine, machine)], machine, [{"tokens": 1, "heads": 1}]
            )
            return AttentionForm.of(model, engine, machine)

        key = (engine, lanes, accelerator.uram, together * times)
        form = self.once(AttentionForm, key, find)
        return replace(form, engine=engine, accelerator=accelerator)

    def layer_norm(self, engine: LayerNormPlan, accelerator: Accelerator) -> LayerNormForm:
        """
        Closed form of a layer normalisation engine. It does not depend on the bits of activations,
        to which results are cut at the very end.
        """
        _, width, lanes = accelerator.activations.get_shape()

        def find() -> LayerNormForm:
            machine = replace(accelerator, activations=_any_rows(accelerator, ANY_BITS).activations)
            model = self._walk([build_layer_norm(engine, machine)], machine, [{"tokens": 1}])
            return LayerNormForm.of(model, engine.name)

        key = (engine, lanes, accelerator.uram, _division(width))
        return self.once(LayerNormForm, key, find)

    def movement(self, kind: str, accelerator: Accelerator) -> MovementForm:
        """Closed form of an engine that only moves data."""
        lanes = accelerator.lanes
        widths = [memory.get_shape()[1] for memory in (accelerator.activations, accelerator.image)]
        match kind:
            case "load_image":
                divisions = [_division(widths[1] * lanes // PIXELS_PER_WORD)]
            case "copy_tokens":
                # Addresses take divisions by the groups of a row, and products with a token's rows.
                rows = [-(-accelerator.channel_groups // width) for width in widths]
                divisions = [_division(size) for size in (*widths, *rows)]
            case _:
                divisions = []

        def find() -> MovementForm:
            machine = _any_rows(accelerator, ANY_BITS)
            match kind:
                case "load_image":
                    words = 2 * widths[1] * lanes // PIXELS_PER_WORD
                    built = build_load_image(kind, machine, words)
                case "load_rows":
                    built = build_load_rows(kind, machine)
                case _:
                    built = build_copy_tokens(kind, machine)
            model = self._walk([built], machine, [{"tokens": 2, "rows": 2}])
            return MovementForm.of(model, kind)

        return self.once(MovementForm, (kind, lanes, accelerator.uram, *divisions), find)

    def once(self, kind: type[FormT], key: Hashable, find: Callable[[], FormT]) -> FormT:
        """The form of a key, which is computed at most once."""
        if (kind, key) not in self._found:
            self._found[kind, key] = find()
        return self._found[kind, key]

    def _multiply_depth(self, engine: LinearPlan, accelerator: Accelerator) -> int:
        """
        Depth of the pipelined loop. An iteration multiplies while it finishes totals of earlier
        iterations. It waits for them if the pipeline is deeper than the iterations in between.
        """
        products = self._products_depth(engine, accelerator)
        after = max(0, products - engine.finished_distance * self._interval(engine, accelerator))
        return max(products, self._results_depth(engine, accelerator, after))

    def _products_depth(self, engine: LinearPlan, accelerator: Accelerator) -> int:
        """Depth of the loop that only multiplies, with arbitrary parameters for the results."""
        lanes = accelerator.lanes
        steps = (min(2, engine.steps_m), min(2, engine.steps_n))
        interval = self._interval(engine, accelerator)
        key = (
            "products",
            (engine.weight_bits, bits_of(engine.input), engine.total_bits),
            (engine.unroll_n, engine.masks_channels, steps, accelerator.uram, interval),
        )

        def find() -> int:
            small, machine = _smallest(engine, accelerator)
            tile_m = _rows_of_a_word(engine, lanes * small.steps_m)
            alone = replace(
                small,
                results=lanes,
                tile_m=tile_m,
                unroll_m=tile_m // small.steps_m,
                epilogues=frozenset({Epilogue.RESIDUAL}),
                overhangs=False,
            )
            probe = self._probe(alone, machine, finishes=False)
            return probe.depth(interval, after=0)

        return self.once(int, key, find)

    def _results_depth(self, engine: LinearPlan, accelerator: Accelerator, after: int) -> int:
        """
        Depth of the loop that only finishes results, with arbitrary parameters for the products, if
        the totals are ready `after` cycles into an iteration.
        """
        _, width, lanes = accelerator.activations.get_shape()
        groups = engine.groups(lanes)
        key = (
            "results",
            (engine.total_bits, engine.gelu_bits, bits_of(accelerator.activations)),
            (engine.epilogues, lanes // engine.results, accelerator.uram),
            # Biases are in registers: the more there are, the longer it takes to select one.
            (_division(width), _division(groups), (groups - 1).bit_length()),
        )

        def find() -> DepthProbe:
            small, machine = _smallest(engine, accelerator)
            alone = replace(
                small,
                tile_m=groups * lanes,
                unroll_m=groups * lanes // small.steps_m,
                shapes=_one_shape(
                    2 * ROW * engine.steps_n,
                    small.most_out_channels // small.tile_m * groups * lanes,
                ),
                tile_n=ROW * engine.steps_n,
                unroll_n=ROW,
                masks_channels=False,
            )
            return self._probe(alone, machine, multiplies=False)

        probe = self.once(DepthProbe, key, find)
        interval = self._interval(engine, accelerator)
        return self.once(int, (*key, after, interval), lambda: probe.depth(interval, after))

    def _interval(self, engine: LinearPlan, accelerator: Accelerator) -> int:
        """Initiation interval of the loop: 1, or more if its counters need it at a high clock."""
        return self._control(engine, accelerator).multiply.interval

    def _probe(self, engine: LinearPlan, accelerator: Accelerator, **parts: bool) -> DepthProbe:
        """Build the loop of an engine, or the parts of it that `parts` selects."""
        binary_dot = build_binary_dot(engine) if engine.weight_bits == 1 else None
        multiply = build_multiply(engine, accelerator, binary_dot, **parts)
        with top_function([], accelerator, 1, 1) as (top, buffers):
            for name, array in engine.shared_arrays(accelerator).items():
                buffers[name] = local(name, array.bits, *array.shape, partition=array.partition)
            for name, type_ in {"weights": engine.weights, "biases": engine.biases}.items():
                buffers[name] = queue(name, type_, 1)
            _call_with_ones(multiply, buffers)
        functions = [multiply] if binary_dot is None else [binary_dot, multiply]
        model = LatencyModel(ModuleOp([*functions, top]), self.board, self.clock_mhz)
        return DepthProbe(multiply, model)

    def _control(self, engine: LinearPlan, accelerator: Accelerator) -> LinearForm:
        """
        Closed form of a linear engine without the depth of its loop. It depends neither on bits nor
        on the size of a tile, but on which sizes are powers of two.
        """
        lanes = accelerator.lanes
        odd = 1 if engine.tile_n.bit_count() == 1 else 3
        groups, steps_n = _division(engine.groups(lanes)), _division(engine.steps_n)
        key = (
            (engine.name, groups, odd, steps_n, engine.tile_words > 1),
            (engine.epilogues, accelerator.uram),
        )

        def find() -> LinearForm:
            small, machine = _smallest(engine, accelerator)
            row = ROW * odd
            anyhow = _any_rows(machine, ANY_BITS)
            machine = replace(
                anyhow,
                residual=machine.residual,
                activations=resized(anyhow.activations, row // lanes, lanes),
                image=resized(anyhow.image, row // lanes, lanes),
            )
            is_image = engine.input is accelerator.image
            tile_m = groups * lanes
            if engine.tile_words == 1:
                tile_m, row = engine.tile_m, engine.tile_n
            small = replace(
                small,
                tile_m=tile_m,
                unroll_m=tile_m,
                tile_n=row,
                unroll_n=row // steps_n,
                results=lanes,
                total_bits=24,
                gelu_bits=ANY_BITS,
                masks_channels=False,
                overhangs=False,
                input=machine.image if is_image else machine.activations,
            )
            shape = {"tokens": 1, "in_channels": 1, "out_channels": 1}
            calls = [{**shape, "epilogue": int(e)} for e in sorted(engine.epilogues)]
            functions = build_linear(small, machine, works=False)
            model = self._walk(functions, machine, calls)
            return LinearForm.of(model, small, lanes)

        return replace(self.once(LinearForm, key, find), lanes=lanes)

    def _walk(
        self, functions: list[func.FuncOp], accelerator: Accelerator, calls: list[dict[str, int]]
    ) -> LatencyModel:
        """
        Analyse the loops of an engine, the last of `functions`, called once with each set of
        scalars in `calls`.
        """
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
                _call_with_ones(engine, buffers, scalars)
        module = ModuleOp([build_exp_table("exp_table"), *functions, top])
        model = LatencyModel(module, self.board, self.clock_mhz)
        model.calls(top)
        return model


def _call_with_ones(
    function: func.FuncOp,
    buffers: Mapping[str, Buffer],
    scalars: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Call a function with the buffers and scalars named like its arguments, and 1 for the rest."""
    names = [argument.name_hint or "" for argument in function.args]
    arguments = [
        buffers[name]
        if isinstance(argument.type, MemRefType)
        else constant(scalars.get(name, 1), argument.type)
        for name, argument in zip(names, function.args, strict=True)
    ]
    call(function, *arguments)


def _division(size: int) -> int:
    """A number that stands for `size` in divisions: 1 for 1, 2 for powers of two, 3 for others."""
    return 1 if size == 1 else 2 if size.bit_count() == 1 else 3


def _smallest(engine: LinearPlan, accelerator: Accelerator) -> tuple[LinearPlan, Accelerator]:
    """An engine with the same timing and as few output channels as possible, and its memories."""
    lanes = accelerator.lanes
    groups = engine.groups(lanes)
    least = _division(groups)
    rows = min(2, -(-engine.most_out_channels // engine.tile_m))
    steps_m = min(2, engine.steps_m)
    tile_m = least * lanes * (2 if steps_m > 1 and groups == 1 else 1)
    tile_m = _rows_of_a_word(engine, tile_m)
    machine = _any_rows(accelerator)
    is_image = engine.input is accelerator.image
    small = replace(
        engine,
        tile_m=tile_m,
        unroll_m=tile_m // steps_m,
        shapes=_one_shape(2 * engine.tile_n, rows * tile_m),
        logits=min(engine.logits, 2 * lanes),
        input=machine.image if is_image else machine.activations,
    )
    return small, machine


def _one_shape(in_channels: int, out_channels: int) -> frozenset[tuple[int, int, int]]:
    return frozenset({(1, in_channels, out_channels)})


def _rows_of_a_word(engine: LinearPlan, multiple: int) -> int:
    """The least multiple of `multiple` output channels whose weights fill a word."""
    return -(-WORD_BITS // (engine.tile_n * engine.weight_bits * multiple)) * multiple


def resized(memory: MemRefType[Attribute], width: int, lanes: int) -> MemRefType[Attribute]:
    return MemRefType(memory.element_type, [memory.get_shape()[0], width, lanes])


def _any_rows(accelerator: Accelerator, bits: int | None = None) -> Accelerator:
    """The same accelerator with memories of `ROWS` rows, and of elements of `bits`, if given."""

    def of(memory: MemRefType[Attribute]) -> MemRefType[Attribute]:
        _, width, lanes = memory.get_shape()
        return MemRefType(IntegerType(bits or bits_of(memory)), [ROWS, width, lanes])

    return replace(
        accelerator,
        activations=of(accelerator.activations),
        residual=of(accelerator.residual),
        image=of(accelerator.image),
    )
