"""Shapes of balanced trees with a register after every level."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class Tree(NamedTuple):
    """Bits in a tree."""

    combined: int
    """Of all results of two operands."""
    passed: int
    """Of operands without a partner, which wait in a register."""


def next_level(widths: list[int], growth: int) -> list[int]:
    """
    Widths after a level that combines neighbours into something `growth` bits wider than the
    wider one. The last of an odd number passes.
    """
    pairs = [max(a, b) + growth for a, b in zip(widths[::2], widths[1::2], strict=False)]
    return pairs + widths[len(widths) - len(widths) % 2 :]


@cache
def tree(bits: int, inputs: int, growth: int) -> Tree:
    """A tree over `inputs` operands of `bits` bits."""
    combined = passed = 0
    widths = [bits] * inputs
    while len(widths) > 1:
        waiting = widths[-1] if len(widths) % 2 else 0
        widths = next_level(widths, growth)
        combined += sum(widths) - waiting
        passed += waiting
    return Tree(combined, passed)
