"""What a DSP48E2 block multiplies and adds (AMD UG579; UG1399, DSP Multi-Operation Matching)."""

from __future__ import annotations

FIELD_BITS = 18
"""Bit at which the second product of a pair begins: the width of a DSP48E2's narrower factor."""
PACKED_BITS = 27
"""Width of a DSP48E2's wider factor, in bits."""
CHAIN = 4
"""The most products in a chain. The factors of each product wait for the sum of those before."""
LEAST_DSP_BITS = 9
"""
Bits of the smallest product that is worth a DSP block. Narrower ones, such as four by four bits,
are made of LUTs.
"""


def fits_pair(shared_bits: int, bits: int) -> bool:
    """
    Return whether one DSP48E2 can compute two products that share a factor of `shared_bits` bits
    and whose other factors have `bits` bits.
    """
    fits = shared_bits + bits <= FIELD_BITS and FIELD_BITS + bits + 1 <= PACKED_BITS
    return fits and min(shared_bits, bits) > 1  # A product with one bit is a few gates.


def is_small(a_bits: int, b_bits: int) -> bool:
    """Return whether a product is made of LUTs."""
    return min(a_bits, b_bits) < 2 or a_bits + b_bits < LEAST_DSP_BITS


def pair_chain(most_product: int) -> int:
    """
    Return how many pairs of products fit in a chain: as many as the lower field can hold the sum
    of, if no product is greater than `most_product`.
    """
    return min(CHAIN, ((1 << (FIELD_BITS - 1)) - 1) // most_product)
