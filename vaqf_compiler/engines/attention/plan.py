"""The parameters for which an attention engine is built, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vaqf_compiler.engines.accelerator import ACTIVATIONS, MULTIPLIER, Accelerator, width_of
from vaqf_compiler.reference.tables import EXP_BITS, RECIPROCAL_BITS

POWER_BITS = EXP_BITS + 1
"""Bits of an entry of the table of powers of two, which is unsigned."""
EXPONENTIAL_BITS = POWER_BITS + 1
"""Bits of an exponential: at most 2**15, with a sign."""
QUOTIENT_BITS = RECIPROCAL_BITS - EXP_BITS + 1
"""Bits of a reciprocal: a row's sum is at least 2**15, so its reciprocal is at most 2**21."""
RECIPROCAL_WIDTH = QUOTIENT_BITS + 1
STAGES = 4
"""Number of queries on which the engine works at the same time."""
SCALED_BITS = EXPONENTIAL_BITS + RECIPROCAL_WIDTH + 1


EXP_TABLE = "exp_table"


def context_shift(bits: int) -> int:
    """
    Attention with activations of `bits` bits is built for requantisation shifts up to at least this
    one; see `LINEAR_SHIFT` of linear engines.
    """
    return bits + 24


def exp_shift(bits: int) -> int:
    """The same as `context_shift` for the exponents of attention."""
    return 2 * bits + 12


@dataclass(frozen=True)
class AttentionPlan:
    """Parameters of an attention engine."""

    name: str
    keys: int
    """Number of key tokens that are processed per cycle."""
    heads: int
    """The most heads of a layer."""
    head_size: int
    """Channels of a head's query and key."""
    value_size: int
    """Channels of a head's value and context."""
    activation_bits: int
    score_bits: int
    context_bits: int
    probability_bits: int
    """Bits of a probability, which is unsigned."""
    most_shift: int
    """The greatest requantisation shift of a layer."""
    most_exp_shift: int
    """The greatest shift of a layer's exponents."""
    exp_table: str
    """Name of the module's table of powers of two."""
    heads_vary: bool = False
    """Whether layers differ in their number of heads, which is then an argument."""

    def steps(self, accelerator: Accelerator) -> int:
        """Cycles for all keys of a query."""
        return -(-accelerator.tokens // self.keys)

    def most_groups(self, accelerator: Accelerator) -> int:
        """The most groups of lanes of a token's query, key or value, all heads together."""
        return self.heads * max(self.head_size, self.value_size) // accelerator.lanes

    def loaded_groups(self, accelerator: Accelerator) -> int:
        """Groups of lanes of a head that are loaded at a time: those that lie in one row."""
        groups = math.gcd(self.head_size, self.value_size) // accelerator.lanes
        return math.gcd(width_of(accelerator.activations), groups)

    def parts(self, accelerator: Accelerator) -> tuple[int, int]:
        """Cycles to load the query or the key of a token, and cycles to load its value."""
        channels = accelerator.lanes * self.loaded_groups(accelerator)
        return self.head_size // channels, self.value_size // channels

    def loads(self, accelerator: Accelerator) -> int:
        """Cycles to load query, key and value of a token."""
        query_parts, value_parts = self.parts(accelerator)
        return 2 * query_parts + value_parts

    def stored_lanes(self, accelerator: Accelerator) -> int:
        """
        Channels that are stored at a time: a power of two as small as the cycles of a query allow,
        or a whole group of lanes if these share a word in UltraRAM.
        """
        if ACTIVATIONS in accelerator.uram:
            return accelerator.lanes
        least = max(self.steps(accelerator), self.loads(accelerator))
        together = 1
        while together < accelerator.lanes and self.value_size // together > least:
            together *= 2
        return together

    def stores(self, accelerator: Accelerator) -> int:
        """Cycles to store the context of a query."""
        return self.value_size // self.stored_lanes(accelerator)

    def beats(self, accelerator: Accelerator) -> int:
        """Cycles of a query, in which it is processed, loaded and stored."""
        return max(self.steps(accelerator), self.loads(accelerator), self.stores(accelerator))

    @property
    def most_score(self) -> int:
        """The greatest magnitude of the product of an element of a query and one of a key."""
        return 1 << (2 * self.activation_bits - 2)

    @property
    def most_weighted(self) -> int:
        """The greatest magnitude of a product of a probability and a value."""
        return ((1 << self.probability_bits) - 1) << (self.activation_bits - 1)

    @property
    def difference_bits(self) -> int:
        """Bits of a score's distance from the greatest score."""
        return self.score_bits + 1

    @property
    def power_bits(self) -> int:
        """Bits of a distance times its multiplier, before it is shifted."""
        return max(self.difference_bits + MULTIPLIER.width.data, self.most_exp_shift + 1)
