"""The hardware of which a linear engine consists."""

from __future__ import annotations

from vaqf_compiler.analysis.delays import INDEX_BITS
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.accelerator import PARAMETER_BITS, Accelerator, bits_of, width_of
from vaqf_compiler.engines.addresses import ADDRESS_PRODUCT, cell, quotient
from vaqf_compiler.engines.linear.plan import Epilogue, LinearPlan
from vaqf_compiler.engines.parts import (
    LOOP,
    QUEUE,
    Parts,
    chosen,
    decoder,
    dot_products,
    part,
    requantised,
)
from vaqf_compiler.hardware.blocks import Accumulator, AdderTree, BinaryDot, SaturatingAdd
from vaqf_compiler.hardware.memories import Memory
from vaqf_compiler.hardware.resources import Resources


def linear_parts(engine: LinearPlan, accelerator: Accelerator) -> Parts:
    """All parts of a linear engine: those for totals, and one set of lanes for results."""
    return sum_parts(engine, accelerator) + epilogue_parts(engine, accelerator)


def sum_parts(engine: LinearPlan, accelerator: Accelerator) -> Parts:
    """
    Parts for weights, products and their sums, totals and loops. They do not depend on the number
    of results per cycle.
    """
    m, n = engine.unroll_m, engine.unroll_n
    x_bits, total_bits = bits_of(engine.input), engine.total_bits
    weight_bits = engine.tile_m * engine.tile_n * engine.weight_bits
    bias_bits = engine.tile_m * (total_bits + PARAMETER_BITS)
    parts = [
        # Two sets: one is filled while the other one is used.
        part("weight registers", 1, Resources(ff=2 * weight_bits, lut=2 * engine.tile_words)),
        part("bias registers", 1, Resources(ff=bias_bits, lut=2 * engine.bias_words)),
        part("weight queue", 1, Memory(engine.queue_depths["weights"], WORD_BITS)),
        part("bias queue", 1, Memory(engine.queue_depths["biases"], WORD_BITS)),
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


def _linear_addresses(engine: LinearPlan, accelerator: Accelerator) -> Parts:
    """
    Parts that compute addresses. Tokens are multiplied by their number of rows, which differs
    between layers, to read inputs and to store to each memory. Rows of tiles are multiplied by
    their number of tiles, for steps, words and iterations. Divisions compute the numbers of tiles,
    and the rows and cells of activations.
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


def epilogue_parts(engine: LinearPlan, accelerator: Accelerator) -> Parts:
    """
    Parts of the epilogue, which all layers share. Of the tile, they depend only on `tile_m` and on
    the bits of totals.
    """
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
        # The other results are saturated from the same shifted number as the widest.
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
