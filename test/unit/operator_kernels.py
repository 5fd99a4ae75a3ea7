"""The kernels that operators are tried on: for each number of bits one of each engine."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kernels import Kernel, rows_of
from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.dialects.binvit import BinaryType, EngineOp, QuantizedType
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.dialects.binvit.types import dot_product_bits
from vaqf_compiler.engines.accelerator import PARAMETERS, Accelerator
from vaqf_compiler.engines.attention.loops import build_attention, build_exp_table
from vaqf_compiler.engines.attention.plan import AttentionPlan
from vaqf_compiler.engines.layer_norm.loops import build_layer_norm
from vaqf_compiler.engines.layer_norm.plan import LayerNormPlan
from vaqf_compiler.engines.linear.loops import build_linear
from vaqf_compiler.engines.linear.plan import Epilogue, LinearPlan, weights_port
from vaqf_compiler.engines.movement.loops import (
    build_copy_tokens,
    build_load_image,
    build_load_rows,
)

RESIDUAL_BITS = 16
MOST_TOKENS = 6
MOST_CHANNELS = 96
"""Of the input and the output of a layer."""
MOST_SHIFT = 42
MOST_EXP_SHIFT = 30
SPARE_ROWS = 3
"""So that nothing needs to start in row 0."""
QUICK_BITS = 3
"""Not compiled with AMD's headers, which takes longest: a fast test runs at these bits."""
BIAS = QuantizedType(31, 1.0)


@dataclass(frozen=True)
class Unit:
    """An engine, what it was built for, and its kernel."""

    engine: EngineOp
    accelerator: Accelerator
    kernel: Kernel
    bits: int

    @property
    def backends(self) -> tuple[str, ...]:
        """What to run it on."""
        return ("native", "jit") if self.bits == QUICK_BITS else ("native", "jit", "ap_int")

    @property
    def lanes(self) -> int:
        """Elements that are read or written at a time."""
        return self.accelerator.lanes


def _memory(
    bits: int, channels: int, width: int, lanes: int, tensors: int
) -> MemRefType[Attribute]:
    """Room for some tensors of the greatest size, and spare rows."""
    row = MemRefType(IntegerType(bits), [1, width, lanes])
    rows = SPARE_ROWS + tensors * (MOST_TOKENS * rows_of(row, channels) + SPARE_ROWS)
    return MemRefType(IntegerType(bits), [rows, width, lanes])


def _accelerator(bits: int, lanes: int, channels: int, widths: tuple[int, int]) -> Accelerator:
    """`widths` are groups of lanes in a row of the activations and of the image."""
    words = MemRefType(IntegerType(WORD_BITS), [1 << 13])
    names = (PARAMETERS, weights_port("binary_linear"), weights_port("int8_linear"))
    return Accelerator(
        lanes=lanes,
        tokens=MOST_TOKENS,
        channels=channels,
        activations=_memory(bits, MOST_CHANNELS, widths[0], lanes, 4),
        residual=_memory(RESIDUAL_BITS, MOST_CHANNELS, 1, lanes, 1),
        image=_memory(max(8, bits), MOST_CHANNELS, widths[1], lanes, 1),
        ports=dict.fromkeys(names, words),
    )


def _choice(kind: str, bits: int) -> random.Random:
    """The same configuration for the same bits every time."""
    return random.Random(f"{kind} {bits}")


def _lanes(bits: int) -> int:
    """The most at the bits of a fast test, and each number at four of 1 to 16 bits."""
    return (4, 8, 16, 32)[bits % 4]


@cache
def linear_unit(weight_bits: int, bits: int, directory: Path) -> Unit:
    """A linear engine for binary or 8-bit weights."""
    choose = _choice(f"linear {weight_bits}", bits)
    lanes = _lanes(bits)
    sizes = [16, 32, 64, 256] if weight_bits == 1 else [16, 32]
    tile_n = choose.choice([n for n in sizes if n % lanes == 0])
    sharing = max(1, WORD_BITS // (tile_n * weight_bits))
    tile_m = choose.choice([m for m in (16, 32, 48, 64) if m % sharing == 0 and m % lanes == 0])
    unroll_n = choose.choice([n for n in (tile_n, tile_n // 2, lanes) if n % lanes == 0])
    parameters = {"tile_m": tile_m, "tile_n": tile_n, "unroll_n": unroll_n}
    parameters["unroll_m"] = choose.choice([tile_m, tile_m // 2, 4])
    parameters["results"] = choose.choice([1, lanes // 2, lanes])
    accelerator = _accelerator(bits, lanes, MOST_CHANNELS, (tile_n // lanes, tile_n // lanes))
    binary = weight_bits == 1
    name = "binary_linear" if binary else "int8_linear"
    weight = BinaryType(1.0) if binary else QuantizedType(8, 1.0)
    x = QuantizedType(bits if binary else max(8, bits), 1.0)
    plan = LinearPlan(
        name=name,
        weight_bits=weight_bits,
        **parameters,
        total_bits=dot_product_bits(-(-MOST_CHANNELS // tile_n) * tile_n, x, weight, BIAS),
        gelu_bits=min(bits + 2, 12),
        most_shift=MOST_SHIFT,
        epilogues=frozenset(Epilogue)
        if binary
        else frozenset((Epilogue.RESIDUAL, Epilogue.LOGITS)),
        shapes=frozenset({(accelerator.tokens, MOST_CHANNELS, MOST_CHANNELS)}),
        masks_channels=True,
        overhangs=True,
        input=accelerator.activations if binary else accelerator.image,
        logits=MOST_CHANNELS,
    )
    engine = EngineOp(name, "linear", {"lanes": lanes, "weight_bits": weight_bits, **parameters})
    *helpers, function = build_linear(plan, accelerator)
    return Unit(engine, accelerator, Kernel(function, helpers, directory), bits)


@cache
def layer_norm_unit(bits: int, directory: Path) -> Unit:
    """A layer normalisation engine of some channels."""
    choose = _choice("layer_norm", bits)
    lanes = _lanes(bits)
    channels = lanes * choose.randint(1, MOST_CHANNELS // lanes)
    accelerator = _accelerator(bits, lanes, channels, (choose.choice([1, 2, 3]), 1))
    function = build_layer_norm(LayerNormPlan("layer_norm", 1 << 40), accelerator)
    engine = EngineOp("layer_norm", "layer_norm", {"lanes": lanes})
    return Unit(engine, accelerator, Kernel(function, [], directory), bits)


@dataclass(frozen=True)
class AttentionUnit(Unit):
    """An attention engine, and the split of its channels."""

    heads: int
    head_size: int


@cache
def attention_unit(bits: int, directory: Path) -> AttentionUnit:
    """An attention engine of one to three heads."""
    choose = _choice("attention", bits)
    lanes = _lanes(bits)
    heads = (bits - 1) % 3 + 1
    head_size = lanes * choose.randint(1, min(4, MOST_CHANNELS // (heads * lanes)))
    keys = choose.choice([1, 2, 3, 4, 7])
    accelerator = _accelerator(bits, lanes, heads * head_size, (choose.choice([1, 2, 3]), 1))
    x, probability = QuantizedType(bits, 1.0), QuantizedType(bits, 1.0, signed=False)
    plan = AttentionPlan(
        name="attention",
        keys=keys,
        heads=heads,
        head_size=head_size,
        value_size=head_size,
        activation_bits=bits,
        score_bits=dot_product_bits(head_size, x, x),
        context_bits=dot_product_bits(MOST_TOKENS, probability, x),
        probability_bits=bits,
        most_shift=MOST_SHIFT,
        most_exp_shift=MOST_EXP_SHIFT,
        exp_table="exp_table",
    )
    engine = EngineOp("attention", "attention", {"lanes": lanes, "keys": keys})
    function = build_attention(plan, accelerator)
    kernel = Kernel(function, [build_exp_table("exp_table")], directory)
    return AttentionUnit(engine, accelerator, kernel, bits, heads, head_size)


@cache
def movement_unit(kind: str, bits: int, directory: Path) -> Unit:
    """An engine that only moves data: load_rows, load_image or copy_tokens."""
    choose = _choice(kind, bits)
    lanes = _lanes(bits)
    channels = lanes * choose.randint(1, MOST_CHANNELS // lanes)
    widths = (choose.choice([1, 2, 3]), max(1, 16 // lanes) * choose.choice([1, 2]))
    accelerator = _accelerator(bits, lanes, channels, widths)
    match kind:
        case "load_rows":
            function = build_load_rows(kind, accelerator)
        case "copy_tokens":
            function = build_copy_tokens(kind, accelerator)
        case _:
            row_words = widths[1] * lanes // 16
            words = accelerator.image.get_shape()[0] * row_words
            function = build_load_image(kind, accelerator, words)
    engine = EngineOp(kind, kind, {"lanes": lanes})
    return Unit(engine, accelerator, Kernel(function, [], directory), bits)
