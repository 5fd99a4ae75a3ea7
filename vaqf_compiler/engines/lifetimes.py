"""Allocation of memory rows to values by their lifetimes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Life(NamedTuple):
    """Lifetime of a value, as positions in the program, and the rows of memory that it takes."""

    begin: int
    """Position of the operation that writes the value; the operands of that must still be kept."""
    end: int
    """Position of the last operation that reads the value."""
    rows: int


def first_fit(lives: Sequence[Life]) -> list[int]:
    """
    First-fit allocation: for each value, in the order in which lifetimes begin, the lowest row at
    which it overlaps no value that is needed at the same time.
    """
    starts: list[int] = []
    live: list[tuple[int, int, int]] = []
    for life in lives:
        live = sorted(entry for entry in live if entry[2] >= life.begin)
        row = 0
        for start, end, _ in live:
            if row + life.rows <= start:
                break
            row = max(row, end)
        starts.append(row)
        live.append((row, row + life.rows, life.end))
    return starts


def rows_taken(lives: Sequence[Life], starts: Sequence[int]) -> int:
    """The number of rows of a memory that holds all values at their places."""
    return max((start + life.rows for start, life in zip(starts, lives, strict=True)), default=0)
