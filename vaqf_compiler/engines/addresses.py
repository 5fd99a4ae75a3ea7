"""
Resources for computing addresses: products, quotients and remainders of indices. Except for the
products, they are assumptions.
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
"""Resources of a product of two indices that are known only at run time."""


def quotient(divisor: int, most: int) -> Resources:
    """
    Resources of the quotient of an index from 0 to `most`: those of a product, or none if the
    divisor is a power of two.
    """
    if not is_product(divisor):
        return Resources()
    reciprocal = Reciprocal(divisor, most)
    product = Product(reciprocal.bits + 1, reciprocal.factor_bits).resources
    return product + Resources(ff=reciprocal.bits)


def division(divisor: int, most: int) -> Resources:
    """
    Resources of quotient and remainder. The remainder subtracts the product of quotient and
    divisor, which is a sum of shifted copies of the quotient.
    """
    if not is_product(divisor):
        return Resources()
    bits = Reciprocal(divisor, most).bits
    return quotient(divisor, most) + Resources(lut=3 * bits, ff=2 * bits)


def cell(memory: MemRefType[Attribute], most_groups: int) -> Resources:
    """Resources for computing the row of a token's group of lanes, and its place in the row."""
    return division(width_of(memory), most_groups - 1)
