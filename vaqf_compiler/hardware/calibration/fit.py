"""Fit of the coefficients to measured points, and its quality on points that were held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize

from vaqf_compiler.hardware.block import Features
from vaqf_compiler.hardware.calibration.store import Coefficients, Point

OPTIMIZE: Any = scipy.optimize  # SciPy has no types.
HELD_OUT = 3
"""Every third point is held out."""
LARGEST_ERROR = 0.1
"""The largest relative error of LUTs that is accepted."""
SMALL_LUTS = 50
FREE_LUTS = 5
"""On points of fewer than `SMALL_LUTS` LUTs, an error of up to this many LUTs counts as none."""


def is_held_out(position: int) -> bool:
    """Return whether the point at a position among those of its block is held out."""
    return position % HELD_OUT == HELD_OUT - 1


def fit(points: Sequence[Point]) -> tuple[Coefficients, Coefficients]:
    """
    Return the coefficients of LUTs and flip-flops of one block, fitted to the points that are not
    held out.
    """
    used = [point for point in points if not point.held_out]
    return (
        _fit([p.block.lut_features() for p in used], [p.measured.lut for p in used]),
        _fit([p.block.ff_features() for p in used], [p.measured.ff for p in used]),
    )


def _fit(features: Sequence[Features], measured: Sequence[float]) -> Coefficients:
    """
    Minimise the sum of squared relative errors. No coefficient is negative, so that larger blocks
    never cost less.
    """
    names = sorted({name for row in features for name in row})
    if not names:
        return {}
    matrix = np.array([[row.get(name, 0) for name in names] for row in features], float)
    weights = 1 / np.maximum(np.array(measured, float), SMALL_LUTS)
    solution = OPTIMIZE.nnls(matrix * weights[:, None], np.array(measured) * weights)[0]
    return {name: round(float(value), 6) for name, value in zip(names, solution, strict=True)}


@dataclass(frozen=True)
class Quality:
    """How the model of one block compares with measurements on the points that are held out."""

    points: int
    held_out: int
    largest_lut: float
    """The largest relative error of LUTs, not counting small points that are within `FREE_LUTS`."""
    mean_lut: float
    largest_ff: float
    exact: bool
    """Whether DSP slices and block RAMs agree on all points."""

    @property
    def good(self) -> bool:
        """Whether the model may be used."""
        return self.exact and self.largest_lut <= LARGEST_ERROR


def lut_error(point: Point) -> float:
    """
    Return the error of LUTs relative to the measurement; zero if a small point is close enough.
    """
    measured = point.measured.lut
    difference = abs(point.block.resources.lut - measured)
    if measured < SMALL_LUTS and difference <= FREE_LUTS:
        return 0.0
    return difference / max(measured, 1)


def ff_error(point: Point) -> float:
    """Return the error of flip-flops relative to the measurement."""
    measured = point.measured.ff
    return abs(point.block.resources.ff - measured) / max(measured, 1)


def is_exact(point: Point) -> bool:
    """Return whether DSP slices and block RAMs of the model agree with the measurement."""
    model, measured = point.block.resources, point.measured
    return (model.dsp, model.bram18) == (measured.dsp, measured.bram18)


def quality(points: Sequence[Point]) -> Quality:
    """Return the quality of one block's model with the coefficients in `calibration.json`."""
    held_out = [point for point in points if point.held_out]
    luts = [lut_error(point) for point in held_out]
    return Quality(
        points=len(points),
        held_out=len(held_out),
        largest_lut=max(luts),
        mean_lut=sum(luts) / len(luts),
        largest_ff=max(ff_error(point) for point in held_out),
        exact=all(is_exact(point) for point in points),
    )
