"""What all engines of an accelerator agree on: memories, ports, lanes."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerType, MemRefType
from xdsl.ir import Attribute

from vaqf_compiler.analysis.integers import width_of_integer
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.engines.builder import (
    Buffer,
    local,
    loop,
    pipeline,
    scratch,
    unrolled,
    when,
)
from vaqf_compiler.engines.division import divided
from vaqf_compiler.engines.values import Value, integer

ACTIVATIONS, RESIDUAL, IMAGE = "activations", "residual", "image"
"""The memories that engines share."""
IN_URAM = frozenset({ACTIVATIONS, RESIDUAL})
"""
The memories that can be in UltraRAM. The image memory cannot: it is written by words of its port,
which need not be those of a group of lanes.
"""
IMAGE_PORT = "image_port"
LOGITS = "logits"
PARAMETERS = "parameters"
"""The name of the port of all parameters other than weights."""
PARAMETER_BITS = 32
"""Of biases, normalisation parameters and tables in external memory."""
PIXEL_BITS = 8
LEAST_LANES = 4
"""Elements that any accelerator reads or writes at a time; others take a multiple."""
LOGIT_BITS = 64

PARAMETERS_PER_WORD = WORD_BITS // PARAMETER_BITS
PIXELS_PER_WORD = WORD_BITS // PIXEL_BITS

MULTIPLIER = IntegerType(17)
"""A requantisation multiplier, 16 bits and a sign."""


@dataclass(frozen=True)
class Accelerator:
    """The shapes that engines are built for."""

    lanes: int
    """Elements that are read or written at a time: 4, 8, 16 or 32."""
    tokens: int
    """The longest sequence."""
    channels: int
    """The channels of the residual stream."""
    activations: MemRefType[Attribute]
    """What feeds binary layers and attention, rows x width x lanes."""
    residual: MemRefType[Attribute]
    """The residual stream, rows x 1 x lanes."""
    image: MemRefType[Attribute]
    """What feeds the layers with 8-bit weights, rows x width x lanes."""
    ports: Mapping[str, MemRefType[Attribute]]
    """The ports of weights, one for each linear engine, and of all other parameters."""
    uram: frozenset[str] = frozenset()
    """
    The memories in UltraRAM. The lanes of a group share a word, which is written as a whole.
    """

    @property
    def parameters(self) -> MemRefType[Attribute]:
        """The port of parameters other than weights."""
        return self.ports[PARAMETERS]

    @property
    def memories(self) -> dict[str, MemRefType[Attribute]]:
        """The memories that engines share, by name."""
        return {
            ACTIVATIONS: self.activations,
            RESIDUAL: self.residual,
            IMAGE: self.image,
        }

    @property
    def channel_groups(self) -> int:
        """Groups of lanes in a token of the residual stream."""
        return self.channels // self.lanes

    def token_rows(self, memory: str, channels: int) -> int:
        """Rows of a memory that a token of some channels takes."""
        return -(-channels // (width_of(self.memories[memory]) * self.lanes))


def token_bits(lanes: int) -> int:
    """
    Of initial tokens in external memory: those of the residual stream, or more so that a group of
    lanes fills a word.
    """
    return max(16, WORD_BITS // lanes)


def width_of(memory: MemRefType[Attribute]) -> int:
    """Groups of lanes in a row of a memory."""
    return memory.get_shape()[1]


def bits_of(memory: MemRefType[Attribute]) -> int:
    """The width of a memory's elements."""
    return width_of_integer(memory.element_type)


@dataclass(frozen=True)
class Cell:
    """Where one group of lanes of a token lies in a memory."""

    row: Value
    group: Value | int


def cell_of(
    memory: MemRefType[Attribute], first_row: Value, group: Value, most_groups: int
) -> Cell:
    """
    The place of channel group `group` of a token that starts at `first_row` and has `most_groups`
    at most.
    """
    width = width_of(memory)
    if width == 1:
        return Cell(first_row + group, 0)
    row, in_row = divided(group, width, most_groups - 1)
    return Cell((first_row + row).named("cell_row"), in_row.named("cell_group"))


@contextmanager
def each_parameter(
    port: Buffer,
    at: Value,
    groups: Value | int,
    lanes: int,
    bits: int = PARAMETER_BITS,
    *,
    most: int | None = None,
) -> Generator[tuple[Value, Value, Value]]:
    """
    Loops that read `groups * lanes` parameters from word `at` of a port, each group from words of
    its own; for each parameter, its group, its lane and its bits. One word is read in an iteration,
    so that all of them are one burst, and those of a group are kept until the last has come. `most`
    is the greatest number of groups, where it is known at run time only.
    """
    words = words_of(lanes, bits)
    per_word = lanes // words
    kept = local("kept", WORD_BITS, words - 1, partition=(1,)) if words > 1 else None
    most_words = None if most is None else most * words
    with loop(0, groups * words, "word", most=most_words) as word, ExitStack() as last:
        pipeline()
        data = port[at + word].named("data")
        read = scratch("read", WORD_BITS, words)
        read[words - 1] = data
        if kept is not None:
            with unrolled(words - 1, "earlier") as earlier:
                read[earlier] = kept[earlier]
            with unrolled(words - 1, "earlier") as earlier:
                kept[earlier] = read[earlier + 1]
            last.enter_context(when((word % words).equals(words - 1).named("is_last")))
        group = (word // words).named("group")
        with unrolled(words, "which") as which, unrolled(per_word, "part") as part:
            yield group, which * per_word + part, read[which].field(part * bits, bits)


def words_of(lanes: int, bits: int) -> int:
    """Words of a group of parameters of some bits."""
    return lanes // min(lanes, WORD_BITS // bits)


def shift_type(most: int) -> IntegerType:
    """Of a shift up to `most` that differs between layers: with a sign, as all numbers are."""
    return IntegerType(most.bit_length() + 1)


def amount_of(shift: Value, most: int) -> Value:
    """A shift up to `most`, and no less than zero, as the unsigned number that is shifted by."""
    return shift.unsigned(most.bit_length())


def rounding_term(shift: Value, bits: int, most: int) -> Value:
    """`2**(shift-1)` in some bits, for a shift from 1 to `most`."""
    return (integer(1, bits) << amount_of(shift - 1, most)).named("half")


def requantized_bits(total_bits: int, most_shift: int) -> int:
    """The width in which `requantize` works on totals of a width."""
    return max(total_bits + MULTIPLIER.width.data, most_shift) + 1


def requantize(total: Value, multiplier: Value, shift: Value, most_shift: int) -> Value:
    """
    `(total * multiplier + 2**(shift-1)) >> shift`, not yet saturated, in a width that holds
    every step (docs/arithmetic.md); `shift` is at most `most_shift`.
    """
    product = total.times(multiplier)
    bits = requantized_bits(total.bits, most_shift)
    half = rounding_term(shift, bits, most_shift)
    return (product.to(bits) + half) >> amount_of(shift, most_shift)


def saturate(value: Value, bits: int) -> Value:
    """Saturated to signed integers of a width, and of that width."""
    return value.clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1).to(bits)
