"""
Adder trees, and products that share a DSP block.

A tree is printed level by level, each level with the width that its sums need, so that neither
depth nor width is left to the tool.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from vaqf_compiler.engines.builder import Buffer, scratch, unrolled
from vaqf_compiler.engines.values import Value, constant

FIELD_BITS = 18
"""Where the second product of a pair begins: the width of a DSP48E2's narrower factor."""
PACKED_BITS = 27
"""Of its wider factor."""


def tree_sum(terms: Buffer, name: str) -> Value:
    """The sum of an array's elements, one bit wider with each level."""
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


def fits_pair(shared_bits: int, bits: int) -> bool:
    """Whether two products of a shared factor and factors of some bits go into one DSP48E2."""
    fits = shared_bits + bits <= FIELD_BITS and FIELD_BITS + bits + 1 <= PACKED_BITS
    return fits and min(shared_bits, bits) > 1  # a product with one bit is a few gates


def product_pair(shared: Value, first: Value, second: Value) -> tuple[Value, Value]:
    """
    `shared * first` and `shared * second` by one multiplier of 27 x 18 bits: the second factor
    stands 18 bits above the first, and so does its product; the lower product's sign is taken
    from the upper one again (AMD WP486, Deep Learning with INT8 Optimization).
    """
    bits = shared.bits + first.bits
    wide = FIELD_BITS + second.bits + 1
    packed = ((second.to(wide) << FIELD_BITS) + first.to(wide)).named("packed")
    product = packed.times(shared).named("product")
    low = product.to(FIELD_BITS).named("low")
    high = (product - low.to(product.bits)) >> FIELD_BITS
    return low.to(bits), high.to(bits)


def paired(count: int, name: str, *, pairs: bool) -> Generator[tuple[Value, Value | None]]:
    """
    Unrolled loops over `count` indices, two at a time and then the odd one alone; one by one
    without `pairs`. To be used in a `for` statement.
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


def products(shared: Value, factors: Sequence[Value]) -> list[Value]:
    """The products of a shared factor and one or two others."""
    if len(factors) == 1:
        return [shared.times(factors[0])]
    first, second = factors
    return list(product_pair(shared, first, second))
