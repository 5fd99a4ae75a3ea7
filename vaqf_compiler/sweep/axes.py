"""The axes of a sweep, and the syntax in which users give them: `bits,board=zcu102:u250`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vaqf_compiler.errors import UserError
from vaqf_compiler.hardware.board import board_names, load_board
from vaqf_compiler.limits import MAX, Target, parse_target
from vaqf_compiler.sweep.point import Point

AXES = ("model", "bits", "board", "fps")
BITS = range(1, 17)
TARGETS: tuple[Target, ...] = (15.0, 24.0, 30.0, 60.0, 120.0, MAX)
EXAMPLE = "bits,board=zcu102:u250,fps=24:30:max"

T = TypeVar("T")


@dataclass(frozen=True)
class Axes:
    """The values of each axis of a sweep, in the order in which the user gave them."""

    models: tuple[str, ...]
    boards: tuple[str, ...]
    bits: tuple[int, ...]
    """Numbers of bits of activations."""
    targets: tuple[Target, ...]

    def points(self, *, clock_mhz: float | None = None, profile: str = "calibrated") -> list[Point]:
        """
        All points, sorted by model, board and bits. Points do not depend on the targets, which only
        select among them.
        """
        return [
            Point(model, board, bits, clock_mhz, profile)
            for model in sorted(self.models)
            for board in sorted(self.boards)
            for bits in sorted(self.bits)
        ]


def parse_axes(text: str, *, model: str, board: str, fps: Target = MAX) -> Axes:
    """
    Parse the axes in `text`, which are separated by commas: `model`, `bits`, `board` and `fps`.
    Each stands alone, for its default values, or is followed by `=` and values separated by `:`. An
    axis that is not named has one value: the argument `model`, `board` or `fps`. Only `bits`, which
    a sweep chooses, then has the values 1 to 16.

    Files become absolute paths. Raises UserError for an unknown axis, a bad value, or an axis or
    value that is given twice. Boards are looked up; the caller must check that models exist.
    """
    given = _split_axes(text)

    def values(axis: str, parse: Callable[[str], Sequence[T]], default: Sequence[T]) -> list[T]:
        value = given.get(axis)
        return _unique(axis, default if value is None else parse(value))

    boards: Sequence[str] = board_names() if "board" in given else [board]
    targets: Sequence[Target] = TARGETS if "fps" in given else [fps]
    return Axes(
        models=tuple(values("model", _models, [_absolute_model(model)])),
        boards=tuple(values("board", _boards, [_checked_board(name) for name in boards])),
        bits=tuple(values("bits", _bits, BITS)),
        targets=tuple(values("fps", _targets, targets)),
    )


def _split_axes(text: str) -> dict[str, str | None]:
    """The text after `=` of each axis, or None for an axis without values."""
    given: dict[str, str | None] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not name:
            raise UserError(f"the axes '{text}' lack a name; name some of {_names()}: '{EXAMPLE}'")
        if name not in AXES:
            near = difflib.get_close_matches(name.lower(), AXES, n=1)
            ask = f"did you mean '{near[0]}'?" if near else f"axes are {_names()}"
            raise UserError(f"unknown axis '{name}'; {ask}")
        if name in given:
            raise UserError(f"the axis '{name}' is given twice; separate its values by ':'")
        if equals and not all(piece.strip() for piece in value.split(":")):
            raise UserError(
                f"the axis '{name}' lacks a value in '{part.strip()}'; "
                f"'{name}' alone takes its default values"
            )
        given[name] = value if equals else None
    return given


def _names() -> str:
    return ", ".join(AXES)


def _unique(axis: str, values: Sequence[T]) -> list[T]:
    for index, value in enumerate(values):
        if value in values[:index]:
            shown = f"{value:g}" if isinstance(value, float) else value
            raise UserError(f"the axis '{axis}' has {shown} twice; give each value once")
    return list(values)


def _models(text: str) -> list[str]:
    pieces = iter(text.split(":"))
    models: list[str] = []
    for piece in pieces:
        model = piece.strip()
        if model.endswith(".py"):  # the ':' after it is part of the name
            function = next(pieces, "").strip()
            if not function:
                raise UserError(f"the model '{model}' lacks a function; write '{model}:callable'")
            model = f"{model}:{function}"
        models.append(_absolute_model(model))
    return models


def _absolute_model(model: str) -> str:
    """The name of a model, with an absolute path if it is a path."""
    file, colon, function = model.partition(":")
    is_path = file.endswith(".py") or "/" in file
    return f"{Path(file).resolve()}{colon}{function}" if is_path else model


def _boards(text: str) -> list[str]:
    return [_checked_board(piece.strip()) for piece in text.split(":")]


def _checked_board(board: str) -> str:
    load_board(board)
    return str(Path(board).resolve()) if board.endswith(".toml") else board


def _bits(text: str) -> list[int]:
    bits: list[int] = []
    for piece in text.split(":"):
        match = re.fullmatch(r"([0-9]{1,9})(?:\.\.([0-9]{1,9}))?", piece.strip())
        if match is None:
            raise UserError(f"bits must be a number as 8 or a range as 1..8, got '{piece.strip()}'")
        first = int(match[1])
        last = int(match[2] or first)
        if first > last:
            raise UserError(f"the bits {first}..{last} run backwards; write {last}..{first}")
        for end in (first, last):
            if end not in BITS:
                raise UserError(f"bits must be in {BITS[0]}..{BITS[-1]}, got {end}")
        bits.extend(range(first, last + 1))
    return bits


def _targets(text: str) -> list[Target]:
    return [parse_target(piece.strip(), "the axis 'fps'") for piece in text.split(":")]
