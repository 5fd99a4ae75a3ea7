"""
The hardware of which an engine consists: its building blocks and the number of each. They follow
from the same plan as the engine's loops.

Some resources are assumptions and not calibrated by synthesis: the control logic of a loop and of a
port, products of indices, masks, decoders, and everything else that is given as numbers here.
"""

from __future__ import annotations

from typing import NamedTuple

from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.linear.plan import LinearPlan
from vaqf_compiler.hardware.block import Block
from vaqf_compiler.hardware.blocks import (
    AdderTree,
    Multiplexer,
    RestoringDigit,
)
from vaqf_compiler.hardware.dsp import CHAIN, fits_pair, pair_chain
from vaqf_compiler.hardware.lanes import Requantise
from vaqf_compiler.hardware.products import Product, dsp_slices
from vaqf_compiler.hardware.resources import Resources, total

LOOP = Resources(lut=100, ff=150)
"""Counters, comparison and state of a loop: an assumption."""
QUEUE = Resources(lut=80, ff=60)
"""Pointers and flags of a queue: an assumption."""
LEAST_BITS = 4
"""Bits of the narrowest calibrated lanes; narrower ones are assumed to cost as much."""
MOST_SHIFT = 63
"""The greatest shift that is counted: greater ones leave nothing of a number, at no extra cost."""


class Part(NamedTuple):
    """A number of copies of a piece of hardware."""

    name: str
    copies: int
    one: Resources

    @property
    def resources(self) -> Resources:
        """Resources of all copies."""
        return self.one * self.copies


Parts = list[Part]


def part(name: str, copies: int, block: Block | Resources) -> Part:
    """A part of `copies` copies of a block."""
    return Part(name, copies, block if isinstance(block, Resources) else block.resources)


def resources_of(parts: Parts) -> Resources:
    """Resources of all parts together."""
    return total(p.resources for p in parts)


def chosen(name: str, count: int, bits: int, inputs: int) -> Parts:
    """Multiplexers that select `count` words, each among `inputs`; none for one input."""
    return [part(name, count, Multiplexer(bits, inputs))] if inputs > 1 else []


def summed(name: str, count: int, bits: int, inputs: int) -> Parts:
    """Adder trees for `count` sums of `inputs` numbers each; none for one number."""
    return [part(name, count, AdderTree(bits, inputs))] if inputs > 1 else []


def dot_products(
    name: str, shared_bits: int, bits: int, count: int, factors: int, most_product: int
) -> Parts:
    """
    Dot products of length `count` of shared operands with each of `factors` sets of other operands.
    These are multiplied in `factors // 2` pairs if pairs fit a DSP block. The block's adders pack
    a pair and add it to the chain (UG1399, DSP Multi-Operation Matching; Yosys does not do so for
    this family), so LUTs only take pairs apart and add up chains.
    """
    pairs = factors // 2 if fits_pair(shared_bits, bits) else 0
    parts: Parts = []
    if pairs:
        parts += _chains(f"{name}, in pairs", shared_bits, bits, count, 2 * pairs, most_product)
    if factors - 2 * pairs:
        parts += _chains(name, shared_bits, bits, count, factors - 2 * pairs, None)
    return parts


def _chains(
    name: str, shared_bits: int, bits: int, count: int, sums: int, most_product: int | None
) -> Parts:
    """Parts of `sums` dot products, computed in pairs if `most_product` is given."""
    is_paired = most_product is not None
    length = CHAIN if most_product is None else pair_chain(most_product)
    chains = -(-count // length)
    width = shared_bits + bits + (length - 1).bit_length()
    # The factors of later products in a chain wait in a register for each cycle.
    waiting = (length - 1) * (shared_bits + 2 * bits if is_paired else shared_bits + bits) // 2
    each, products = sums // 2 if is_paired else sums, Resources(dsp=1, ff=waiting)
    if not is_paired and dsp_slices(shared_bits, bits) != 1:
        # Products in LUTs or in several DSP slices are added up in LUTs.
        product = Product(shared_bits, bits).resources
        added = AdderTree(shared_bits + bits + 1, 2).resources if length > 1 else Resources()
        products = product + added
    parts = [part(name, each * count, products)]
    if is_paired:
        parts.append(part(f"{name}: unpacked", each * chains, AdderTree(width, 2)))
    return [*parts, *summed(f"{name}: sums", sums, width, chains)]


def digits(name: str, count: int, bits: int, carried_bits: int) -> Parts:
    """
    A division or a square root of `count` digits, computed one after another in a pipeline. The
    rest has `bits` bits; `carried_bits` bits of the operand and the result are carried along.
    """
    return [
        part(name, count, RestoringDigit(bits)),
        part(f"{name}: carried", count, Resources(ff=carried_bits)),
    ]


def decoder(most: int) -> Resources:
    """Resources that decode an exponent to a power of two, once for all lanes."""
    return Resources(lut=most, ff=most)


def requantised(
    name: str,
    lanes: int,
    engine: LinearPlan | AttentionPlan,
    total_bits: int,
    result_bits: int,
) -> Part:
    """Requantisation of `lanes` totals of an engine per cycle."""
    total_bits = max(LEAST_BITS, total_bits)
    most_shift = min(engine.most_shift, MOST_SHIFT)
    return part(name, lanes, Requantise(total_bits, most_shift, result_bits))
