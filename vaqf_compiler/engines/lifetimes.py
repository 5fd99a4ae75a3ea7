"""Places in a memory for values that are needed for some time only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Life(NamedTuple):
    """Of a value: positions in the program, and how much of a memory it takes."""

    begin: int
    """The operation that writes it; what that reads must survive."""
    end: int
    """The last operation that reads it."""
    rows: int


def first_fit(lives: Sequence[Life]) -> list[int]:
    """
    For each value, in the order in which they begin, the lowest row from which no value that is
    needed at the same time has any.
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
    """The rows of a memory that holds all values at their places."""
    return max((start + life.rows for start, life in zip(starts, lives, strict=True)), default=0)
