"""What all engines of an accelerator have in common: memories, ports and lanes."""

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
"""Names of the memories that engines share."""
IN_URAM = frozenset({ACTIVATIONS, RESIDUAL})
"""
The memories that can be in UltraRAM. The image memory cannot: it is written in words of its port,
which may contain more or fewer elements than a group of lanes.
"""
IMAGE_PORT = "image_port"
LOGITS = "logits"
PARAMETERS = "parameters"
"""The name of the port of all parameters other than weights."""
PARAMETER_BITS = 32
"""Bits of biases, normalisation parameters and table entries in external memory."""
PIXEL_BITS = 8
LEAST_LANES = 4
"""The least number of lanes; any other number of lanes is a multiple of it."""
LOGIT_BITS = 64

PARAMETERS_PER_WORD = WORD_BITS // PARAMETER_BITS
PIXELS_PER_WORD = WORD_BITS // PIXEL_BITS

MULTIPLIER = IntegerType(17)
"""Type of a requantisation multiplier: 16 bits and a sign."""


@dataclass(frozen=True)
class Accelerator:
    """The shapes of memories and ports for which engines are built."""

    lanes: int
    """Number of elements that are read or written at a time: 4, 8, 16 or 32."""
    tokens: int
    """Tokens of the longest sequence."""
    channels: int
    """Channels of the residual stream."""
    activations: MemRefType[Attribute]
    """Inputs of binary layers and of attention, (rows, width, lanes)."""
    residual: MemRefType[Attribute]
    """The residual stream, (rows, 1, lanes)."""
    image: MemRefType[Attribute]
    """Inputs of the layers with 8-bit weights, (rows, width, lanes)."""
    ports: Mapping[str, MemRefType[Attribute]]
    """Ports by name: one for the weights of each linear engine, one for all other parameters."""
    uram: frozenset[str] = frozenset()
    """
    Names of the memories in UltraRAM. In these, the lanes of a group share a word, which is written
    as a whole.
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
        """Rows that a token with `channels` channels takes in a memory."""
        return -(-channels // (width_of(self.memories[memory]) * self.lanes))


def token_bits(lanes: int) -> int:
    """
    Bits of an element of initial tokens in external memory: 16, as in the residual stream, or more
    if a group of lanes would not fill a word otherwise.
    """
    return max(16, WORD_BITS // lanes)


def width_of(memory: MemRefType[Attribute]) -> int:
    """Groups of lanes in a row of a memory."""
    return memory.get_shape()[1]


def bits_of(memory: MemRefType[Attribute]) -> int:
    """Bits of an element of a memory."""
    return width_of_integer(memory.element_type)


@dataclass(frozen=True)
class Cell:
    """The place of a group of lanes in a memory: its row, and its number within the row."""

    row: Value
    group: Value | int


def cell_of(
    memory: MemRefType[Attribute], first_row: Value, group: Value, most_groups: int
) -> Cell:
    """
    The place of channel group `group` of a token that starts at row `first_row` and has at most
    `most_groups` groups.
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
    Build loops that read `groups * lanes` parameters of `bits` bits from word `at` of a port on.
    Each group starts at a new word. Yields the group, the lane and the value of a parameter. An
    iteration reads one word, so that all reads form one burst; the words of a group are kept until
    its last one is read. `most` is the greatest number of groups, if it is known only at run time.
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
    """Number of words that a group of `lanes` parameters of `bits` bits takes."""
    return lanes // min(lanes, WORD_BITS // bits)


def shift_type(most: int) -> IntegerType:
    """
    Type of an argument that is a shift of at most `most`. It has a sign bit, as all numbers do.
    """
    return IntegerType(most.bit_length() + 1)


def amount_of(shift: Value, most: int) -> Value:
    """Convert a shift from 0 to `most` to an unsigned number, as a shift operation needs it."""
    return shift.unsigned(most.bit_length())


def rounding_term(shift: Value, bits: int, most: int) -> Value:
    """`2**(shift-1)` as an integer of `bits` bits, for a shift from 1 to `most`."""
    return (integer(1, bits) << amount_of(shift - 1, most)).named("half")


def requantized_bits(total_bits: int, most_shift: int) -> int:
    """Bits of the intermediate results of `requantize` for totals of `total_bits` bits."""
    return max(total_bits + MULTIPLIER.width.data, most_shift) + 1


def requantize(total: Value, multiplier: Value, shift: Value, most_shift: int) -> Value:
    """
    `(total * multiplier + 2**(shift-1)) >> shift`, not saturated, computed with enough bits for
    all intermediate results (docs/arithmetic.md). `shift` is at most `most_shift`.
    """
    product = total.times(multiplier)
    bits = requantized_bits(total.bits, most_shift)
    half = rounding_term(shift, bits, most_shift)
    return (product.to(bits) + half) >> amount_of(shift, most_shift)


def saturate(value: Value, bits: int) -> Value:
    """Saturate a value to a signed integer of `bits` bits."""
    return value.clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1).to(bits)
