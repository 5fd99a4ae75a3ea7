"""
The choice of the range that a tensor's integers cover, from statistics of its calibration.

A narrower range gives finer steps to the many small values and saturates the few large ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from xdsl.ir import SSAValue

BINS = 4096
"""Bins of the histogram of a tensor's absolute values, from 0 to the largest."""
CANDIDATES = 100
"""
Number of ranges, evenly spaced up to the largest value, for which the mean square error is
computed.
"""


@dataclass
class Statistics:
    """Statistics of a tensor over all calibration images."""

    largest: float = 0.0
    """Largest absolute value."""
    histogram: NDArray[np.int64] | None = None
    """
    Histogram of absolute values, in `BINS` equal bins from 0 to `largest`; None if not needed.
    """

    @property
    def centres(self) -> NDArray[np.float64]:
        """The centre of each bin."""
        return np.linspace(0.5, BINS - 0.5, BINS) * (self.largest / BINS)

    def count(self, values: NDArray[np.floating]) -> None:
        """Add values to the histogram; `largest` must be known."""
        if self.histogram is None:
            self.histogram = np.zeros(BINS, dtype=np.int64)
        scale = BINS / self.largest if self.largest else 0.0
        # Use float64, because the scale for the smallest float32 numbers exceeds the largest one.
        magnitudes = np.abs(values).astype(np.float64)
        bins = np.minimum((magnitudes * scale).astype(np.int64), BINS - 1)
        self.histogram += np.bincount(bins.reshape(-1), minlength=BINS)


def min_max(statistics: Statistics, greatest: int) -> float:
    """Return the whole range, so that nothing saturates on the calibration images."""
    return statistics.largest


def percentile(statistics: Statistics, greatest: int, percent: float = 99.99) -> float:
    """Return the range that contains `percent` of the absolute values."""
    assert statistics.histogram is not None
    cumulated = np.cumsum(statistics.histogram)
    reached = int(np.searchsorted(cumulated, float(cumulated[-1]) * percent / 100))
    return statistics.largest * min(reached + 1, BINS) / BINS


def mean_square_error(statistics: Statistics, greatest: int) -> float:
    """Return the range with the smallest mean square error of quantised values."""
    assert statistics.histogram is not None
    seen = np.flatnonzero(statistics.histogram)
    centres, counts = statistics.centres[seen], statistics.histogram[seen]

    def error(candidate: float) -> float:
        step = candidate / greatest
        rounded = np.minimum(np.rint(centres / step), greatest) * step
        return float(((rounded - centres) ** 2) @ counts)

    if not statistics.largest:
        return 0.0
    candidates = statistics.largest * (np.arange(1, CANDIDATES + 1) / CANDIDATES)
    return float(min(candidates, key=error))


METHODS: Mapping[str, Callable[[Statistics, int], float]] = {
    "minmax": min_max,
    "percentile": percentile,
    "mse": mean_square_error,
}
"""Ways to choose a range. The second argument is the greatest integer of the quantised type."""


@dataclass(frozen=True)
class Ranges:
    """The ranges of a model's tensors."""

    statistics: Mapping[SSAValue, Statistics]
    method: str

    def largest(self, value: SSAValue) -> float:
        """Return the largest absolute value of a tensor on the calibration images."""
        return self.statistics[value].largest

    def clipped(self, value: SSAValue, bits: int, *, signed: bool = True) -> float:
        """Return the range that integers of `bits` bits should cover."""
        greatest = max(1, (1 << (bits - signed)) - 1)
        return METHODS[self.method](self.statistics[value], greatest)
