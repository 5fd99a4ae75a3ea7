"""
The hardware that an engine consists of: building blocks and how many of each, from the same plan
that its loops are built from.

Not calibrated by synthesis but assumed: the control logic of a loop and of a port, products of
indices, masks, decoders and what else is given as plain numbers here.
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
"""Of the narrowest lanes that were calibrated; narrower ones are taken to cost as much."""
MOST_SHIFT = 63
"""Greater amounts leave nothing of a number, and cost nothing more."""


class Part(NamedTuple):
    """Some copies of a piece of hardware."""

    name: str
    copies: int
    one: Resources

    @property
    def resources(self) -> Resources:
        """Of all copies."""
        return self.one * self.copies


Parts = list[Part]


def part(name: str, copies: int, block: Block | Resources) -> Part:
    """Some copies of a block."""
    return Part(name, copies, block if isinstance(block, Resources) else block.resources)


def resources_of(parts: Parts) -> Resources:
    """What all parts take together."""
    return total(p.resources for p in parts)


def chosen(name: str, count: int, bits: int, inputs: int) -> Parts:
    """Words that are chosen among some, if there is a choice."""
    return [part(name, count, Multiplexer(bits, inputs))] if inputs > 1 else []


def summed(name: str, count: int, bits: int, inputs: int) -> Parts:
    """Sums of some numbers, if they are more than one."""
    return [part(name, count, AdderTree(bits, inputs))] if inputs > 1 else []


def dot_products(
    name: str, shared_bits: int, bits: int, count: int, factors: int, most_product: int
) -> Parts:
    """
    Sums of `count` products with each of `factors` other operands, in `factors // 2` pairs where
    these fit a DSP block. Its adders pack a pair and add it to the chain (UG1399, DSP
    Multi-Operation Matching; Yosys does not do so for this family): what is left for LUTs is to
    take pairs apart and to add up chains.
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
    """The same; in pairs where `most_product` is given."""
    is_paired = most_product is not None
    length = CHAIN if most_product is None else pair_chain(most_product)
    chains = -(-count // length)
    width = shared_bits + bits + (length - 1).bit_length()
    # The factors of a chain's later products wait, a register for each cycle.
    waiting = (length - 1) * (shared_bits + 2 * bits if is_paired else shared_bits + bits) // 2
    each, products = sums // 2 if is_paired else sums, Resources(dsp=1, ff=waiting)
    if not is_paired and dsp_slices(shared_bits, bits) != 1:
        # Products of LUTs or of several slices are added by LUTs.
        product = Product(shared_bits, bits).resources
        added = AdderTree(shared_bits + bits + 1, 2).resources if length > 1 else Resources()
        products = product + added
    parts = [part(name, each * count, products)]
    if is_paired:
        parts.append(part(f"{name}: unpacked", each * chains, AdderTree(width, 2)))
    return [*parts, *summed(f"{name}: sums", sums, width, chains)]


def digits(name: str, count: int, bits: int, carried_bits: int) -> Parts:
    """
    Digits of a division or a square root, one after another in a pipeline: the rest has `bits`
    bits, and `carried_bits` of divisor or number and result go along.
    """
    return [
        part(name, count, RestoringDigit(bits)),
        part(f"{name}: carried", count, Resources(ff=carried_bits)),
    ]


def decoder(most: int) -> Resources:
    """A power of two from its exponent, decoded once for all lanes."""
    return Resources(lut=most, ff=most)


def requantised(
    name: str,
    lanes: int,
    engine: LinearPlan | AttentionPlan,
    total_bits: int,
    result_bits: int,
) -> Part:
    """Requantisation of some lanes."""
    total_bits = max(LEAST_BITS, total_bits)
    most_shift = min(engine.most_shift, MOST_SHIFT)
    return part(name, lanes, Requantise(total_bits, most_shift, result_bits))
