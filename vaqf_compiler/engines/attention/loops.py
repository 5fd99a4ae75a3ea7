"""
The loops of the engine for multi-head attention. It processes one head after another, and `keys`
key tokens per cycle (docs/arithmetic.md has the arithmetic). One pipelined loop works on four query
tokens at a time:

    for each head:
      for each token, and three times more; for each beat, of `keys` key tokens:
        load the token's query, key or value, for the next head
        store some channels of the context of the third query before
        add probabilities times values to the context of the second query before
        compute the exponentials of the query before, their sum, and in the last beat its reciprocal
        compute scores of the query, and their maximum

Later stages come first in the loop's body, so that each reads what the stage before it wrote for
the previous token.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects import func, memref
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    TensorType,
    UnitAttr,
)
from xdsl.ir import Attribute

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.accelerator import (
    MULTIPLIER,
    Accelerator,
    amount_of,
    bits_of,
    cell_of,
    requantize,
    rounding_term,
    saturate,
    shift_type,
    width_of,
)
from vaqf_compiler.engines.attention.plan import (
    EXPONENTIAL_BITS,
    POWER_BITS,
    QUOTIENT_BITS,
    RECIPROCAL_WIDTH,
    SCALED_BITS,
    STAGES,
    AttentionPlan,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    function,
    local,
    loop,
    pipeline,
    scratch,
    table,
    unrolled,
    when,
)
from vaqf_compiler.engines.division import divide_power, divided, rounded_up
from vaqf_compiler.engines.lane_part import LanePart
from vaqf_compiler.engines.trees import dots, paired, tree_maximum, tree_sum
from vaqf_compiler.engines.values import Number, Value, constant, index, integer, select
from vaqf_compiler.hardware.dsp import fits_pair
from vaqf_compiler.reference.tables import EXP_BITS, EXP_INDEX_BITS, RECIPROCAL_BITS, exp_table


def build_exp_table(name: str) -> memref.GlobalOp:
    """The constant table of powers of two."""
    values = [int(value) for value in exp_table()]
    element = IntegerType(POWER_BITS)
    dense = DenseIntOrFPElementsAttr.from_list(TensorType(element, [len(values)]), values)
    type_ = MemRefType(element, [len(values)])
    return memref.GlobalOp.get(StringAttr(name), type_, dense, constant=UnitAttr())


def build_attention(engine: AttentionPlan, accelerator: Accelerator) -> func.FuncOp:
    """Build the engine as a function of loops."""
    types: dict[str, Attribute] = {
        "activations": accelerator.activations,
        **dict.fromkeys(("tokens", "query_row", "key_row", "value_row", "target"), INDEX),
        "exp_multiplier": MULTIPLIER,
        "exp_shift": shift_type(engine.most_exp_shift),
        "exp_limit": IntegerType(engine.difference_bits),
        "probability_shift": shift_type(RECIPROCAL_BITS),
        "multiplier": MULTIPLIER,
        "shift": shift_type(engine.most_shift),
    }
    if engine.heads_vary:
        types["heads"] = INDEX
    with function(engine.name, types) as (operation, arguments):
        vhls.InlineOp()
        activations = Buffer(arguments["activations"])
        scalars = {k: Value(v) for k, v in arguments.items() if k != "activations"}
        _Body(engine, accelerator, activations, scalars).build()
    return operation


@dataclass(frozen=True)
class _State:
    """The arrays of the engine: inputs of a head, and results of a stage for the next one."""

    query: Buffer
    key: Buffer
    value: Buffer
    score: Buffer
    largest: Buffer
    """The greatest score of the current row so far, and of the last complete row."""
    exponential: Buffer
    total: Buffer
    """Sum of the current row's exponentials so far."""
    reciprocal: Buffer
    """Reciprocal of the last complete row's total."""
    context: Buffer
    """The sums of the current context so far."""
    finished: Buffer
    """The last complete context."""

    @staticmethod
    def of(engine: AttentionPlan, accelerator: Accelerator, steps: int) -> _State:
        """Allocate the arrays for `steps` steps per query."""
        bits, keys = bits_of(accelerator.activations), engine.keys
        # With a dimension of lanes, the tool sees that a group's lanes are in separate banks.
        lanes = accelerator.lanes
        channels, value_channels = (
            (size // lanes, lanes) for size in (engine.head_size, engine.value_size)
        )
        sum_bits = EXPONENTIAL_BITS + (steps * keys).bit_length()

        def rows(name: str, depth: int, *shape: int) -> Buffer:
            """An array with a half for this and the next head; a group's lanes share a word."""
            *apart, lanes = range(2, len(shape) + 2)
            return local(name, bits, depth, *shape, partition=apart, reshape=(lanes,))

        def registers(name: str, bits: int, size: int) -> Buffer:
            return local(name, bits, size, partition=(1,))

        return _State(
            query=rows("query", 2 * accelerator.tokens, *channels),
            key=rows("key", 2 * steps, keys, *channels),
            value=rows("value", 2 * steps, keys, *value_channels),
            score=local("score", engine.score_bits, steps, keys, partition=(2,)),
            largest=registers("largest", engine.score_bits, 2),
            exponential=local("exponential", EXPONENTIAL_BITS, steps, keys, partition=(2,)),
            total=registers("total", sum_bits, 1),
            reciprocal=registers("reciprocal", RECIPROCAL_WIDTH, 1),
            context=registers("context", engine.context_bits, engine.value_size),
            finished=registers("finished", engine.context_bits, engine.value_size),
        )


@dataclass(frozen=True)
class _Body:
    engine: AttentionPlan
    accelerator: Accelerator
    activations: Buffer
    scalars: dict[str, Value]

    @property
    def steps(self) -> int:
        """Cycles for all keys of a query."""
        return self.engine.steps(self.accelerator)

    @property
    def head_groups(self) -> int:
        """Groups of lanes of a head's query and key."""
        return self.engine.head_size // self.accelerator.lanes

    @property
    def value_groups(self) -> int:
        """Groups of lanes of a head's value and context."""
        return self.engine.value_size // self.accelerator.lanes

    @property
    def heads(self) -> Number:
        """Number of heads of the layer."""
        return self.scalars["heads"] if self.engine.heads_vary else self.engine.heads

    def _rows(self, groups: int) -> Number:
        """Rows of a token whose heads have `groups` groups of lanes each."""
        width = width_of(self.accelerator.activations)
        if isinstance(self.heads, int):
            return -(-self.heads * groups // width)
        return rounded_up(self.heads * groups, width, self.engine.heads * groups)

    @property
    def most_groups(self) -> int:
        """The most groups of lanes of a token."""
        return self.engine.most_groups(self.accelerator)

    def build(self) -> None:
        engine, accelerator, s = self.engine, self.accelerator, self.scalars
        beats = engine.beats(accelerator)
        loads = engine.loads(accelerator)
        state = _State.of(engine, accelerator, self.steps)
        powers = table(engine.exp_table, POWER_BITS, 1 << EXP_INDEX_BITS)
        with loop(0, s["tokens"], "token", most=accelerator.tokens) as token:
            with loop(0, loads, "beat") as beat:
                pipeline()
                self._load(state, constant(0), token, beat)
        most_heads = engine.heads if engine.heads_vary else None
        with loop(0, self.heads, "head", most=most_heads) as head:
            most = accelerator.tokens + STAGES - 1
            with loop(0, s["tokens"] + (STAGES - 1), "token", most=most) as token:
                with loop(0, beats, "beat") as beat:
                    pipeline()
                    vhls.ExpressionBalanceOp()  # chains of products stay chains
                    self._dependences(state)
                    has_next = (head < self.heads - 1) & (token < s["tokens"])
                    with when(has_next & (beat < loads) if beats > loads else has_next):
                        self._load(state, head + 1, token, beat)
                    with when(self._has_query(3, token) & (beat < engine.stores(accelerator))):
                        self._store(state, head, token - 3, beat)
                    # The other stages end in the last beat; by then, a context is stored.
                    step = beat - (beats - self.steps)
                    with when(self._is_stage(2, token, step)):
                        self._context(state, head, step)
                    with when(self._is_stage(1, token, step)):
                        self._exponentials(state, powers, step)
                    with when(self._is_stage(0, token, step)):
                        self._scores(state, head, token, step)

    def _dependences(self, state: _State) -> None:
        """
        Claim that iterations are independent. Results go to other rows than those of queries, keys
        and values (binvit-allocate), and those of the next head are loaded into the other half. A
        stage reads what the stage before it wrote a token earlier.
        """
        for buffer in (self.activations, state.query, state.key, state.value):
            vhls.DependenceOp(buffer.ssa, "inter")
        for buffer in (state.score, state.exponential):
            vhls.DependenceOp(buffer.ssa, "inter", self.engine.beats(self.accelerator))

    def _has_query(self, stage: int, token: Value) -> Value:
        """Whether a stage has a query while the first stage is at `token`."""
        before_last = token < self.scalars["tokens"] + stage
        return before_last & (token >= stage) if stage else before_last

    def _is_stage(self, stage: int, token: Value, step: Value) -> Value:
        """Whether a stage works. If there are more beats than steps, it skips the first beats."""
        has_query = self._has_query(stage, token)
        more = self.engine.beats(self.accelerator) > self.steps
        return has_query & (step >= 0) if more else has_query

    def _load(self, state: _State, head: Value, token: Value, beat: Value) -> None:
        """
        Load the groups of a token's query, key or value that lie in one row, for the first or the
        next head.
        """
        engine, accelerator, keys, s = self.engine, self.accelerator, self.engine.keys, self.scalars
        lanes, together = accelerator.lanes, engine.loaded_groups(accelerator)
        parts, value_parts = engine.parts(accelerator)
        which, part = divided(beat, parts, engine.loads(accelerator) - 1)
        if value_parts > parts:
            is_value = beat >= 2 * parts
            which = select(is_value, constant(2), which)
            part = select(is_value, beat - 2 * parts, part)
        which, first = which.named("which"), part * together
        groups, rows = (
            self._for(which, *sizes)
            for sizes in (
                (self.head_groups, self.value_groups),
                (self._rows(self.head_groups), self._rows(self.value_groups)),
            )
        )
        first_rows = s["query_row"], s["key_row"], s["value_row"]
        start = select(which.equals(0), first_rows[0], first_rows[2])
        start = select(which.equals(1), first_rows[1], start).named("start")
        in_token = (head * groups + first).named("in_token")
        first_row = start + token * rows
        cell = cell_of(accelerator.activations, first_row, in_token, self.most_groups)
        half = (head % 2).named("half")
        step, k = divided(token, keys, accelerator.tokens - 1)
        step = half * self.steps + step
        places = ((half * accelerator.tokens + token,), (step, k), (step, k))
        loaded = scratch("loaded", state.query.bits, together, lanes)
        with unrolled(together, "group") as group, unrolled(lanes, "lane") as lane:
            loaded[group, lane] = self.activations[cell.row, cell.group + group, lane]
        for number, target in enumerate((state.query, state.key, state.value)):
            with when(which.equals(number)):
                with unrolled(together, "group") as group, unrolled(lanes, "lane") as lane:
                    target[*places[number], first + group, lane] = loaded[group, lane]

    def _for(self, which: Value, of_query: Number, of_value: Number) -> Number:
        """Select `of_query` for query and key (`which` 0 and 1), and `of_value` for the value."""
        if self.engine.value_size == self.engine.head_size:
            return of_query
        return select(which.equals(2), index(of_value), index(of_query))

    def _is_token(self, step: Value, k: Value) -> Value:
        """Whether key `k` of a step is a token: the last step may have more keys than are left."""
        return step * self.engine.keys + k < self.scalars["tokens"]

    def _is_last(self, step: Value) -> Value:
        return step.equals(self.steps - 1).named("is_last")

    def _scores(self, state: _State, head: Value, token: Value, step: Value) -> None:
        """Compute a query's scores for the keys of a step, and the greatest score so far."""
        engine, lanes = self.engine, self.accelerator.lanes
        bits, size, keys = state.query.bits, engine.head_size, engine.keys
        half = head % 2
        least = integer(-(1 << (engine.score_bits - 1)), engine.score_bits)
        found = scratch("found", engine.score_bits, keys)
        query = scratch("query_row", bits, size)
        with unrolled(size, "channel") as channel:
            place = (half * self.accelerator.tokens + token, channel // lanes, channel % lanes)
            query[channel] = state.query[place]
        for pair in paired(keys, "k", pairs=fits_pair(bits, bits)):
            which = [k for k in pair if k is not None]
            rows = [scratch("key_row", bits, size) for _ in which]
            with unrolled(size, "channel") as channel:
                for row, k in zip(rows, which, strict=True):
                    at = (half * self.steps + step, k, channel // lanes, channel % lanes)
                    row[channel] = state.key[at]
            for k, score in zip(which, dots(query, rows, engine.most_score), strict=True):
                found[k] = select(self._is_token(step, k), score.to(engine.score_bits), least)
        with unrolled(keys, "k") as k:
            state.score[step, k] = found[k]
        before = select(step.equals(0), least, state.largest[0])
        largest = before.maximum(tree_maximum(found, "greatest")).named("largest_yet")
        state.largest[0] = largest
        with when(self._is_last(step)):
            state.largest[1] = largest

    def _exponentials(self, state: _State, powers: Buffer, step: Value) -> None:
        """
        Compute exponentials, as powers of two of the distances of scores from the greatest one,
        their sum, and in the last step its reciprocal.
        """
        engine, s = self.engine, self.scalars
        bits, sum_bits = engine.difference_bits, state.total.bits
        largest = state.largest[1].named("largest").to(bits)
        found = scratch("found", EXPONENTIAL_BITS, engine.keys)
        with unrolled(engine.keys, "k") as k:
            difference = largest - state.score[step, k].to(bits)
            product = difference.minimum(s["exp_limit"]).times(s["exp_multiplier"])
            exp_shift = amount_of(s["exp_shift"], engine.most_exp_shift)
            power = (product.to(engine.power_bits) >> exp_shift).named("power")
            fraction = (power & ((1 << EXP_INDEX_BITS) - 1)).as_index()
            # A right shift by more than 15 leaves nothing of the table's 16 bits.
            whole = amount_of((power >> EXP_INDEX_BITS).minimum(EXP_BITS + 1), EXP_BITS + 1)
            shifted = powers[fraction].unsigned_to(EXPONENTIAL_BITS) >> whole
            found[k] = select(self._is_token(step, k), shifted, integer(0, EXPONENTIAL_BITS))
            state.exponential[step, k] = found[k]
        before = select(step.equals(0), integer(0, sum_bits), state.total[0])
        total = (before + tree_sum(found, "sum").to(sum_bits)).named("total_yet")
        state.total[0] = total
        with when(self._is_last(step)):
            state.reciprocal[0] = divide_power(RECIPROCAL_BITS, total, QUOTIENT_BITS)

    def _context(self, state: _State, head: Value, step: Value) -> None:
        """Add products of probabilities and values to the context."""
        engine, s = self.engine, self.scalars
        shift = s["probability_shift"]
        half = rounding_term(shift, SCALED_BITS, RECIPROCAL_BITS)
        reciprocal = state.reciprocal[0].named("reciprocal")
        bits, keys, lanes = state.value.bits, engine.keys, self.accelerator.lanes
        weight = scratch("weight", engine.probability_bits + 1, keys)
        with unrolled(keys, "k") as k:
            scaled = state.exponential[step, k].times(reciprocal).to(SCALED_BITS) + half
            most = (1 << engine.probability_bits) - 1
            probability = (scaled >> amount_of(shift, RECIPROCAL_BITS)).minimum(most)
            weight[k] = probability.to(engine.probability_bits + 1)
        added = scratch("added", engine.context_bits, engine.value_size)
        for pair in paired(engine.value_size, "channel", pairs=fits_pair(weight.bits, bits)):
            which = [channel for channel in pair if channel is not None]
            columns = [scratch("value_column", bits, keys) for _ in which]
            with unrolled(keys, "k") as k:
                for column, channel in zip(columns, which, strict=True):
                    at = (head % 2 * self.steps + step, k, channel // lanes, channel % lanes)
                    column[k] = state.value[at]
            sums = dots(weight, columns, engine.most_weighted)
            for channel, total in zip(which, sums, strict=True):
                added[channel] = total.to(engine.context_bits)
        is_first, is_last = step.equals(0).named("is_first"), self._is_last(step)
        with unrolled(engine.value_size, "channel") as channel:
            before = select(is_first, integer(0, engine.context_bits), state.context[channel])
            context = (before + added[channel]).named("context_yet")
            state.context[channel] = context
            with when(is_last):
                state.finished[channel] = context

    def _store(self, state: _State, head: Value, token: Value, beat: Value) -> None:
        """Requantise and store those channels of a finished context that belong to a beat."""
        engine, accelerator, s = self.engine, self.accelerator, self.scalars
        memory, lanes = accelerator.activations, accelerator.lanes
        together = engine.stored_lanes(accelerator)
        first = (beat * together).named("first")
        in_token = (head * self.value_groups + first // lanes).named("in_token")
        first_row = s["target"] + token * self._rows(self.value_groups)
        cell = cell_of(memory, first_row, in_token, self.most_groups)
        stored = scratch("stored", bits_of(memory), together)
        with unrolled(together, "part") as part:
            total = state.finished[first + part]
            y = requantize(total, s["multiplier"], s["shift"], engine.most_shift)
            stored[part] = saturate(y, bits_of(memory))
        part = LanePart(beat % (lanes // together), together, lanes)
        part.write(self.activations, (cell.row, cell.group), stored)
