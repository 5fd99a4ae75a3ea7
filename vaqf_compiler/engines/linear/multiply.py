"""
The main loop of a linear engine. Each iteration multiplies a token, or part of it, with a tile of
weights; all tokens are multiplied with one tile before the next. Meanwhile the weights of the next
tile are read from their queue, and results of the previous row of tiles are finished. It is one
loop for a whole layer, so that its pipeline fills only once.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from xdsl.dialects import func
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    PARAMETER_BITS,
    PARAMETERS_PER_WORD,
    Accelerator,
    bits_of,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    function,
    local,
    loop,
    pipeline,
    scratch,
    unrolled,
    when,
)
from vaqf_compiler.engines.linear.binary_dot import call_binary_dot
from vaqf_compiler.engines.linear.epilogue import EpilogueLanes
from vaqf_compiler.engines.linear.plan import LinearPlan, steps_of_layer
from vaqf_compiler.engines.trees import dots, paired
from vaqf_compiler.engines.values import Number, Value, constant, integer, select


def build_multiply(
    engine: LinearPlan,
    accelerator: Accelerator,
    binary_dot: func.FuncOp | None,
    *,
    multiplies: bool = True,
    finishes: bool = True,
) -> func.FuncOp:
    """
    Build the function of the loop; `binary_dot` is the function that it calls if weights are
    binary. Without `multiplies` or `finishes`, the loop lacks the parts that multiply or finish
    results, for callers that need only the timing of the other ones.
    """
    types: dict[str, Attribute] = {
        **engine.memories(accelerator),
        "weights": engine.weights,
        "biases": engine.biases,
        **{name: array.type for name, array in engine.shared_arrays(accelerator).items()},
        **dict.fromkeys(_scalars(engine), INDEX),
    }
    if engine.requantizes:
        types |= engine.scaling
    with function(f"{engine.name}_multiply", types) as (operation, arguments):
        vhls.InlineOp()
        buffers = {k: Buffer(v) for k, v in arguments.items() if isinstance(v.type, MemRefType)}
        scalars = {k: Value(v) for k, v in arguments.items() if k not in buffers}
        for name, array in engine.own_arrays(accelerator).items():
            buffers[name] = local(name, array.bits, *array.shape, partition=array.partition)
        parts = _Multiply(engine, accelerator, binary_dot, buffers, scalars)
        parts.build(multiplies, finishes)
    return operation


def _scalars(engine: LinearPlan) -> list[str]:
    """Names of the scalar arguments of index type that the loop needs."""
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
class _Place:
    """
    The position of the loop: a row of tiles, a step of the row, a pass over the tokens in that
    step, and a token. All rows have equally many steps, of which only the last ones have a tile.
    """

    out_tile: Value
    step: Value
    step_n: Number
    token: Value

    @staticmethod
    def start(engine: LinearPlan, counters: Buffer, lead: Value) -> None:
        """Set the counters to the step before the first tile, in which its weights are read."""
        for i, name in enumerate(engine.counters):
            first = lead - 1 if name == "step" else constant(0)
            counters[i] = first.as_integer(counters.bits)

    @staticmethod
    def read(engine: LinearPlan, counters: Buffer) -> _Place:
        """The position in the current iteration, from the counters."""
        found = {n: counters[i].as_index().named(n) for i, n in enumerate(engine.counters)}
        return _Place(found["out_tile"], found["step"], found.get("step_n", 0), found["token"])


@dataclass(frozen=True)
class _Next:
    """The position after an iteration."""

    ends_step: Value
    """Whether the iteration is the last one of its step."""
    ends_row: Value
    """Whether the iteration is in the last step of its row."""
    out_tile: Value
    """Row of tiles of the next step."""
    step: Value
    """Number of the next step within its row."""
    counters: dict[str, Value]
    """Values of the counters in the next iteration."""

    @staticmethod
    def of(place: _Place, engine: LinearPlan, trips: Value, between: Value) -> _Next:
        """The next position, for passes of `trips` iterations and rows of `between` steps."""
        ends_pass = place.token.equals(trips - 1).named("ends_pass")
        ends_step, counters = ends_pass, dict[str, Value]()
        if isinstance(place.step_n, Value):
            is_last = place.step_n.equals(engine.steps_n - 1)
            ends_step = (ends_pass & is_last).named("ends_step")
            next_pass = select(is_last, constant(0), place.step_n + 1)
            counters["step_n"] = select(ends_pass, next_pass, place.step_n)
        ends_row = place.step.equals(between - 1).named("ends_row")
        step = select(ends_row, constant(0), place.step + 1).named("next_step")
        out_tile = select(ends_row, place.out_tile + 1, place.out_tile).named("next_out_tile")
        counters |= {
            "out_tile": select(ends_step, out_tile, place.out_tile),
            "step": select(ends_step, step, place.step),
            "token": select(ends_pass, constant(0), place.token + 1),
        }
        return _Next(ends_step, ends_row, out_tile, step, counters)

    def store(self, engine: LinearPlan, counters: Buffer) -> None:
        """Set the counters to the next iteration."""
        for i, name in enumerate(engine.counters):
            counters[i] = self.counters[name].as_integer(counters.bits)


@dataclass(frozen=True)
class _Multiply:
    engine: LinearPlan
    accelerator: Accelerator
    binary_dot: func.FuncOp | None
    buffers: dict[str, Buffer]
    scalars: dict[str, Value]

    def build(self, with_products: bool, with_results: bool) -> None:
        engine, s = self.engine, self.scalars
        counters = self.buffers["counters"]
        between = s["in_tiles"].maximum(engine.finishing_steps).named("between")
        lead = (between - s["in_tiles"]).named("lead")
        trips = s["tokens"].maximum(engine.least_trips).named("trips")
        steps = steps_of_layer(s["in_tiles"], s["out_tiles"], between, engine.finishing_steps)
        _Place.start(engine, counters, lead)
        iterations = (steps * engine.steps_n * trips).named("iterations")
        with ExitStack() as loops:
            loops.enter_context(loop(0, iterations, "iteration", most=engine.most_iterations))
            step_m = _outer(loops, engine.steps_m, "step_m")
            pipeline()
            if engine.weight_bits > 1:
                vhls.ExpressionBalanceOp()  # chains of products stay chains
            self._dependences()
            place = _Place.read(engine, counters)
            after = _Next.of(place, engine, trips, between)
            self._take_weights(place, after, lead, step_m)
            self._take_biases(place, after, step_m)
            with when(place.token < s["tokens"]):
                self._work(place, lead, step_m, with_products, with_results)
            with when(_all(after.ends_step, _is(step_m, engine.steps_m - 1))):
                self._use_taken(after)
            if (is_last := _is(step_m, engine.steps_m - 1)) is not None:
                loops.enter_context(when(is_last))
            after.store(engine, counters)

    def _take_weights(self, place: _Place, after: _Next, lead: Value, step_m: Number) -> None:
        """In the first pass of a step, read the words of the next step's tile from the queue."""
        engine, s = self.engine, self.scalars
        has_tile = (lead <= after.step) & (after.out_tile < s["out_tiles"])
        is_word = place.token < engine.tile_words
        takes = _all(has_tile, is_word, _is(place.step_n, 0), _is(step_m, 0))
        with when(takes.named("takes_weights")):
            tile = after.out_tile * s["in_tiles"] + (after.step - lead)
            word = self.buffers["weights"][tile * engine.tile_words + place.token].named("word")
            self.buffers["weight_ahead"][place.token] = word

    def _take_biases(self, place: _Place, after: _Next, step_m: Number) -> None:
        """In the first pass of a row's last step, read the biases of its totals from the queue."""
        engine, s = self.engine, self.scalars
        has_row = after.ends_row & (place.out_tile < s["out_tiles"])
        is_word = place.token < engine.bias_words
        takes = _all(has_row, is_word, _is(place.step_n, 0), _is(step_m, 0))
        with when(takes.named("takes_biases")):
            at = place.out_tile * engine.bias_words + place.token
            self.buffers["bias_ahead"][place.token] = self.buffers["biases"][at].named("word")

    def _use_taken(self, after: _Next) -> None:
        """Switch to the weights of the next step, and at the end of a row to its biases."""
        engine, buffers = self.engine, self.buffers
        with unrolled(engine.tile_words, "word") as word:
            buffers["weight"][word] = buffers["weight_ahead"][word]
        lanes = self.accelerator.lanes
        with when(after.ends_row), unrolled(engine.bias_words, "word") as word:
            with unrolled(PARAMETERS_PER_WORD, "part") as part:
                m = word * PARAMETERS_PER_WORD + part
                bias = buffers["bias_ahead"][word].field(part * PARAMETER_BITS, PARAMETER_BITS)
                buffers["bias"][m // lanes, m % lanes] = bias.to(engine.total_bits)

    def _work(
        self, place: _Place, lead: Value, step_m: Number, with_products: bool, with_results: bool
    ) -> None:
        """Multiply a token with a tile, and finish some of its results of the previous row."""
        engine, s = self.engine, self.scalars
        token, step_n = place.token, place.step_n
        multiplies = ((lead <= place.step) & (place.out_tile < s["out_tiles"])).named("multiplies")
        in_tile = select(multiplies, place.step - lead, constant(0)).named("in_tile")
        last = in_tile.equals(s["in_tiles"] - 1).named("last")
        finishes = (constant(0) < place.out_tile) & (place.step < engine.finishing_steps)
        finishes = _all(finishes, _is(step_n, 0), _is(step_m, 0)).named("finishes")
        at = {"out_tile": place.out_tile, "step": place.step}
        # Inputs are read before results are written, so that no read seems to wait for a write.
        x = self._inputs(token, in_tile, step_n) if with_products else None
        if with_results:
            with when(finishes):
                EpilogueLanes(engine, self.accelerator, self.buffers, {**s, **at}).build(token)
        if x is not None:
            with when(multiplies):
                first = _all(in_tile.equals(0), _is(step_n, 0)).named("first")
                complete = _all(last, _is(step_n, engine.steps_n - 1))
                self._multiply(x, token, step_n, step_m, first, complete)

    def _dependences(self) -> None:
        """
        Claim that iterations are independent or far enough apart. A layer writes its results to
        other rows than those of its inputs (binvit-allocate). Each token and group has its own row
        of the residual stream; if a group is finished in parts, the row is read again for its next
        part, a step later. A token's totals are needed again in the next pass over the tokens, and
        they are final after the row's last pass.
        """
        engine = self.engine
        if engine.input is self.accelerator.activations and engine.stores_activations:
            vhls.DependenceOp(self.buffers["activations"].ssa, "inter")
        if "residual" in self.buffers:
            in_parts = engine.results < self.accelerator.lanes
            distance = engine.totals_distance * engine.steps_n if in_parts else None
            vhls.DependenceOp(self.buffers["residual"].ssa, "inter", distance)
        for name, distance in (
            ("totals", engine.totals_distance),
            ("done", engine.finished_distance),
        ):
            vhls.DependenceOp(self.buffers[name].ssa, "inter", distance)

    def _inputs(self, token: Value, in_tile: Value, step_n: Number) -> Buffer:
        """Read the input channels of a token that are multiplied in one cycle."""
        engine, lanes, s = self.engine, self.accelerator.lanes, self.scalars
        groups = engine.unroll_n // lanes
        row = (s["source"] + token * s["in_tiles"] + in_tile).named("row")
        x = scratch("x", bits_of(engine.input), engine.unroll_n)
        name = "image" if engine.input is self.accelerator.image else "activations"
        # One subtraction serves all channels, which are then compared with constants.
        left = s["in_channels"] - in_tile * engine.tile_n if engine.masks_channels else None
        with unrolled(groups, "group") as group, unrolled(lanes, "lane") as lane:
            in_row = _joined(step_n, groups, group, engine.steps_n)
            value = self.buffers[name][row, in_row, lane]
            if left is not None:
                is_channel = in_row * lanes + lane < left.named("channels_left")
                value = select(is_channel, value, integer(0, value.bits))
            x[group * lanes + lane] = value
        return x

    def _multiply(
        self, x: Buffer, token: Value, step_n: Number, step_m: Number, first: Value, complete: Value
    ) -> None:
        """Add the products of a token to its totals, and keep totals that are complete."""
        engine, lanes = self.engine, self.accelerator.lanes
        totals, done = self.buffers["totals"], self.buffers["done"]
        operands = (x,) if self.binary_dot is None else _pair_sums(x)
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
        """The dot products of inputs and the weights of one or two output channels."""
        engine = self.engine
        if self.binary_dot is not None:
            (m,) = channels
            plus, minus = operands
            weights = self.buffers["weight"]
            dot = call_binary_dot(self.binary_dot, engine, (plus, minus), weights, m, step_n)
            return [dot]
        (x,) = operands
        weights = [scratch("weight_row", engine.weight_bits, engine.unroll_n) for _ in channels]
        with unrolled(engine.unroll_n, "n") as n:
            for row, m in zip(weights, channels, strict=True):
                row[n] = self._weight(m, n, step_n)
        return dots(x, weights, engine.most_product)

    def _weight(self, m: Value, n: Value, step_n: Number) -> Value:
        """The weight of output channel `m` and input channel `n` of this pass."""
        engine = self.engine
        at = _joined(step_n, engine.unroll_n, n, engine.steps_n)
        bit = (m * engine.tile_n + at) * engine.weight_bits
        word = self.buffers["weight"][bit // WORD_BITS]
        return word.field(bit % WORD_BITS, engine.weight_bits)


def _pair_sums(x: Buffer) -> tuple[Buffer, Buffer]:
    """Sums and differences of neighbouring elements."""
    pairs = x.shape[0] // 2
    sums, differences = (scratch(name, x.bits + 1, pairs) for name in ("plus", "minus"))
    with unrolled(pairs, "n") as n:
        a, b = (x[n * 2 + part].to(x.bits + 1) for part in (0, 1))
        sums[n] = a + b
        differences[n] = a - b
    return sums, differences


def _outer(loops: ExitStack, steps: int, name: str) -> Number:
    """Enter a loop over `steps` and return its index; for a single step, there is no loop."""
    return loops.enter_context(loop(0, steps, name)) if steps > 1 else 0


def _is(step: Number, value: int) -> Value | None:
    """Whether a step has the number `value`; None, which means always, if there is no loop."""
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
