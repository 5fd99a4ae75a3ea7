"""The base class of all building blocks: checked parameters and calibrated coefficients."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from vaqf_compiler.hardware.resources import Resources

CALIBRATION = Path(__file__).with_name("calibration.json")
"""The file of coefficients, written by `python -m vaqf_compiler.cli.calibrate`."""

Features = dict[str, int]
"""Quantities that LUTs or flip-flops are proportional to. None decreases as a parameter grows."""


class OutOfRangeError(ValueError):
    """A block has a size that was not calibrated or does not exist."""


@dataclass(frozen=True)
class Block(ABC):
    """
    A building block of hardware. Its LUTs and flip-flops are sums of features times coefficients
    from `calibration.json`; its DSP slices and block RAMs follow from rules.

    Registers for a block's results and between its stages count. Registers that feed it do not,
    because they hold its neighbour's results. Registers inside DSP slices and block RAMs cost
    nothing.
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
        """Return the features that LUTs are proportional to."""

    @abstractmethod
    def ff_features(self) -> Features:
        """Return the features that flip-flops are proportional to."""

    @property
    def dsp(self) -> int:
        """The exact number of DSP48E2 slices."""
        return 0

    @property
    def bram18(self) -> int:
        """The exact number of halves of block RAMs."""
        return 0

    @property
    def uram(self) -> int:
        """The exact number of UltraRAMs."""
        return 0

    @property
    def resources(self) -> Resources:
        """The resources that the block takes."""
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
    """
    Return the coefficients of LUTs and those of flip-flops for each block, by its class's name.
    """
    data: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return {name: (block["lut"], block["ff"]) for name, block in data["blocks"].items()}


def forget_coefficients() -> None:
    """Forget cached coefficients, so that `calibration.json` is read again."""
    _resources.cache_clear()
    _coefficients.cache_clear()
