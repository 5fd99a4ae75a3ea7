"""Shapes of balanced trees with a register after every level."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class Tree(NamedTuple):
    """Numbers of bits in a tree."""

    combined: int
    """Bits of the results of all nodes with two operands."""
    passed: int
    """Bits of operands without a partner, which wait in a register."""


def next_level(widths: list[int], growth: int) -> list[int]:
    """
    Return the widths after a level whose nodes combine two neighbours into a result that is
    `growth` bits wider than the wider one. The last of an odd number of operands passes unchanged.
    """
    pairs = [max(a, b) + growth for a, b in zip(widths[::2], widths[1::2], strict=False)]
    return pairs + widths[len(widths) - len(widths) % 2 :]


@cache
def tree(bits: int, inputs: int, growth: int) -> Tree:
    """Return the tree over `inputs` operands of `bits` bits; each level adds `growth` bits."""
    combined = passed = 0
    widths = [bits] * inputs
    while len(widths) > 1:
        waiting = widths[-1] if len(widths) % 2 else 0
        widths = next_level(widths, growth)
        combined += sum(widths) - waiting
        passed += waiting
    return Tree(combined, passed)
