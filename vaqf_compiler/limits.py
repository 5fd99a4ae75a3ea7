"""Frame rates and clock rates that make sense, and the sentences for all others."""

from __future__ import annotations

import difflib
import math
from typing import Literal

from vaqf_compiler.errors import UserError

MAX: Literal["max"] = "max"
Target = float | Literal["max"]
"""A frame rate in images a second that is to be reached, or `MAX` for the greatest one."""

LEAST_FPS, MOST_FPS = 0.001, 1_000_000
"""Of a target, in images a second."""
LEAST_MHZ, MOST_MHZ = 1, 1000
"""Of a clock."""


def parse_target(value: str | float, name: str) -> Target:
    """The frame rate that `name` was given, or `MAX`. Raises UserError for anything else."""
    if value == MAX:
        return MAX
    try:
        fps = float(value)
    except (ValueError, OverflowError):
        fps = math.nan
    if not LEAST_FPS <= fps <= MOST_FPS:
        near = difflib.get_close_matches(str(value).lower(), [MAX], n=1)
        hint = f"; did you mean '{MAX}'?" if near else ""
        raise UserError(
            f"{name} must be a number of images a second in {LEAST_FPS}..{MOST_FPS}, or '{MAX}', "
            f"got '{value}'{hint}"
        )
    return fps


def check_clock(mhz: float, name: str) -> None:
    """Raise UserError unless `mhz`, which `name` was given, can be a clock."""
    if not LEAST_MHZ <= mhz <= MOST_MHZ:
        raise UserError(f"{name} must be in {LEAST_MHZ}..{MOST_MHZ}, got {mhz}")
