"""What `report.json` has of what a synthesis reports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vaqf_compiler.errors import UserError
from vaqf_compiler.synthesis.estimates import FunctionEstimate, LoopEstimate
from vaqf_compiler.synthesis.fields import Field, FieldError


@dataclass(frozen=True)
class ProjectEstimate:
    """Of a project."""

    part: str
    period_ns: float
    cycles: int
    """Of an image."""
    functions: Sequence[FunctionEstimate]
    """The top function last."""
    resources: Mapping[str, Mapping[str, int]]
    """Of the functions of which they are known, by function and by the tool's names."""


def read_estimate(path: Path) -> ProjectEstimate:
    """Read a `report.json`. Raises UserError where it has no estimate of what is in the project."""
    try:
        report = Field(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UserError(f"'{path}' is missing; run vaqf-compile first") from error
    except ValueError as error:
        raise UserError(f"'{path}' is not JSON: {error}; run vaqf-compile again") from error
    except RecursionError as error:
        raise UserError(f"'{path}' is nested too deeply; run vaqf-compile again") from error
    try:
        if "functions" not in report:
            raise UserError(
                f"'{path}' has no estimate of functions; run vaqf-compile again, with the profile "
                "calibrated"
            )
        return _estimate(report)
    except FieldError as error:
        raise UserError(
            f"'{path}' is not as vaqf-compile writes it: {error}; run vaqf-compile again"
        ) from error


def _estimate(report: Field) -> ProjectEstimate:
    functions = [_function(function) for function in report["functions"]]
    if not functions:
        raise report["functions"].refuse("a list of functions")
    clock_mhz = report["clock_mhz"].number
    if clock_mhz < 1e-3:
        raise report["clock_mhz"].refuse("a clock in MHz")
    units = {name: _vitis_resources(unit) for name, unit in report["units"].values().items()}
    used = {name: use["used"].value for name, use in report["resources"].values().items()}
    units[functions[-1].name] = _vitis_resources(Field(used, "resources"))
    return ProjectEstimate(
        report["part"].text,
        1000 / clock_mhz,
        report["performance"]["cycles"].whole,
        functions,
        units,
    )


def _vitis_resources(counts: Field) -> dict[str, int]:
    """Resources of `report.json` by the tool's names; a block RAM of 36 Kib is two of 18."""
    return {
        "LUT": counts["lut"].whole,
        "FF": counts["ff"].whole,
        "DSP": counts["dsp"].whole,
        "BRAM_18K": int(2 * counts["bram36"].number),
        "URAM": counts["uram"].whole,
    }


def _function(function: Field) -> FunctionEstimate:
    return FunctionEstimate(
        function["name"].text,
        function["cycles"].whole_if_known,
        function["interval"].whole_if_known,
        [_loop(loop) for loop in function["loops"]],
    )


def _loop(loop: Field) -> LoopEstimate:
    lines = [line.whole for line in loop["lines"]]
    if not lines:
        raise loop["lines"].refuse("a list of lines")
    return LoopEstimate(
        lines,
        loop["trips"].whole_if_known,
        loop["cycles"].whole_if_known,
        loop["interval"].whole_if_known,
        loop["depth"].whole_if_known,
    )
