"""A point of a sweep, and its result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""A value that JSON can represent; floats must be finite."""


@dataclass(frozen=True)
class Point:
    """A design point that is evaluated on its own."""

    model: str
    board: str
    """Name of a board, or absolute path of a `.toml` file."""
    bits: int
    """Bits of activations."""
    clock_mhz: float | None
    """Clock rate in MHz; None for the board's default."""
    profile: str
    """Profile of the cost model."""

    def columns(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)


RESERVED = (*(field.name for field in fields(Point)), "pareto", "error")
"""Columns of the tables that an evaluation must not return."""


@dataclass(frozen=True)
class Row:
    """
    A point and its result: the values that the evaluation returned, and `error`, which is None if
    there was no error.
    """

    point: Point
    result: Mapping[str, Json]

    @property
    def fps(self) -> float | None:
        """The frame rate; None if the point is infeasible or its evaluation had an error."""
        return cast(float, self.result["fps"]) if self.result["feasible"] else None

    @property
    def error(self) -> str | None:
        """The message of an error in the evaluation, or None."""
        return cast(str | None, self.result["error"])


def checked_result(returned: Mapping[str, Any]) -> dict[str, Json]:
    """
    Convert the values that an evaluation returned to JSON and back. Raises TypeError or ValueError
    if they are not JSON, have a reserved name, or lack `feasible` or, if it is true, a frame rate.
    """
    result = cast(dict[str, Json], json.loads(json.dumps(dict(returned), allow_nan=False)))
    if taken := [name for name in RESERVED if name in result]:
        raise ValueError(f"an evaluation must not return {', '.join(taken)}")
    feasible, fps = result.get("feasible"), result.get("fps")
    if not isinstance(feasible, bool):
        raise TypeError(f"an evaluation must return 'feasible', true or false, got {feasible!r}")
    if feasible and (isinstance(fps, bool) or not isinstance(fps, int | float) or fps <= 0):
        raise ValueError(f"a feasible point must have an 'fps' above 0, got {fps!r}")
    return {**result, "fps": fps if feasible else None, "error": None}


def failed_result(message: str) -> dict[str, Json]:
    """The result of an evaluation that had an error, so that feasibility is not known."""
    return {"fps": None, "feasible": None, "error": message}


def short_names(sources: Sequence[str]) -> dict[str, str]:
    """
    Short names of models or boards for people: without folders and `.toml`, unless two would then
    have the same name.
    """
    short = {source: Path(source).name.removesuffix(".toml") for source in sources}
    names = list(short.values())
    return {source: name if names.count(name) == 1 else source for source, name in short.items()}
