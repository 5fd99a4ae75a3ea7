"""
A step of a linear engine: a tile of weights times all tokens. Meanwhile the weights of the next one
are taken over, and some results of the row of tiles before are finished.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import MULTIPLIER, Accelerator, bits_of
from vaqf_compiler.engines.builder import (
    Buffer,
    function,
    loop,
    pipeline,
    scratch,
    unrolled,
    when,
)
from vaqf_compiler.engines.epilogue import EpilogueLanes
from vaqf_compiler.engines.linear_engine import LinearEngine
from vaqf_compiler.engines.trees import dots, paired, tree_sum
from vaqf_compiler.engines.values import INDEX, Number, Value, constant, integer, select


def build_step(
    engine: LinearEngine,
    accelerator: Accelerator,
    *,
    multiplies: bool = True,
    finishes: bool = True,
) -> func.FuncOp:
    """
    The function of a step; without what multiplies or what finishes results where only the
    timing of the other is of interest.
    """
    types: dict[str, Attribute] = {
        **engine.memories(accelerator),
        "fetched": engine.fetched,
        **{
            name: array.type
            for name, array in engine.arrays(accelerator).items()
            if name != "fetch_at"
        },
        **dict.fromkeys(_scalars(engine), INDEX),
    }
    if engine.requantizes:
        types |= {"multiplier": MULTIPLIER, "shift": INDEX}
    with function(f"{engine.name}_step", types) as (operation, arguments):
        vhls.InlineOp()
        buffers = {k: Buffer(v) for k, v in arguments.items() if isinstance(v.type, MemRefType)}
        scalars = {k: Value(v) for k, v in arguments.items() if k not in buffers}
        counters = buffers["step_at"]
        place = Place.of(engine, counters, scalars["in_tiles"], scalars["out_tiles"])
        _Step(engine, accelerator, buffers, scalars, place).build(multiplies, finishes)
        place.advance()
    return operation


@dataclass(frozen=True)
class Place:
    """Where a process of an engine is: a row of tiles, and a step of it."""

    counters: Buffer
    out_tile: Value
    step: Value
    steps: Value
    """Of this row."""

    @staticmethod
    def of(engine: LinearEngine, counters: Buffer, in_tiles: Value, out_tiles: Value) -> Place:
        """Read from the process's counters."""
        out_tile, step = (counters[i].as_index() for i in range(2))
        # The first row has no results to finish yet, but weights to fetch before it multiplies;
        # the last one has nothing to multiply.
        finishing = engine.finishing_steps
        between = in_tiles.maximum(finishing)
        after_first = select(out_tile.equals(out_tiles), between.like(finishing), between)
        steps = select(out_tile.equals(0), in_tiles + 1, after_first)
        return Place(counters, out_tile.named("out_tile"), step.named("step"), steps.named("steps"))

    def advance(self) -> None:
        """Go on to the next step, maybe of the next row."""
        ends = self.step.equals(self.steps - 1).named("ends")
        row = select(ends, self.out_tile + 1, self.out_tile)
        step = select(ends, constant(0), self.step + 1)
        for i, value in enumerate((row, step)):
            self.counters[i] = value.as_integer(self.counters.bits)


def _scalars(engine: LinearEngine) -> list[str]:
    """The indices that a step needs."""
    names = ["tokens", "source", "out_tiles", "in_tiles"]
    if engine.masks_channels:
        names.append("in_channels")
    if engine.overhangs or engine.requantizes:
        names.append("out_channels")
    if engine.requantizes:
        names.append("target")
    if len(engine.epilogues) > 1:
        names.append("epilogue")
    return names


@dataclass(frozen=True)
class _Step:
    engine: LinearEngine
    accelerator: Accelerator
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]
    place: Place

    def build(self, with_products: bool, with_results: bool) -> None:
        engine, s, place = self.engine, self.scalars, self.place
        lead = (place.steps - s["in_tiles"]).named("lead")
        multiplies = ((lead <= place.step) & (place.out_tile < s["out_tiles"])).named("multiplies")
        in_tile = select(multiplies, place.step - lead, constant(0)).named("in_tile")
        last = in_tile.equals(s["in_tiles"] - 1).named("last")
        finishes = (constant(0) < place.out_tile) & (place.step < engine.finishing_steps)
        finishes = finishes.named("finishes")
        at = {"out_tile": place.out_tile, "step": place.step}
        epilogue = EpilogueLanes(engine, self.accelerator, self.buffers, {**s, **at})
        words = engine.tile_words
        weight, ahead = self.buffers["weight"], self.buffers["weight_ahead"]
        with unrolled(words, "word") as word:
            weight[word] = ahead[word]
        most, trips = max(self.accelerator.tokens, words), s["tokens"].maximum(words)
        with ExitStack() as loops:
            step_n = _outer(loops, engine.steps_n, "step_n")
            token = loops.enter_context(loop(0, trips, "token", most=most))
            step_m = _outer(loops, engine.steps_m, "step_m")
            pipeline()
            self._independent()
            with when(token < words):
                ahead[token] = self.buffers["fetched"][token]
            with when(token < s["tokens"]):
                # Before results are written, so that nothing seems to wait for them.
                x = self._inputs(token, in_tile, step_n) if with_products else None
                if with_results:
                    with when(_all(finishes, _is(step_n, 0), _is(step_m, 0))):
                        epilogue.build(token)
                if x is not None:
                    with when(multiplies):
                        first = _all(in_tile.equals(0), _is(step_n, 0)).named("first")
                        complete = _all(last, _is(step_n, engine.steps_n - 1))
                        self._multiply(x, token, step_n, step_m, first, complete)

    def _independent(self) -> None:
        """
        A layer's results go to other rows than its inputs lie in (binvit-allocate), and each token
        and group has a row of the residual stream of its own.
        """
        engine = self.engine
        if engine.input is self.accelerator.activations and engine.stores_activations:
            vhls.DependenceOp(self.buffers["activations"].ssa, "inter")
        if "residual" in self.buffers:
            vhls.DependenceOp(self.buffers["residual"].ssa, "inter")

    def _inputs(self, token: Value, in_tile: Value, step_n: Number) -> Buffer:
        """The input channels of a token that are multiplied in a cycle."""
        engine, lanes, s = self.engine, self.accelerator.lanes, self.scalars
        groups = engine.unroll_n // lanes
        row = (s["source"] + token * s["in_tiles"] + in_tile).named("row")
        x = scratch("x", bits_of(engine.input), engine.unroll_n)
        name = "image" if engine.input is self.accelerator.image else "activations"
        with unrolled(groups, "group") as group, unrolled(lanes, "lane") as lane:
            in_row = _joined(step_n, groups, group, engine.steps_n)
            value = self.buffers[name][row, in_row, lane]
            if engine.masks_channels:
                channel = in_tile * engine.tile_n + in_row * lanes + lane
                value = select(channel < s["in_channels"], value, integer(0, value.bits))
            x[group * lanes + lane] = value
        return x

    def _multiply(
        self, x: Buffer, token: Value, step_n: Number, step_m: Number, first: Value, complete: Value
    ) -> None:
        """Add the products of a token to its totals; keep them where they are complete."""
        engine, lanes = self.engine, self.accelerator.lanes
        totals, done = self.buffers["totals"], self.buffers["done"]
        operands = _pair_sums(x) if engine.weight_bits == 1 else (x,)
        for lane, other in paired(engine.unroll_m, "lane", pairs=engine.pairs_products):
            channels = [
                _joined(step_m, engine.unroll_m, which, engine.steps_m).named("m")
                for which in (lane, other)
                if which is not None
            ]
            for m, added in zip(channels, self._dots(operands, channels, step_n), strict=True):
                place = (token, m // lanes, m % lanes)
                start = select(first, integer(0, engine.total_bits), totals[place])
                total = (start + added.to(engine.total_bits)).named("total")
                totals[place] = total
                with when(complete):
                    done[place] = total

    def _dots(
        self, operands: tuple[Buffer, ...], channels: list[Value], step_n: Number
    ) -> list[Value]:
        """The products of inputs and weights of one or two output channels, summed up."""
        engine = self.engine
        if engine.weight_bits == 1:
            sums, differences = operands
            return [self._binary_dot(sums, differences, channels[0], step_n)]
        (x,) = operands
        weights = [scratch("weight_row", engine.weight_bits, engine.unroll_n) for _ in channels]
        with unrolled(engine.unroll_n, "n") as n:
            for row, m in zip(weights, channels, strict=True):
                row[n] = self._weight(m, n, step_n)
        return dots(x, weights, engine.most_product)

    def _binary_dot(self, sums: Buffer, differences: Buffer, m: Value, step_n: Number) -> Value:
        """Of two weights, the first says whether to take the complement of what both choose."""
        (pairs,) = sums.shape
        terms = scratch("term", sums.bits, pairs)
        with unrolled(pairs, "n") as n:
            first, second = (
                self._weight(m, n * 2 + part, step_n).named(name)
                for part, name in enumerate(("sign", "next_sign"))
            )
            chosen = select(first.equals(second), sums[n], differences[n]).named("chosen")
            terms[n] = select(first, chosen, ~chosen)
        return tree_sum(terms, "sum")

    def _weight(self, m: Value, n: Value, step_n: Number) -> Value:
        """The weight of an output and an input channel of the tile."""
        engine = self.engine
        at = _joined(step_n, engine.unroll_n, n, engine.steps_n)
        bit = (m * engine.tile_n + at) * engine.weight_bits
        word = self.buffers["weight"][bit // WORD_BITS]
        return word.field(bit % WORD_BITS, engine.weight_bits)


def _pair_sums(x: Buffer) -> tuple[Buffer, Buffer]:
    """Sums and differences of neighbours."""
    pairs = x.shape[0] // 2
    sums, differences = (scratch(name, x.bits + 1, pairs) for name in ("plus", "minus"))
    with unrolled(pairs, "n") as n:
        a, b = (x[n * 2 + part].to(x.bits + 1) for part in (0, 1))
        sums[n] = a + b
        differences[n] = a - b
    return sums, differences


def _outer(loops: ExitStack, steps: int, name: str) -> Number:
    """A loop over the steps that a tile is not unrolled for, none if it is."""
    return loops.enter_context(loop(0, steps, name)) if steps > 1 else 0


def _is(step: Number, value: int) -> Value | None:
    """Whether a step is the one of a number; None for the only one, which always is."""
    return step.equals(value) if isinstance(step, Value) else None


def _all(first: Value, *others: Value | None) -> Value:
    """Whether all conditions hold."""
    for other in others:
        first = first if other is None else first & other
    return first


def _joined(step: Number, size: int, offset: Value, steps: int) -> Value:
    """The position of `offset` in step `step` of `steps` steps of `size`."""
    if steps == 1:
        return offset
    assert isinstance(step, Value)
    return step * size + offset
