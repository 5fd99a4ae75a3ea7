"""
The dot product of a token's inputs and the binary weights of one output channel.

It is a function of its own, pipelined as part of the loop that calls it. Unrolled in one nest with
all output channels, its body would have more copies than the tool makes (docs/hls-verify.md).
"""

from __future__ import annotations

from xdsl.dialects import func
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.analysis.integers import INDEX
from vaqf_compiler.dialects import vhls
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import bits_of
from vaqf_compiler.engines.builder import Buffer, call, function, pipeline, scratch, unrolled
from vaqf_compiler.engines.linear.plan import LinearPlan
from vaqf_compiler.engines.trees import tree_sum
from vaqf_compiler.engines.values import Number, Value, select


def build_binary_dot(engine: LinearPlan) -> func.FuncOp:
    """
    Build the function. Its arguments are sums and differences of neighbouring inputs, and the
    weights of an output channel in its tile. Whether two neighbouring weights are equal selects the
    sum or the difference; the first weight says whether to take its complement.
    """
    pairs = engine.unroll_n // 2
    bits = bits_of(engine.input) + 1
    sums = MemRefType(IntegerType(bits), [pairs])
    types: dict[str, Attribute] = {
        "plus": sums,
        "minus": sums,
        "weight_row": MemRefType(IntegerType(WORD_BITS), [_row_words(engine)]),
    }
    if engine.steps_n > 1:
        types["step_n"] = INDEX
    result = IntegerType(bits + (pairs - 1).bit_length())
    with function(f"{engine.name}_dot", types, [result]) as (operation, arguments):
        vhls.InlineOp()
        pipeline()
        plus, minus, row = (Buffer(arguments[name]) for name in ("plus", "minus", "weight_row"))
        terms = scratch("term", bits, pairs)
        with unrolled(pairs, "n") as n:
            at = n * 2
            if engine.steps_n > 1:
                at = Value(arguments["step_n"]) * engine.unroll_n + at
            first, second = (
                row[(at + part) // WORD_BITS].field((at + part) % WORD_BITS, 1).named(name)
                for part, name in enumerate(("sign", "next_sign"))
            )
            chosen = select(first.equals(second), plus[n], minus[n]).named("chosen")
            terms[n] = select(first, chosen, ~chosen)
        func.ReturnOp(tree_sum(terms, "sum").ssa)
    return operation


def call_binary_dot(
    function: func.FuncOp,
    engine: LinearPlan,
    sums: tuple[Buffer, Buffer],
    weights: Buffer,
    m: Value,
    step_n: Number,
) -> Value:
    """Call the function for output channel `m` of a tile, whose weights are given in words."""
    row = scratch("weight_row", WORD_BITS, _row_words(engine))
    words, rest = divmod(engine.tile_n, WORD_BITS)
    if rest:  # several rows share a word
        first = m * engine.tile_n
        row[0] = weights[first // WORD_BITS].field(first % WORD_BITS, WORD_BITS)
    else:
        with unrolled(words, "word") as word:
            row[word] = weights[m * words + word]
    place = [step_n] if isinstance(step_n, Value) else []
    (total,) = call(function, *sums, row, *place)
    return total


def _row_words(engine: LinearPlan) -> int:
    """Number of words that contain the weights of an output channel in its tile."""
    return max(1, engine.tile_n // WORD_BITS)
