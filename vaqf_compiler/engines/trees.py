"""
Adder trees, and sums of products in DSP blocks.

A tree is built level by level, each level with the bits that its sums need, so that neither depth
nor width is left to the tool. Products are first added up in chains: the tool matches
`(a + b) * c + d` to one DSP block if its intermediate results are not used elsewhere (UG1399, DSP
Multi-Operation Matching).
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from vaqf_compiler.dialects import vhls
from vaqf_compiler.engines.builder import Buffer, scratch, unrolled
from vaqf_compiler.engines.values import Value, constant
from vaqf_compiler.hardware.dsp import CHAIN, FIELD_BITS, is_small, pair_chain


def tree_sum(terms: Buffer, name: str) -> Value:
    """The sum of an array's elements; each level of the tree is one bit wider."""
    return _tree(terms, name, lambda a, b: a.to(a.bits + 1) + b.to(b.bits + 1), growth=1)


def tree_maximum(terms: Buffer, name: str) -> Value:
    """The greatest of an array's elements."""
    return _tree(terms, name, Value.maximum, growth=0)


def _tree(terms: Buffer, name: str, combine: Callable[[Value, Value], Value], growth: int) -> Value:
    (size,) = terms.shape
    while size > 2:
        half, odd = divmod(size, 2)
        level = scratch(name, terms.bits + growth, half + odd)
        with unrolled(half, "pair") as pair:
            level[pair] = combine(terms[pair * 2], terms[pair * 2 + 1])
        if odd:
            level[half] = terms[size - 1].to(level.bits)
        terms, size = level, half + odd
    return terms[0] if size == 1 else combine(terms[0], terms[1])


def dot_pair(
    shared: Buffer, firsts: Buffer, seconds: Buffer, most_product: int
) -> tuple[Value, Value]:
    """
    The dot products of `shared` with `firsts` and with `seconds`. One multiplier of 27 x 18 bits
    computes two products: the second factor is packed 18 bits above the first, and so is its
    product. The upper sum is corrected by the sign of the lower one (AMD WP486, Deep Learning with
    INT8 Optimization). No product's magnitude may exceed `most_product`.
    """
    wide = FIELD_BITS + seconds.bits + 1

    def packed(n: Value) -> Value:
        return ((seconds[n].to(wide) << FIELD_BITS) + firsts[n].to(wide)).named("packed")

    length = pair_chain(most_product)
    sums = _chains(shared, packed, wide, length)
    bits = shared.bits + firsts.bits + (length - 1).bit_length()
    lows, highs = (scratch(name, bits, *sums.shape) for name in ("low", "high"))
    with unrolled(sums.shape[0], "chain") as chain:
        total = sums[chain].named("total")
        low = total.to(FIELD_BITS).named("low")
        lows[chain] = low.to(bits)
        highs[chain] = (total - low.to(total.bits) >> FIELD_BITS).to(bits)
    return tree_sum(lows, "sum"), tree_sum(highs, "sum")


def dots(shared: Buffer, factors: list[Buffer], most_product: int) -> list[Value]:
    """The dot products of `shared` with one or two arrays of other factors."""
    if len(factors) == 1:
        return [dot(shared, factors[0])]
    return list(dot_pair(shared, *factors, most_product=most_product))


def dot(shared: Buffer, factors: Buffer) -> Value:
    """The dot product of `shared` and `factors`."""
    return tree_sum(_chains(shared, lambda n: factors[n], factors.bits, CHAIN), "sum")


def _chains(
    shared: Buffer, factor: Callable[[Value], Value], factor_bits: int, length: int
) -> Buffer:
    """Sums of `length` products each; the last sum may have fewer."""
    (count,) = shared.shape
    full, rest = divmod(count, length)
    bits = shared.bits + factor_bits + (length - 1).bit_length()
    sums = scratch("chain_sum", bits, full + (rest > 0))
    if full:
        with unrolled(full, "chain") as chain:
            sums[chain] = _chain(shared, factor, chain * length, length, bits)
    if rest:
        sums[full] = _chain(shared, factor, constant(full * length), rest, bits)
    return sums


def _chain(
    shared: Buffer, factor: Callable[[Value], Value], first: Value, length: int, bits: int
) -> Value:
    def product(n: Value) -> Value:
        one, other = factor(n), shared[n]
        found = one.times(other)
        if is_small(one.bits, other.bits):
            vhls.BindOpOp(found.named("product").ssa, "fabric")
        return found.to(bits)

    total = product(first)
    for link in range(1, length):
        total = total + product(first + link)
    return total


def paired(count: int, name: str, *, pairs: bool) -> Generator[tuple[Value, Value | None]]:
    """
    Unrolled loops over `count` indices: with `pairs`, two at a time and then the last one alone if
    `count` is odd; else one by one, each with None. Use it in a `for` statement.
    """
    together = count // 2 if pairs else 0
    if together:
        with unrolled(together, f"{name}_pair") as pair:
            yield pair * 2, pair * 2 + 1
    if not pairs:
        with unrolled(count, name) as index:
            yield index, None
    elif count % 2:
        yield constant(count - 1), None
