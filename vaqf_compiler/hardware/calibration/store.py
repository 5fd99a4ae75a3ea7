"""The file `calibration.json`: coefficients, and the points that they come from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaqf_compiler.hardware.block import Block
from vaqf_compiler.hardware.calibration.circuits import BLOCKS, synthesis, verilog
from vaqf_compiler.hardware.resources import Resources

Coefficients = dict[str, float]
MEASURED = ("lut", "ff", "dsp", "bram18")
"""The resources of a point that are stored. Nothing is mapped to UltraRAM unless requested."""


@dataclass(frozen=True)
class Point:
    """A synthesised block."""

    block: Block
    circuit: str
    """A digest of the Verilog and the synthesis command."""
    measured: Resources
    held_out: bool
    """Whether the point is left out of the fit and used to judge it."""


@dataclass(frozen=True)
class Calibration:
    """Contents of the file."""

    tool: str
    date: str
    """Date of the last synthesis, in the format of ISO 8601."""
    coefficients: dict[str, tuple[Coefficients, Coefficients]]
    """Coefficients of LUTs and of flip-flops for each block, by its name."""
    points: Sequence[Point]


def digest(block: Block) -> str:
    """
    Return a digest that changes with the circuit of a block and with the command that synthesises
    it.
    """
    return hashlib.sha256((synthesis(block) + verilog(block)).encode()).hexdigest()[:12]


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write the file atomically, with a line for each point, so that differences are readable."""
    blocks: list[str] = []
    for name in BLOCKS:
        points = [_record(p) for p in calibration.points if type(p.block).__name__ == name]
        if not points:
            continue
        lut, ff = calibration.coefficients.get(name, ({}, {}))
        lines = ",\n        ".join(json.dumps(point) for point in points)
        blocks.append(
            f'    {json.dumps(name)}: {{\n      "lut": {json.dumps(lut)},\n'
            f'      "ff": {json.dumps(ff)},\n      "points": [\n        {lines}\n      ]\n    }}'
        )
    tool, date = json.dumps(calibration.tool), json.dumps(calibration.date)
    joined = ",\n".join(blocks)
    text = f'{{\n  "tool": {tool},\n  "date": {date},\n  "blocks": {{\n{joined}\n  }}\n}}\n'
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".json", delete=False) as file:
        file.write(text)
    written = Path(file.name)
    written.chmod(0o644)
    written.replace(path)


def _record(point: Point) -> dict[str, Any]:
    measured = point.measured
    return {
        **dataclasses.asdict(point.block),
        **{name: int(getattr(measured, name)) for name in MEASURED},
        "held_out": point.held_out,
        "circuit": point.circuit,
    }


def read_calibration(path: Path) -> Calibration:
    """Read the file. Blocks that no longer exist are left out."""
    data: dict[str, Any] = json.loads(path.read_text())
    coefficients: dict[str, tuple[Coefficients, Coefficients]] = {}
    points: list[Point] = []
    for name, block in data["blocks"].items():
        if name not in BLOCKS:
            continue
        coefficients[name] = (block["lut"], block["ff"])
        points += [_point(BLOCKS[name], record) for record in block["points"]]
    return Calibration(data["tool"], data["date"], coefficients, points)


def _point(kind: type[Block], record: Mapping[str, Any]) -> Point:
    names = [field.name for field in dataclasses.fields(kind)]
    block = kind(**{name: record[name] for name in names})
    return Point(
        block,
        record["circuit"],
        Resources(**{name: record[name] for name in MEASURED}),
        record["held_out"],
    )
