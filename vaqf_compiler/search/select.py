"""Selection of the highest precision at which an accelerator reaches a frame rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, Protocol

from tqdm import tqdm

from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import RESOURCES, Board, board_names, load_board
from vaqf_compiler.limits import MAX, Target
from vaqf_compiler.search.best import Found, Search
from vaqf_compiler.search.space import Fixed
from vaqf_compiler.search.workload import Workload

MOST_BITS = 16
MODEL = "model"
"""
The bottleneck if the model's own sizes are the limit: a larger board would not allow a faster one.
"""
ENOUGH = 10**9
"""An amount of a resource that no accelerator exceeds."""


class InfeasibleError(UserError):
    """No precision meets the target; the message says what is possible."""

    exit_code = 3


class Candidate(Protocol):
    """The fastest accelerator of a precision."""

    @property
    def fps(self) -> float:
        """Frame rate, in images per second."""
        ...


@dataclass(frozen=True)
class Published:
    """The published accelerator of a precision."""

    fps: float


def highest_precision(
    target: Target, bits: Sequence[int], best: Callable[[int, float], Candidate | None]
) -> tuple[int, Candidate] | None:
    """
    The highest of the precisions `bits` with an accelerator that reaches the target frame rate, or
    for the target `max` the precision with the highest frame rate, and the accelerator. `best`
    returns one for a precision and a least frame rate, or None. Returns None if there is none.
    """
    found: tuple[int, Candidate] | None = None
    for each in sorted(bits, reverse=True):
        least = 0.0 if target == MAX else target
        if target == MAX and found is not None:
            least = found[1].fps
        candidate = best(each, least)
        if candidate is None or candidate.fps < least:
            continue
        if target != MAX:
            return each, candidate
        if found is None or candidate.fps > found[1].fps:
            found = each, candidate
    return found


def select_accelerator(
    workload: Workload,
    board: Board,
    clock_mhz: float | None,
    target: Target,
    bits: Sequence[int],
    fixed: Fixed,
) -> Found:
    """
    The accelerator of the highest of the precisions `bits` that reaches the target frame rate on a
    board. Raises InfeasibleError if there is none, PassFailedException if `fixed` rules out all.
    """
    search = _search(workload, board, clock_mhz, fixed)
    with _bar(bits, f"searching {board.name}") as bar:

        def best(each: int, least: float) -> Found | None:
            bar.update()
            return search.best(each, least)

        chosen = highest_precision(target, bits, best)
    if chosen is not None:
        _, found = chosen
        assert isinstance(found, Found)
        return found
    ask = "no accelerator fits" if target == MAX else f"no precision reaches {target:g} FPS on"
    with _bar(bits, "what is best") as bar:
        table: dict[int, tuple[float, str] | None] = {}
        for each in bits:
            found = search.best(each)
            table[each] = None if found is None else (found.fps, bottleneck_of(search, found))
            bar.update()
    nearest = _nearest_board(workload, board, clock_mhz, target, min(bits), fixed)
    raise InfeasibleError(f"{ask} {board.name}\n{best_table(table)}\n{nearest}")


def _bar(bits: Sequence[int], what: str) -> tqdm[NoReturn]:
    """A progress bar, shown only on a terminal."""
    return tqdm(total=len(bits), unit="precision", desc=what, leave=False, disable=None)


def _search(workload: Workload, board: Board, clock_mhz: float | None, fixed: Fixed) -> Search:
    return Search(workload, board, board.clock_mhz if clock_mhz is None else clock_mhz, fixed)


def bottleneck_of(search: Search, best: Found) -> str:
    """
    What keeps the fastest accelerator of a search from being faster: the resource that is closest
    to its usable limit, or `MODEL` if an accelerator without limits would not be faster.
    """
    plenty = dict.fromkeys(RESOURCES, ENOUGH)
    board = replace(search.board, available=plenty, usable=dict.fromkeys(RESOURCES, 1.0))
    unlimited = replace(search, board=board)
    unlimited.cycles = search.cycles  # of the same clock and external memory
    faster = unlimited.best(best.bits)
    return best.bottleneck if faster is not None and faster.cycles < best.cycles else MODEL


def best_table(table: Mapping[int, tuple[float, str] | None]) -> str:
    """A table of the best frame rate and the bottleneck at each precision, as text."""
    lines = [f"{'bits':>4} {'best FPS':>9}  bottleneck"]
    for bits, best in sorted(table.items()):
        found = "nothing fits" if best is None else f"{best[0]:9.1f}  {best[1]}"
        lines.append(f"{bits:>4} {found}")
    return "\n".join(lines)


def _nearest_board(
    workload: Workload,
    board: Board,
    clock_mhz: float | None,
    target: Target,
    bits: int,
    fixed: Fixed,
) -> str:
    """A sentence that names the smallest other known board that reaches the target at `bits`."""
    others = [(name, other) for name in board_names() if (other := load_board(name)) != board]
    for name, other in sorted(others, key=lambda pair: pair[1].available["lut"]):
        least = 0.0 if target == MAX else target
        found = _search(workload, other, clock_mhz, fixed).best(bits, least)
        if found is not None and found.fps >= least:
            return (
                f"{other.name} ({name}) would do: {found.fps:.1f} FPS at {bits} bits and "
                f"{found.clock_mhz:g} MHz"
            )
    return "none of the boards known would do"
