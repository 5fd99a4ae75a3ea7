"""
What computing the place of an element takes: products of indices, quotients and remainders. An
assumption, but for the products.
"""

from __future__ import annotations

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.analysis.delays import INDEX_BITS
from vaqf_compiler.engines.accelerator import width_of
from vaqf_compiler.engines.division import Reciprocal, is_product
from vaqf_compiler.hardware.products import Product, dsp_slices
from vaqf_compiler.hardware.resources import Resources

ADDRESS_PRODUCT = Resources(lut=30, ff=64, dsp=dsp_slices(INDEX_BITS, INDEX_BITS))
"""A product of two indices that are only known at run time."""


def quotient(divisor: int, most: int) -> Resources:
    """The quotient of an index from 0 to `most`, which is a product; wires for powers of two."""
    if not is_product(divisor):
        return Resources()
    reciprocal = Reciprocal(divisor, most)
    product = Product(reciprocal.bits + 1, reciprocal.factor_bits).resources
    return product + Resources(ff=reciprocal.bits)


def division(divisor: int, most: int) -> Resources:
    """Quotient and remainder: of the divisor, shifted copies are added, and subtracted."""
    if not is_product(divisor):
        return Resources()
    bits = Reciprocal(divisor, most).bits
    return quotient(divisor, most) + Resources(lut=3 * bits, ff=2 * bits)


def cell(memory: MemRefType[Attribute], most_groups: int) -> Resources:
    """The row and the group in it of one of a token's groups of lanes."""
    return division(width_of(memory), most_groups - 1)
