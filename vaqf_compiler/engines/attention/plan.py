"""What an attention engine is built for, and what follows from that."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vaqf_compiler.engines.accelerator import ACTIVATIONS, MULTIPLIER, Accelerator, width_of
from vaqf_compiler.reference.tables import EXP_BITS, RECIPROCAL_BITS

POWER_BITS = EXP_BITS + 1
"""Of an entry of the table of powers of two, which is unsigned."""
EXPONENTIAL_BITS = POWER_BITS + 1
"""Of an exponential: 2**15 and a sign."""
QUOTIENT_BITS = RECIPROCAL_BITS - EXP_BITS + 1
"""A row's sum is at least 2**15, so its reciprocal is at most 2**21."""
RECIPROCAL_WIDTH = QUOTIENT_BITS + 1
STAGES = 4
"""Queries that the engine works on at a time."""
SCALED_BITS = EXPONENTIAL_BITS + RECIPROCAL_WIDTH + 1


EXP_TABLE = "exp_table"


def context_shift(bits: int) -> int:
    """
    Requantisation shifts that attention of activations of some bits is always built for: see
    `LINEAR_SHIFT` of linear engines.
    """
    return bits + 24


def exp_shift(bits: int) -> int:
    """The same for the exponents of attention."""
    return 2 * bits + 12


@dataclass(frozen=True)
class AttentionPlan:
    """Parameters of an attention engine."""

    name: str
    keys: int
    """Key tokens that are worked on in a cycle."""
    heads: int
    """The most of a layer."""
    head_size: int
    """Channels of a head's query and key."""
    value_size: int
    """Channels of a head's value and context."""
    activation_bits: int
    score_bits: int
    context_bits: int
    probability_bits: int
    """Unsigned."""
    most_shift: int
    """The greatest requantisation shift of a layer."""
    most_exp_shift: int
    """The greatest shift of a layer's exponents."""
    exp_table: str
    """The module's table of powers of two."""
    heads_vary: bool = False
    """Whether some layer has fewer heads: then their number is an argument."""

    def steps(self, accelerator: Accelerator) -> int:
        """Cycles for all keys of a query."""
        return -(-accelerator.tokens // self.keys)

    def most_groups(self, accelerator: Accelerator) -> int:
        """Groups of lanes of a token's queries, keys or values, at most."""
        return self.heads * max(self.head_size, self.value_size) // accelerator.lanes

    def loaded_groups(self, accelerator: Accelerator) -> int:
        """Groups of lanes of a head that are read at a time: those that lie in one row."""
        groups = math.gcd(self.head_size, self.value_size) // accelerator.lanes
        return math.gcd(width_of(accelerator.activations), groups)

    def parts(self, accelerator: Accelerator) -> tuple[int, int]:
        """Cycles to load the query or the key of a token, and its value."""
        channels = accelerator.lanes * self.loaded_groups(accelerator)
        return self.head_size // channels, self.value_size // channels

    def loads(self, accelerator: Accelerator) -> int:
        """Cycles to load query, key and value of a token."""
        query_parts, value_parts = self.parts(accelerator)
        return 2 * query_parts + value_parts

    def stored_lanes(self, accelerator: Accelerator) -> int:
        """
        Channels that are stored at a time: few, as there is time for them, but whole steps; a whole
        group where its lanes share a word.
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
        """Cycles for a query."""
        return max(self.steps(accelerator), self.loads(accelerator), self.stores(accelerator))

    @property
    def most_score(self) -> int:
        """The greatest magnitude of a product of a query and a key."""
        return 1 << (2 * self.activation_bits - 2)

    @property
    def most_weighted(self) -> int:
        """The greatest magnitude of a product of a probability and a value."""
        return ((1 << self.probability_bits) - 1) << (self.activation_bits - 1)

    @property
    def difference_bits(self) -> int:
        """Of a score's distance from the greatest one."""
        return self.score_bits + 1

    @property
    def power_bits(self) -> int:
        """Of a distance times its multiplier, which is shifted."""
        return max(self.difference_bits + MULTIPLIER.width.data, self.most_exp_shift + 1)
