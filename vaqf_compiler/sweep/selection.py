"""Selection among the points of a sweep: a precision for each target, and the Pareto front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from vaqf_compiler.limits import MAX, Target
from vaqf_compiler.sweep.point import Row


@dataclass(frozen=True)
class Selection:
    """The best row of a model on a board for a target."""

    model: str
    board: str
    target: Target
    row: Row | None
    """The best row; None if no precision reaches the target."""
    failed: bool
    """Whether a point of this model on this board had an error, so that a better one may exist."""

    @property
    def bits(self) -> int | str:
        """
        Bits of activations; without a row, `infeasible`, or `error` if some point had an error.
        """
        if self.row is not None:
            return self.row.point.bits
        return "error" if self.failed else "infeasible"


def by_board(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each model on each board, sorted by model, board and bits."""

    def place(row: Row) -> tuple[str, str]:
        return row.point.model, row.point.board

    ordered = sorted(rows, key=lambda row: (*place(row), row.point.bits))
    return [list(group) for _, group in groupby(ordered, place)]


def select(rows: Iterable[Row], targets: Sequence[Target]) -> list[Selection]:
    """
    For every model, board and target, select the row with the most bits whose frame rate reaches
    the target; for `max`, the row with the highest frame rate, or among equally fast ones that with
    the most bits. The selections are sorted by model, board and target.
    """
    ordered = sorted(targets, key=lambda target: float("inf") if target == MAX else target)
    return [
        Selection(
            group[0].point.model,
            group[0].point.board,
            target,
            _best(group, target),
            any(row.error is not None for row in group),
        )
        for group in by_board(rows)
        for target in ordered
    ]


def _best(rows: Iterable[Row], target: Target) -> Row | None:
    feasible = [(fps, row) for row in rows if (fps := row.fps) is not None]
    if target == MAX:
        best = max(feasible, key=lambda pair: (pair[0], pair[1].point.bits), default=None)
    else:
        reach = [(fps, row) for fps, row in feasible if fps >= target]
        best = max(reach, key=lambda pair: pair[1].point.bits, default=None)
    return None if best is None else best[1]


def pareto_front(rows: Iterable[Row]) -> list[Row]:
    """
    The Pareto-optimal feasible rows, in the order of bits: no other row has at least as many bits
    and at least as high a frame rate, and more of one of them. All rows are compared with each
    other, so they should be of one board.
    """
    feasible = [(row.point.bits, fps, row) for row in rows if (fps := row.fps) is not None]
    front: list[Row] = []
    best, its_bits = 0.0, 0  # best rate of the rows so far, which have at least as many bits
    for bits, fps, row in sorted(feasible, key=lambda entry: entry[:2], reverse=True):
        if fps > best or (fps, bits) == (best, its_bits):
            front.append(row)
            best, its_bits = fps, bits
    return front[::-1]
