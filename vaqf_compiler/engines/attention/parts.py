"""The hardware of which an attention engine consists."""

from __future__ import annotations

from vaqf_compiler.analysis.delays import INDEX_BITS
from vaqf_compiler.engines.accelerator import Accelerator, bits_of, width_of
from vaqf_compiler.engines.addresses import ADDRESS_PRODUCT, cell, division, quotient
from vaqf_compiler.engines.attention.plan import EXPONENTIAL_BITS, QUOTIENT_BITS, AttentionPlan
from vaqf_compiler.engines.parts import (
    LEAST_BITS,
    LOOP,
    MOST_SHIFT,
    Parts,
    chosen,
    decoder,
    digits,
    dot_products,
    part,
    requantised,
    summed,
)
from vaqf_compiler.hardware.blocks import Accumulator, MaximumTree
from vaqf_compiler.hardware.lanes import ExponentialLane, ProbabilityLane
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.resources import Resources


def attention_parts(engine: AttentionPlan, accelerator: Accelerator) -> Parts:
    """All parts of an attention engine."""
    return head_parts(engine, accelerator) + transfer_parts(engine, accelerator)


def head_parts(engine: AttentionPlan, accelerator: Accelerator) -> Parts:
    """
    The parts that buffer and process heads: they do not depend on the width of the activation
    memory.
    """
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
        # Exponentials are delayed until the reciprocal of their sum is ready.
        part("waiting exponentials", keys, Resources(lut=EXPONENTIAL_BITS)),
        part("probability lanes", keys, ProbabilityLane(engine.probability_bits)),
        *dot_products("context", weight_bits, bits, keys, value_size, engine.most_weighted),
        part("context accumulators", value_size, Accumulator(engine.context_bits)),
        part("finished context", 1, Resources(ff=value_size * engine.context_bits)),
        part("loops", 5, LOOP),
    ]


def transfer_parts(engine: AttentionPlan, accelerator: Accelerator) -> Parts:
    """The parts that load channels from the activation memory, and store results there."""
    bits = bits_of(accelerator.activations)
    width = width_of(accelerator.activations)
    together, stored = engine.loaded_groups(accelerator), engine.stored_lanes(accelerator)
    return [
        *chosen("loaded channels", together * accelerator.lanes, bits, width // together),
        *chosen("stored channels", stored, engine.context_bits, engine.stores(accelerator)),
        requantised("requantisation", stored, engine, engine.context_bits, bits),
        *_attention_addresses(engine, accelerator),
    ]


def _attention_addresses(engine: AttentionPlan, accelerator: Accelerator) -> Parts:
    """
    The parts that compute addresses. Two loops load, one of them also stores, and each access needs
    a cell. If the number of heads is known only at run time, the rows of a token and of a stored
    value are computed; if values have another size than keys, the groups of a head are selected.
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
