"""What all building blocks have in common: checked parameters and calibrated coefficients."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from vaqf_compiler.hardware.resources import Resources

CALIBRATION = Path(__file__).with_name("calibration.json")
"""Written by `python -m vaqf_compiler.cli.calibrate`."""

Features = dict[str, int]
"""Quantities that LUTs or flip-flops grow with, none of which falls as a parameter grows."""


class OutOfRangeError(ValueError):
    """A block of a size that was not calibrated or does not exist."""


@dataclass(frozen=True)
class Block(ABC):
    """
    A piece of hardware. LUTs and flip-flops are sums of features times coefficients from
    `calibration.json`; DSP slices and block RAMs are rules.

    Registers of a block's results and between its stages count, those that feed it do not: they
    are its neighbour's results. Registers inside DSP slices and block RAMs cost nothing.
    """

    BOUNDS: ClassVar[dict[str, tuple[int, int]]] = {}
    """The least and greatest value of each integer parameter."""

    def __post_init__(self) -> None:
        for name, (least, most) in self.BOUNDS.items():
            value: int = getattr(self, name)
            if not least <= value <= most:
                kind = type(self).__name__
                raise OutOfRangeError(f"{name} of {kind} must be {least} to {most}, not {value}")

    @abstractmethod
    def lut_features(self) -> Features:
        """What LUTs are proportional to."""

    @abstractmethod
    def ff_features(self) -> Features:
        """What flip-flops are proportional to."""

    @property
    def dsp(self) -> int:
        """DSP48E2 slices, exactly."""
        return 0

    @property
    def bram18(self) -> int:
        """Halves of block RAMs, exactly."""
        return 0

    @property
    def uram(self) -> int:
        """UltraRAMs, exactly."""
        return 0

    @property
    def resources(self) -> Resources:
        """What the block takes."""
        return _resources(self)


@cache
def _resources(block: Block) -> Resources:
    lut, ff = _coefficients()[type(block).__name__]
    return Resources(
        sum(lut[name] * value for name, value in block.lut_features().items()),
        sum(ff[name] * value for name, value in block.ff_features().items()),
        block.dsp,
        block.bram18,
        block.uram,
    )


@cache
def _coefficients() -> dict[str, tuple[dict[str, float], dict[str, float]]]:
    """For each block those of LUTs and those of flip-flops."""
    data: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return {name: (block["lut"], block["ff"]) for name, block in data["blocks"].items()}


def forget_coefficients() -> None:
    """Read `calibration.json` again when a block's resources are asked for next."""
    _resources.cache_clear()
    _coefficients.cache_clear()
