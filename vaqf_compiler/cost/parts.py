"""
The hardware that an engine consists of: building blocks and how many of each, from the same plan
that its loops are built from.

Not calibrated by synthesis but assumed: the control logic of a loop and of a port, products of
indices, masks, decoders and what else is given as plain numbers here.
"""

from __future__ import annotations

from typing import NamedTuple

from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.cost.block import Block
from vaqf_compiler.cost.blocks import (
    Accumulator,
    AdderTree,
    BarrelShift,
    BinaryDot,
    Divider,
    MaximumTree,
    Multiplexer,
    SaturatingAdd,
    SquareRootStep,
)
from vaqf_compiler.cost.delays import INDEX_BITS
from vaqf_compiler.cost.lanes import ExponentialLane, NormaliseLane, ProbabilityLane, Requantise
from vaqf_compiler.cost.memories import Memory
from vaqf_compiler.cost.products import Product, ProductPair, dsp_slices
from vaqf_compiler.cost.resources import Resources, total
from vaqf_compiler.engines.accelerator import (
    LOGIT_BITS,
    PARAMETER_BITS,
    Accelerator,
    bits_of,
    width_of,
)
from vaqf_compiler.engines.attention import (
    DIVISION_BITS,
    EXPONENTIAL_BITS,
    AttentionEngine,
)
from vaqf_compiler.engines.layer_norm import (
    GAMMA_BITS,
    RECIPROCAL_BITS,
    ROOT,
    ROOT_BITS,
    VARIANCE,
    LayerNormEngine,
    Widths,
)
from vaqf_compiler.engines.linear_engine import Epilogue, LinearEngine
from vaqf_compiler.engines.trees import fits_pair

LOOP = Resources(lut=100, ff=150)
"""Counters, comparison and state of a loop: an assumption."""
ADDRESS_PRODUCT = Resources(lut=30, ff=64, dsp=dsp_slices(INDEX_BITS, INDEX_BITS))
"""A product of two indices that are only known at run time."""
CONTROL_REGISTERS = Resources(lut=400, ff=600)
"""The s_axilite block: an assumption."""
PORT_LOGIC = Resources(lut=900, ff=1400)
"""An m_axi adapter without its buffers: an assumption."""
INTERCONNECT = Resources(lut=1200, ff=1600)
"""For each m_axi port more than the board has: an assumption."""
BURST_WORDS = 256
"""Words that an adapter buffers: 16 outstanding bursts of 16, the tool's defaults (UG1399)."""
LEAST_BITS = 4
LEAST_CENTRED_BITS = 18
"""The narrowest lanes that were calibrated; narrower ones are taken to cost as much."""
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


def multiplied(name: str, shared_bits: int, bits: int, shared: int, factors: int) -> Parts:
    """
    Products of `shared` numbers with `factors` others each, by pairs where these fit a DSP block.
    """
    if not fits_pair(shared_bits, bits):
        return [part(name, shared * factors, Product(shared_bits, bits))]
    parts = [part(f"{name}, in pairs", shared * (factors // 2), ProductPair(shared_bits, bits))]
    if factors % 2:
        parts.append(part(name, shared, Product(shared_bits, bits)))
    return [p for p in parts if p.copies]


def decoder(most: int) -> Resources:
    """A power of two from its exponent, decoded once for all lanes."""
    return Resources(lut=most, ff=most)


def requantised(
    name: str,
    lanes: int,
    engine: LinearEngine | AttentionEngine,
    total_bits: int,
    result_bits: int,
) -> Part:
    """Requantisation of some lanes."""
    total_bits = max(LEAST_BITS, total_bits)
    most_shift = min(engine.most_shift, MOST_SHIFT)
    return part(name, lanes, Requantise(total_bits, most_shift, result_bits))


def cell_products(memory: MemRefType[Attribute], loops: int) -> int:
    """
    Products to find the cells of a memory in some loops: quotient and remainder by the groups of a
    row, for which wires do where that is a power of two.
    """
    return 0 if width_of(memory).bit_count() == 1 else 2 * loops


def linear_parts(engine: LinearEngine, accelerator: Accelerator) -> Parts:
    """A linear engine: weights, products and sums, totals, epilogues."""
    m, n, lanes = engine.unroll_m, engine.unroll_n, accelerator.lanes
    x_bits, total_bits = bits_of(engine.input), engine.total_bits
    weight_bits = engine.tile_m * engine.tile_n * engine.weight_bits
    steps = engine.tile_m // m * (engine.tile_n // n)
    parts = [
        # Two sets, one of which is filled while the other is used.
        part("weight registers", 1, Resources(ff=2 * weight_bits, lut=2 * engine.tile_words)),
        *chosen("weight choice", m, n * engine.weight_bits, 2 * steps),
        *chosen("input choice", n, x_bits, engine.tile_n // n),
        part("input registers", 1, Resources(ff=n * x_bits)),
        part("accumulators", m, Accumulator(total_bits)),
        part("totals", engine.tile_m, Memory(accelerator.tokens, total_bits)),
        part("biases", lanes, Memory(engine.tile_m // lanes, PARAMETER_BITS)),
        part("loops", 4 + 2 * len(engine.epilogues), LOOP),
        part("addresses", _address_products(engine, accelerator), ADDRESS_PRODUCT),
    ]
    if engine.weight_bits == 1:
        parts.append(part("binary products and sums", m, BinaryDot(x_bits, n)))
    else:
        parts += multiplied("products", x_bits, engine.weight_bits, n, m)
        parts += summed("sums", m, x_bits + engine.weight_bits, n)
    if engine.overhangs:
        parts.append(part("epilogue masks", len(engine.epilogues), Resources(lut=INDEX_BITS / 2)))
    parts.append(part("rounding", len(engine.epilogues), decoder(engine.most_shift)))
    if engine.masks_channels:
        parts.append(part("input masks", n, Resources(lut=x_bits + INDEX_BITS / 2)))
    for epilogue in sorted(engine.epilogues):
        parts += _epilogue_parts(engine, accelerator, epilogue)
    return parts


def _address_products(engine: LinearEngine, accelerator: Accelerator) -> int:
    """
    Of rows by how many there are of a token, which differs between layers: to load a tile, to
    multiply, and in each epilogue that writes to a memory. Quotients by sizes that are no powers of
    two are products too: numbers of tiles, and rows and cells of activations.
    """
    stored = engine.epilogues - {Epilogue.LOGITS}
    rounding = sum(size.bit_count() != 1 for size in (engine.tile_m, engine.tile_n))
    cells = 3 if width_of(accelerator.activations).bit_count() != 1 else 0
    return 2 + len(stored) + rounding + cells * len(stored - {Epilogue.RESIDUAL})


def _epilogue_parts(engine: LinearEngine, accelerator: Accelerator, epilogue: Epilogue) -> Parts:
    """An epilogue has its own hardware: only one runs at a time, but the tool shares none."""
    lanes, name = accelerator.lanes, epilogue.name.lower()
    parts = [
        *chosen(f"{name}: totals", lanes, engine.total_bits, engine.tile_m // lanes),
        part(f"{name}: bias addition", lanes, AdderTree(engine.total_bits, 2)),
    ]
    if epilogue is Epilogue.LOGITS:
        return parts
    activation_bits = bits_of(accelerator.activations)
    bits = {
        Epilogue.ACTIVATION: activation_bits,
        Epilogue.GELU: engine.gelu_bits,
        Epilogue.RESIDUAL: bits_of(accelerator.residual),
    }[epilogue]
    parts.append(requantised(f"{name}: requantisation", lanes, engine, engine.total_bits, bits))
    if epilogue is Epilogue.GELU:
        entries = max(1 << engine.gelu_bits, lanes)
        parts.append(part("GELU tables", lanes, Memory(entries, activation_bits)))
    if epilogue is Epilogue.RESIDUAL:
        parts.append(part(f"{name}: addition", lanes, SaturatingAdd(bits)))
    return parts


def attention_parts(engine: AttentionEngine, accelerator: Accelerator) -> Parts:
    """An attention engine: one head's buffers, then scores, softmax and context."""
    bits, keys, size = bits_of(accelerator.activations), engine.keys, engine.head_size
    lanes, steps = accelerator.lanes, -(-accelerator.tokens // keys)
    weight_bits = engine.probability_bits + 1
    sum_bits = EXPONENTIAL_BITS + (steps * keys).bit_length()
    group = width_of(accelerator.activations)
    score_bits = max(LEAST_BITS, engine.score_bits)
    exp_shift = min(max(engine.most_exp_shift, 1), MOST_SHIFT)
    return [
        part("query", size, Memory(accelerator.tokens, bits)),
        part("keys and values", 2 * keys * size, Memory(steps, bits)),
        part("scores", keys, Memory(steps, engine.score_bits)),
        part("exponentials", keys, Memory(steps, EXPONENTIAL_BITS)),
        *chosen("loaded channels", 3 * lanes, bits, group),
        *multiplied("score products", bits, bits, size, keys),
        *summed("score sums", keys, 2 * bits, size),
        part("greatest score", 1, MaximumTree(engine.score_bits, keys + 1)),
        part("masks", 2 * keys, Resources(lut=INDEX_BITS / 2)),
        part("masked numbers", keys, Resources(lut=engine.score_bits + EXPONENTIAL_BITS)),
        part("rounding", 2, decoder(engine.most_shift)),
        part("exponential lanes", keys, ExponentialLane(score_bits, exp_shift)),
        *summed("exponential sums", 1, EXPONENTIAL_BITS, keys),
        part("sum of exponentials", 1, Accumulator(sum_bits)),
        part("division", 1, Divider(DIVISION_BITS)),
        part("probability lanes", keys, ProbabilityLane(engine.probability_bits)),
        *multiplied("context products", weight_bits, bits, keys, size),
        *summed("context sums", size, weight_bits + bits, keys),
        part("context accumulators", size, Accumulator(engine.context_bits)),
        *chosen("stored channels", lanes, engine.context_bits, size // lanes),
        requantised("requantisation", lanes, engine, engine.context_bits, bits),
        part("loops", 12, LOOP),
        # The key of a token is its quotient and remainder by the keys of a cycle.
        part(
            "addresses",
            (0 if keys.bit_count() == 1 else 4) + cell_products(accelerator.activations, 4),
            ADDRESS_PRODUCT,
        ),
    ]


def layer_norm_parts(engine: LayerNormEngine, accelerator: Accelerator) -> Parts:
    """A layer normalisation engine."""
    widths = Widths.of(engine, accelerator)
    lanes, residual = accelerator.lanes, bits_of(accelerator.residual)
    groups, variance = accelerator.channel_groups, VARIANCE.width.data
    bits = bits_of(accelerator.activations)
    widened = max(0, LEAST_CENTRED_BITS - widths.centred)
    centred = widths.centred + widened
    return [
        part("gamma", lanes, Memory(groups, GAMMA_BITS)),
        part("beta", lanes, Memory(groups, PARAMETER_BITS)),
        part("squares", lanes, Product(residual, residual)),
        *summed("sums", 1, residual, lanes),
        *summed("sums of squares", 1, 2 * residual, lanes),
        part("sum", 1, Accumulator(widths.total)),
        part("sum of squares", 1, Accumulator(widths.squares)),
        part("variance", 1, Resources(lut=2 * variance, ff=2 * variance)),
        part("products of sums", 1, Resources(dsp=_variance_slices(widths, accelerator.channels))),
        part("mantissa", 2, BarrelShift(ROOT.width.data, ROOT_BITS)),
        part("rounding", 2, decoder(widths.product)),
        part("square root", 1, SquareRootStep(variance)),
        part("division", 1, Divider(RECIPROCAL_BITS + 2)),
        part("lanes", lanes, NormaliseLane(centred, widths.product + widened, bits)),
        part("loops", 8, LOOP),
        part("addresses", cell_products(accelerator.activations, 1), ADDRESS_PRODUCT),
    ]


def _variance_slices(widths: Widths, channels: int) -> int:
    """Of channels times the sum of squares, and the square of the sum."""
    channel_bits = channels.bit_length() + 1
    squared = dsp_slices(widths.total, widths.total)
    return squared + dsp_slices(channel_bits, widths.squares)


def movement_parts(kind: str, accelerator: Accelerator) -> Parts:
    """An engine that moves data: little but its loops and the cells of what it copies."""
    cells = 0
    if kind == "copy_tokens":
        cells = sum(cell_products(m, 1) for m in (accelerator.activations, accelerator.image))
    return [part("loops", 2, LOOP), part("addresses", cells, ADDRESS_PRODUCT)]


def memory_parts(accelerator: Accelerator) -> Parts:
    """The memories that all engines share."""
    return [
        part(name, width * lanes, Memory(rows, bits_of(memory), "bram"))
        for name, memory in accelerator.memories.items()
        for rows, width, lanes in [memory.get_shape()]
    ]


def interface_parts(accelerator: Accelerator, board_ports: int) -> Parts:
    """
    Ports: one for the image, one for each port of parameters, one for logits. Where the board has
    fewer, an interconnect joins them.
    """
    words = len(accelerator.ports) + 1
    word_bits = bits_of(accelerator.parameters)
    return [
        part("control registers", 1, CONTROL_REGISTERS),
        part("port logic", words + 1, PORT_LOGIC),
        part("burst buffers", words, Memory(BURST_WORDS, word_bits, "bram")),
        part("interconnect", max(0, words + 1 - board_ports), INTERCONNECT),
        part("logits buffer", 1, Memory(BURST_WORDS, LOGIT_BITS, "bram")),
    ]
