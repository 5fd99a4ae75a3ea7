"""The board that a module of loops is for."""

from __future__ import annotations

from xdsl.dialects.builtin import FloatAttr, ModuleOp, StringAttr

from vaqf_compiler.dialects.binvit.mapping import selected_board
from vaqf_compiler.hardware.board import Board, load_board
from vaqf_compiler.limits import check_clock


def board_and_clock(module: ModuleOp) -> tuple[Board, float]:
    """
    Return the board and the clock in MHz that `binvit-estimate` wrote into a module, or else the
    selected ones. Raises UserError for a clock that is out of range.
    """
    name, selected = selected_board(module)
    estimated, clock = (module.attributes.get(f"binvit.{key}") for key in ("board", "clock_mhz"))
    board = load_board(estimated.data if isinstance(estimated, StringAttr) else name)
    found = board.clock_mhz if selected is None else selected
    if isinstance(clock, FloatAttr):
        found = clock.value.data
    check_clock(found, "the module's clock")
    return board, found


def port_bits(module: ModuleOp) -> int:
    """Return the width of the board's memory ports, in bits."""
    return board_and_clock(module)[0].memory.port_bits
