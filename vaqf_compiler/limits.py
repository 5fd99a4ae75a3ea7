"""Numbers, frame rates and clock rates that make sense, and the sentences for all others."""

from __future__ import annotations

import difflib
import math
import re
from typing import Literal

from vaqf_compiler.errors import UserError

MAX: Literal["max"] = "max"
Target = float | Literal["max"]
"""A frame rate in images a second that is to be reached, or `MAX` for the greatest one."""

LEAST_FPS, MOST_FPS = 0.001, 1_000_000
"""Of a target, in images a second."""
LEAST_MHZ, MOST_MHZ = 1, 1000
"""Of a clock."""


def whole_number(text: str) -> int:
    """
    A whole number in the digits 0 to 9. Raises ValueError for all else, of which Python's `int`
    takes some: the digits of other scripts, spaces, and `8_0` for 80.
    """
    if re.fullmatch(r"[+-]?[0-9]{1,100}", text) is None:
        raise ValueError(text)
    return int(text)


def number(text: str) -> float:
    """
    A number in the digits 0 to 9, as 2.5e-4, or nan or inf, which no range has. Raises ValueError
    for all else, as `whole_number`.
    """
    digits = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
    if re.fullmatch(rf"[+-]?({digits}|nan|inf)", text) is None:
        raise ValueError(text)
    return float(text)


def parse_target(value: str | float, name: str) -> Target:
    """The frame rate that `name` was given, or `MAX`. Raises UserError for anything else."""
    if value == MAX:
        return MAX
    try:
        fps = number(value) if isinstance(value, str) else float(value)
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
