"""
The hardware that an engine consists of: building blocks and how many of each, from the same plan
that its loops are built from.

Not calibrated by synthesis but assumed: the control logic of a loop and of a port, products of
indices, masks, decoders and what else is given as plain numbers here.
"""

from __future__ import annotations

from typing import NamedTuple

from vaqf_compiler.analysis.delays import INDEX_BITS
from vaqf_compiler.cost.addresses import ADDRESS_PRODUCT, cell, division, quotient
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import (
    LOGIT_BITS,
    PARAMETER_BITS,
    Accelerator,
    bits_of,
    width_of,
)
from vaqf_compiler.engines.attention.plan import EXPONENTIAL_BITS, QUOTIENT_BITS, AttentionEngine
from vaqf_compiler.engines.layer_norm.plan import (
    GAMMA_BITS,
    MANTISSA_BITS,
    ROOT_BITS,
    VARIANCE,
    LayerNormEngine,
    Widths,
)
from vaqf_compiler.engines.linear.plan import Epilogue, LinearEngine
from vaqf_compiler.engines.top import BURST_LENGTH, OUTSTANDING
from vaqf_compiler.hardware.block import Block
from vaqf_compiler.hardware.blocks import (
    Accumulator,
    AdderTree,
    BinaryDot,
    MaximumTree,
    Multiplexer,
    RestoringDigit,
    SaturatingAdd,
)
from vaqf_compiler.hardware.dsp import CHAIN, fits_pair, pair_chain
from vaqf_compiler.hardware.lanes import ExponentialLane, NormaliseLane, ProbabilityLane, Requantise
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.products import Product, dsp_slices
from vaqf_compiler.hardware.resources import Resources, total

LOOP = Resources(lut=100, ff=150)
"""Counters, comparison and state of a loop: an assumption."""
QUEUE = Resources(lut=80, ff=60)
"""Pointers and flags of a queue: an assumption."""
CONTROL_REGISTERS = Resources(lut=400, ff=600)
"""The s_axilite block: an assumption."""
PORT_LOGIC = Resources(lut=900, ff=1400)
"""An m_axi adapter without its buffers: an assumption."""
INTERCONNECT = Resources(lut=1200, ff=1600)
"""For each m_axi port more than the board has: an assumption."""
BURST_WORDS = BURST_LENGTH * OUTSTANDING
"""Words that an adapter buffers (UG1399)."""
LEAST_BITS = 4
LEAST_CENTRED_BITS = 18
"""The narrowest lanes that were calibrated; narrower ones are taken to cost as much."""
MANTISSA_STEPS = 5
"""By 16, 8, 4, 2 and 1 places."""
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
    engine: LinearEngine | AttentionEngine,
    total_bits: int,
    result_bits: int,
) -> Part:
    """Requantisation of some lanes."""
    total_bits = max(LEAST_BITS, total_bits)
    most_shift = min(engine.most_shift, MOST_SHIFT)
    return part(name, lanes, Requantise(total_bits, most_shift, result_bits))


def linear_parts(engine: LinearEngine, accelerator: Accelerator) -> Parts:
    """A linear engine: sums of products, and one set of lanes for results."""
    return sum_parts(engine, accelerator) + epilogue_parts(engine, accelerator)


def sum_parts(engine: LinearEngine, accelerator: Accelerator) -> Parts:
    """Weights, products and their sums, totals, and loops: however many results a cycle has."""
    m, n = engine.unroll_m, engine.unroll_n
    x_bits, total_bits = bits_of(engine.input), engine.total_bits
    weight_bits = engine.tile_m * engine.tile_n * engine.weight_bits
    bias_bits = engine.tile_m * (total_bits + PARAMETER_BITS)
    parts = [
        # A set that is filled while the other one is used.
        part("weight registers", 1, Resources(ff=2 * weight_bits, lut=2 * engine.tile_words)),
        part("bias registers", 1, Resources(ff=bias_bits, lut=2 * engine.bias_words)),
        part("weight queue", 1, Memory(2 * engine.tile_words, WORD_BITS)),
        part("bias queue", 1, Memory(2 * engine.bias_words, WORD_BITS)),
        part("queues", 2, QUEUE),
        *chosen("weight choice", m, n * engine.weight_bits, engine.steps_m * engine.steps_n),
        *chosen("input choice", n, x_bits, engine.steps_n),
        part("input registers", 1, Resources(ff=n * x_bits)),
        part("accumulators", m, Accumulator(total_bits)),
        part("totals", 2 * engine.tile_m, Memory(accelerator.tokens, total_bits)),
        part("loops", 6, LOOP),
        *_linear_addresses(engine, accelerator),
    ]
    if engine.weight_bits == 1:
        parts.append(part("pair sums and differences", n, AdderTree(x_bits, 2)))
        parts.append(part("binary products and sums", m, BinaryDot(x_bits, n)))
    else:
        parts += dot_products("products", x_bits, engine.weight_bits, n, m, engine.most_product)
    if engine.masks_channels:
        parts.append(part("input masks", n, Resources(lut=x_bits + INDEX_BITS / 2)))
    return parts


def _linear_addresses(engine: LinearEngine, accelerator: Accelerator) -> Parts:
    """
    Products of rows by how many there are of a token, which differs between layers: to multiply,
    and to store to each memory; of rows of tiles by their tiles: for steps, words and iterations.
    Quotients are the numbers of tiles, and rows and cells of activations.
    """
    most_in, most_out = engine.most_in_channels, engine.most_out_channels
    stores = engine.stores_activations + (Epilogue.RESIDUAL in engine.epilogues)
    parts = [
        part("addresses", 4 + stores, ADDRESS_PRODUCT),
        part("tiles of input channels", 1, quotient(engine.tile_n, most_in + engine.tile_n - 1)),
        part("tiles of output channels", 1, quotient(engine.tile_m, most_out + engine.tile_m - 1)),
    ]
    if engine.stores_activations:
        per_row = width_of(accelerator.activations) * accelerator.lanes
        groups = -(-most_out // accelerator.lanes)
        parts.append(part("rows", 1, quotient(per_row, most_out + per_row - 1)))
        parts.append(part("cells", 1, cell(accelerator.activations, groups)))
    return parts


def epilogue_parts(engine: LinearEngine, accelerator: Accelerator) -> Parts:
    """What all layers' results go through; of the tile only `tile_m` and the width of totals."""
    results, epilogues = engine.results, engine.epilogues
    bits, residual_bits = bits_of(accelerator.activations), bits_of(accelerator.residual)
    parts = [
        *chosen(
            "finished totals and biases", 2 * results, engine.total_bits, engine.finishing_steps
        ),
        part("bias addition", results, AdderTree(engine.total_bits, 2)),
        part("masks", 1, Resources(lut=INDEX_BITS)),
    ]
    if engine.requantizes:
        widest = max(
            bits if Epilogue.ACTIVATION in epilogues else 1,
            engine.gelu_bits if Epilogue.GELU in epilogues else 1,
            residual_bits if Epilogue.RESIDUAL in epilogues else 1,
        )
        parts.append(part("rounding", 1, decoder(engine.most_shift)))
        parts.append(requantised("requantisation", results, engine, engine.total_bits, widest))
        # The other results are saturated from the same shifted number.
        others = bits * (Epilogue.ACTIVATION in epilogues)
        others += engine.gelu_bits * (Epilogue.GELU in epilogues)
        parts.append(part("other saturations", results, Resources(lut=2 * others, ff=others)))
    if Epilogue.GELU in epilogues:
        entries = engine.shared_arrays(accelerator)["gelu"].shape[1]
        parts.append(part("GELU tables", results, Memory(entries, bits)))
    if Epilogue.RESIDUAL in epilogues:
        parts.append(part("residual addition", results, SaturatingAdd(residual_bits)))
    if Epilogue.LOGITS in epilogues:
        most_groups, _ = engine.shared_arrays(accelerator)["logit"].shape
        parts.append(part("logits", accelerator.lanes, Memory(most_groups, engine.total_bits)))
        parts += chosen("stored logit", 1, engine.total_bits, accelerator.lanes)
    return parts


def attention_parts(engine: AttentionEngine, accelerator: Accelerator) -> Parts:
    """An attention engine: buffers of two heads, then scores, softmax and context."""
    return head_parts(engine, accelerator) + transfer_parts(engine, accelerator)


def head_parts(engine: AttentionEngine, accelerator: Accelerator) -> Parts:
    """What works on a head: however wide the activation memory is."""
    bits, keys, size = bits_of(accelerator.activations), engine.keys, engine.head_size
    value_size = engine.value_size
    lanes, steps = accelerator.lanes, engine.steps(accelerator)
    groups, value_groups = size // lanes, value_size // lanes
    weight_bits = engine.probability_bits + 1
    sum_bits = EXPONENTIAL_BITS + (steps * keys).bit_length()
    score_bits = max(LEAST_BITS, engine.score_bits)
    exp_shift = min(max(engine.most_exp_shift, 1), MOST_SHIFT)
    return [
        part("queries", groups, Memory(2 * accelerator.tokens, bits * lanes)),
        part("keys and values", keys * (groups + value_groups), Memory(2 * steps, bits * lanes)),
        part("kept scores", keys, Memory(steps, engine.score_bits)),
        part("exponentials", keys, Memory(steps, EXPONENTIAL_BITS)),
        *dot_products("scores", bits, bits, size, keys, engine.most_score),
        part("greatest score", 1, MaximumTree(engine.score_bits, keys + 1)),
        part("masks", 2 * keys, Resources(lut=INDEX_BITS / 2)),
        part("masked numbers", keys, Resources(lut=engine.score_bits + EXPONENTIAL_BITS)),
        part("rounding", 2, decoder(engine.most_shift)),
        part("exponential lanes", keys, ExponentialLane(score_bits, exp_shift)),
        *summed("exponential sums", 1, EXPONENTIAL_BITS, keys),
        part("sum of exponentials", 1, Accumulator(sum_bits)),
        *digits("division", QUOTIENT_BITS, sum_bits + 1, sum_bits + QUOTIENT_BITS),
        # Exponentials wait for the reciprocal of their sum.
        part("waiting exponentials", keys, Resources(lut=EXPONENTIAL_BITS)),
        part("probability lanes", keys, ProbabilityLane(engine.probability_bits)),
        *dot_products("context", weight_bits, bits, keys, value_size, engine.most_weighted),
        part("context accumulators", value_size, Accumulator(engine.context_bits)),
        part("finished context", 1, Resources(ff=value_size * engine.context_bits)),
        part("loops", 5, LOOP),
    ]


def transfer_parts(engine: AttentionEngine, accelerator: Accelerator) -> Parts:
    """What loads channels of the activation memory, and stores them."""
    bits = bits_of(accelerator.activations)
    width = width_of(accelerator.activations)
    together, stored = engine.loaded_groups(accelerator), engine.stored_lanes(accelerator)
    return [
        *chosen("loaded channels", together * accelerator.lanes, bits, width // together),
        *chosen("stored channels", stored, engine.context_bits, engine.stores(accelerator)),
        requantised("requantisation", stored, engine, engine.context_bits, bits),
        *_attention_addresses(engine, accelerator),
    ]


def _attention_addresses(engine: AttentionEngine, accelerator: Accelerator) -> Parts:
    """
    Two loops load, and they and the one that stores find cells. Where the number of heads is known
    at run time only, so are the rows of a token and, for the one that stores, of a value; where
    values have another size, a head's groups are chosen.
    """
    memory, sizes = accelerator.activations, (engine.head_size, engine.value_size)
    loads, (parts, _) = engine.loads(accelerator), engine.parts(accelerator)
    found = [
        part("places of keys", 2, division(engine.keys, accelerator.tokens - 1)),
        part("loaded parts", 2, division(parts, loads - 1)),
        part("cells", 3, cell(memory, engine.most_groups(accelerator))),
    ]
    differ = engine.value_size != engine.head_size
    products = 2 * (engine.heads_vary or differ) + engine.heads_vary + differ
    found.append(part("addresses", products, ADDRESS_PRODUCT))
    if engine.heads_vary:
        width = width_of(memory)
        for size in (*sizes, *sizes, engine.value_size):
            most = engine.heads * size // accelerator.lanes
            found.append(part("rows", 1, quotient(width, most + width - 1)))
    return found


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
        part("rounding", 2, decoder(widths.product)),
        *digits("square root", ROOT_BITS, ROOT_BITS + 4, variance + ROOT_BITS),
        part("mantissa", MANTISSA_STEPS, Multiplexer(ROOT_BITS + 1, 2)),
        part("comparisons", MANTISSA_STEPS, Resources(lut=ROOT_BITS / 4)),
        *digits("division", MANTISSA_BITS + 1, MANTISSA_BITS + 3, 2 * MANTISSA_BITS),
        part("lanes", lanes, NormaliseLane(centred, widths.product + widened, bits)),
        part("loops", 4, LOOP),
        part("cells", 1, cell(accelerator.activations, accelerator.channel_groups)),
    ]


def _variance_slices(widths: Widths, channels: int) -> int:
    """Of channels times the sum of squares, and the square of the sum."""
    channel_bits = channels.bit_length() + 1
    squared = dsp_slices(widths.total, widths.total)
    return squared + dsp_slices(channel_bits, widths.squares)


def movement_parts(kind: str, accelerator: Accelerator) -> Parts:
    """An engine that moves data: little but its loops and the cells of what it copies."""
    parts = [part("loops", 2, LOOP)]
    if kind == "copy_tokens":
        for memory in (accelerator.activations, accelerator.image):
            parts.append(part("cells", 1, cell(memory, accelerator.channel_groups)))
    return parts


def memory_parts(accelerator: Accelerator) -> Parts:
    """The memories that all engines share: one for each lane, or group of lanes in UltraRAM."""
    parts: Parts = []
    for name, memory in accelerator.memories.items():
        (rows, width, lanes), bits = memory.get_shape(), bits_of(memory)
        if name in accelerator.uram:
            parts.append(part(name, width, Memory(rows, lanes * bits, "uram")))
        else:
            parts.append(part(name, width * lanes, Memory(rows, bits, "bram")))
    return parts


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
