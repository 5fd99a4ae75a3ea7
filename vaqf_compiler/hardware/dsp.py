"""What a DSP48E2 block multiplies and adds (AMD UG579; UG1399, DSP Multi-Operation Matching)."""

from __future__ import annotations

FIELD_BITS = 18
"""Where the second product of a pair begins: the width of a DSP48E2's narrower factor."""
PACKED_BITS = 27
"""Of its wider factor."""
CHAIN = 4
"""The most products in a chain: the factors of each wait for the sum of those before."""
LEAST_DSP_BITS = 9
"""Of a product that is worth a DSP block; narrower ones, as of four by four bits, are LUTs."""


def fits_pair(shared_bits: int, bits: int) -> bool:
    """Whether two products of a shared factor and factors of some bits go into one DSP48E2."""
    fits = shared_bits + bits <= FIELD_BITS and FIELD_BITS + bits + 1 <= PACKED_BITS
    return fits and min(shared_bits, bits) > 1  # a product with one bit is a few gates


def is_small(a_bits: int, b_bits: int) -> bool:
    """Whether a product is made of LUTs."""
    return min(a_bits, b_bits) < 2 or a_bits + b_bits < LEAST_DSP_BITS


def pair_chain(most_product: int) -> int:
    """Pairs of products in a chain: as many as the lower field holds, if none is greater."""
    return min(CHAIN, ((1 << (FIELD_BITS - 1)) - 1) // most_product)
