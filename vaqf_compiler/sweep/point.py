"""A point of a sweep, and what was found there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
"""What JSON can hold; of a float, any but infinities and NaN."""


@dataclass(frozen=True)
class Point:
    """What one evaluation is of."""

    model: str
    board: str
    """A name, or the whole path of a `.toml` file."""
    bits: int
    """Of activations."""
    clock_mhz: float | None
    """None is the board's."""
    profile: str
    """Of the cost model."""

    def columns(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)


RESERVED = (*(field.name for field in fields(Point)), "pareto", "error")
"""Columns of the tables that are not an evaluation's to fill."""


@dataclass(frozen=True)
class Row:
    """A point and its result: what the evaluation returned, and `error`, null without one."""

    point: Point
    result: Mapping[str, Json]

    @property
    def fps(self) -> float | None:
        """The frame rate; None where the point is infeasible or its evaluation had an error."""
        return cast(float, self.result["fps"]) if self.result["feasible"] else None

    @property
    def error(self) -> str | None:
        """What went wrong in the evaluation, for people to read."""
        return cast(str | None, self.result["error"])


def checked_result(returned: Mapping[str, Any]) -> dict[str, Json]:
    """
    What an evaluation returned, as JSON gives it back. Raises TypeError or ValueError where it is
    not JSON, lacks `feasible` or a frame rate to go with it, or has a reserved column.
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
    """The result of an evaluation that refused its input. Whether it is feasible is not known."""
    return {"fps": None, "feasible": None, "error": message}


def short_names(sources: Sequence[str]) -> dict[str, str]:
    """
    Names of models or boards for people to read: without folders and `.toml`, where that leaves
    them different.
    """
    short = {source: Path(source).name.removesuffix(".toml") for source in sources}
    names = list(short.values())
    return {source: name if names.count(name) == 1 else source for source, name in short.items()}
