"""
The engine for multi-head attention: scores, softmax and context of one head and one query token
after another, `keys` key tokens a cycle (docs/arithmetic.md has the arithmetic).
"""

from __future__ import annotations

from collections.abc import Callable
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

from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.accelerator import (
    MULTIPLIER,
    Accelerator,
    Cell,
    bits_of,
    cell_of,
    requantize,
    saturate,
    width_of,
)
from vaqf_compiler.engines.builder import (
    Buffer,
    carrying_loop,
    function,
    local,
    loop,
    pipeline,
    scratch,
    table,
    unrolled,
)
from vaqf_compiler.engines.trees import fits_pair, paired, products, tree_maximum, tree_sum
from vaqf_compiler.engines.values import INDEX, Value, integer, select
from vaqf_compiler.reference.tables import EXP_BITS, EXP_INDEX_BITS, RECIPROCAL_BITS, exp_table

POWER_BITS = EXP_BITS + 1
"""Of an entry of the table of powers of two, which is unsigned."""
EXPONENTIAL_BITS = POWER_BITS + 1
"""Of an exponential: 2**15 and a sign."""
DIVISION_BITS = RECIPROCAL_BITS + 2
"""Holds 2**36 and its sign."""
RECIPROCAL_WIDTH = RECIPROCAL_BITS - EXP_BITS + 2
"""A row's sum is at least 2**15, so its reciprocal is at most 2**21."""
SCALED_BITS = EXPONENTIAL_BITS + RECIPROCAL_WIDTH + 1


@dataclass(frozen=True)
class AttentionEngine:
    """Parameters of an attention engine."""

    name: str
    keys: int
    """Key tokens that are worked on in a cycle."""
    heads: int
    head_size: int
    score_bits: int
    context_bits: int
    probability_bits: int
    """Unsigned."""
    most_shift: int
    """The greatest requantisation shift of a layer."""
    most_exp_shift: int
    """The greatest shift of a layer's exponents."""
    exp_table: str
    """The module's table of powers of two."""

    @property
    def difference_bits(self) -> int:
        """Of a score's distance from the greatest one."""
        return self.score_bits + 1

    @property
    def power_bits(self) -> int:
        """Of a distance times its multiplier, which is shifted."""
        return max(self.difference_bits + MULTIPLIER.width.data, self.most_exp_shift + 1)


def build_exp_table(name: str) -> memref.GlobalOp:
    """The table of powers of two."""
    values = [int(value) for value in exp_table()]
    element = IntegerType(POWER_BITS)
    dense = DenseIntOrFPElementsAttr.from_list(TensorType(element, [len(values)]), values)
    type_ = MemRefType(element, [len(values)])
    return memref.GlobalOp.get(StringAttr(name), type_, dense, constant=UnitAttr())


def build_attention(engine: AttentionEngine, accelerator: Accelerator) -> func.FuncOp:
    """The engine as a function of loops."""
    types: dict[str, Attribute] = {
        "activations": accelerator.activations,
        **dict.fromkeys(("tokens", "query_row", "key_row", "value_row", "target"), INDEX),
        "exp_multiplier": MULTIPLIER,
        "exp_shift": INDEX,
        "exp_limit": IntegerType(engine.difference_bits),
        "probability_shift": INDEX,
        "multiplier": MULTIPLIER,
        "shift": INDEX,
    }
    with function(engine.name, types) as (operation, arguments):
        vhls.InlineOp()
        activations = Buffer(arguments["activations"])
        scalars = {k: Value(v) for k, v in arguments.items() if k != "activations"}
        _Body(engine, accelerator, activations, scalars).build()
    return operation


@dataclass(frozen=True)
class _Body:
    engine: AttentionEngine
    accelerator: Accelerator
    activations: Buffer
    scalars: dict[str, Value]

    @property
    def steps(self) -> int:
        """Cycles for all keys."""
        return -(-self.accelerator.tokens // self.engine.keys)

    def build(self) -> None:
        engine, accelerator, s = self.engine, self.accelerator, self.scalars
        bits, size, keys = bits_of(accelerator.activations), engine.head_size, engine.keys
        lanes = accelerator.lanes
        # With a dimension of lanes the tool sees that a group's lanes are in different memories.
        channels = (size // lanes, lanes)
        query = local("query", bits, accelerator.tokens, *channels, partition=(2, 3))
        key = local("key", bits, self.steps, keys, *channels, partition=(2, 3, 4))
        value = local("value", bits, self.steps, keys, *channels, partition=(2, 3, 4))
        score = local("score", engine.score_bits, self.steps, keys, partition=(2,))
        exponential = local("exponential", EXPONENTIAL_BITS, self.steps, keys, partition=(2,))
        context = local("context", engine.context_bits, size, partition=(1,))
        powers = table(engine.exp_table, POWER_BITS, 1 << EXP_INDEX_BITS)
        with loop(0, engine.heads, "head") as head:
            self._load(query, s["query_row"], head, lambda t: (t,))
            for rows, buffer in ((s["key_row"], key), (s["value_row"], value)):
                self._load(buffer, rows, head, lambda t: (t // keys, t % keys))
            with loop(0, s["tokens"], "token", most=accelerator.tokens) as token:
                largest = self._scores(query, key, score, token)
                total = self._exponentials(score, exponential, powers, largest)
                one = integer(1 << RECIPROCAL_BITS, DIVISION_BITS)
                reciprocal = (one // total.to(DIVISION_BITS)).to(RECIPROCAL_WIDTH)
                self._context(exponential, value, context, reciprocal.named("reciprocal"))
                self._store(context, head, token)

    def _load(
        self,
        buffer: Buffer,
        first: Value,
        head: Value,
        place: Callable[[Value], tuple[Value, ...]],
    ) -> None:
        """Copy one head of the query, key or value of all tokens to where `place` says."""
        accelerator, lanes = self.accelerator, self.accelerator.lanes
        with loop(0, self.scalars["tokens"], "token", most=accelerator.tokens) as token:
            with loop(0, self.engine.head_size // lanes, "group") as group:
                pipeline()
                cell = self._cell(first, head, token, group)
                with unrolled(lanes, "lane") as lane:
                    x = self.activations[cell.row, cell.group, lane]
                    buffer[*place(token), group, lane] = x

    def _cell(self, first: Value, head: Value, token: Value, group: Value) -> Cell:
        """Where group `group` of a head of a token lies."""
        memory, lanes = self.accelerator.activations, self.accelerator.lanes
        channels = self.engine.heads * self.engine.head_size
        rows = -(-channels // (width_of(memory) * lanes))
        in_token = head * (self.engine.head_size // lanes) + group
        return cell_of(memory, first + token * rows, in_token.named("in_token"))

    def _is_token(self, step: Value, k: Value) -> Value:
        """Whether key `k` of a step is one: the last step may have too many."""
        return step * self.engine.keys + k < self.scalars["tokens"]

    def _scores(self, query: Buffer, key: Buffer, score: Buffer, token: Value) -> Value:
        """Products of a query token with all keys; the greatest one."""
        engine = self.engine
        bits, size, keys = query.bits, engine.head_size, engine.keys
        lanes = self.accelerator.lanes
        least = integer(-(1 << (engine.score_bits - 1)), engine.score_bits)
        with carrying_loop(0, self.steps, "step", {"largest": least}) as outer:
            pipeline()
            step = outer.index
            found = scratch("found", engine.score_bits, keys)
            for first, second in paired(keys, "k", pairs=fits_pair(bits, bits)):
                which = [k for k in (first, second) if k is not None]
                terms = [scratch("term", 2 * bits, size) for _ in which]
                with unrolled(size, "channel") as channel:
                    place = (channel // lanes, channel % lanes)
                    factors = [key[step, k, *place] for k in which]
                    results = products(query[token, *place], factors)
                    for term, product in zip(terms, results, strict=True):
                        term[channel] = product
                for k, term in zip(which, terms, strict=True):
                    dot = tree_sum(term, "sum").to(engine.score_bits)
                    found[k] = select(self._is_token(step, k), dot, least)
            with unrolled(keys, "k") as k:
                score[step, k] = found[k]
            outer.next(outer.carried[0].maximum(tree_maximum(found, "greatest")))
        return outer.results[0]

    def _exponentials(
        self, score: Buffer, exponential: Buffer, powers: Buffer, largest: Value
    ) -> Value:
        """Powers of two of the scores' distances from the greatest; their sum."""
        engine, s = self.engine, self.scalars
        sum_bits = EXPONENTIAL_BITS + (self.steps * engine.keys).bit_length()
        with carrying_loop(0, self.steps, "step", {"total": integer(0, sum_bits)}) as outer:
            pipeline()
            step = outer.index
            found = scratch("found", EXPONENTIAL_BITS, engine.keys)
            with unrolled(engine.keys, "k") as k:
                bits = engine.difference_bits
                difference = largest.to(bits) - score[step, k].to(bits)
                product = difference.minimum(s["exp_limit"]).times(s["exp_multiplier"])
                power = (product.to(engine.power_bits) >> s["exp_shift"]).named("power")
                fraction = (power & ((1 << EXP_INDEX_BITS) - 1)).as_index()
                # From 2**16 on, a right shift leaves nothing of the table's 16 bits.
                whole = (power >> EXP_INDEX_BITS).minimum(EXP_BITS + 1).as_index()
                shifted = powers[fraction].unsigned_to(EXPONENTIAL_BITS) >> whole
                zero = integer(0, EXPONENTIAL_BITS)
                found[k] = select(self._is_token(step, k), shifted, zero)
                exponential[step, k] = found[k]
            outer.next(outer.carried[0] + tree_sum(found, "sum").to(sum_bits))
        return outer.results[0]

    def _context(
        self, exponential: Buffer, value: Buffer, context: Buffer, reciprocal: Value
    ) -> None:
        """Probabilities times values, summed over all keys."""
        engine, s = self.engine, self.scalars
        half = (integer(1, SCALED_BITS) << (s["probability_shift"] - 1)).named("half")
        with unrolled(engine.head_size, "channel") as channel:
            context[channel] = integer(0, engine.context_bits)
        bits, keys, lanes = value.bits, engine.keys, self.accelerator.lanes
        with loop(0, self.steps, "step") as step:
            pipeline()
            weight = scratch("weight", engine.probability_bits + 1, keys)
            with unrolled(keys, "k") as k:
                scaled = exponential[step, k].times(reciprocal).to(SCALED_BITS) + half
                most = (1 << engine.probability_bits) - 1
                probability = (scaled >> s["probability_shift"]).minimum(most)
                weight[k] = probability.to(engine.probability_bits + 1)
            pairs = fits_pair(weight.bits, bits)
            for first, second in paired(engine.head_size, "channel", pairs=pairs):
                which = [channel for channel in (first, second) if channel is not None]
                terms = [scratch("term", weight.bits + bits, keys) for _ in which]
                with unrolled(keys, "k") as k:
                    factors = [value[step, k, c // lanes, c % lanes] for c in which]
                    for term, product in zip(terms, products(weight[k], factors), strict=True):
                        term[k] = product
                for channel, term in zip(which, terms, strict=True):
                    added = tree_sum(term, "sum").to(engine.context_bits)
                    context[channel] = context[channel] + added

    def _store(self, context: Buffer, head: Value, token: Value) -> None:
        s, lanes = self.scalars, self.accelerator.lanes
        bits = bits_of(self.accelerator.activations)
        with loop(0, self.engine.head_size // lanes, "group") as group:
            pipeline()
            cell = self._cell(s["target"], head, token, group)
            with unrolled(lanes, "lane") as lane:
                total = context[group * lanes + lane]
                y = requantize(total, s["multiplier"], s["shift"], self.engine.most_shift)
                self.activations[cell.row, cell.group, lane] = saturate(y, bits)
