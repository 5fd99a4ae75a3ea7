"""Ways to choose the range that integers cover from what calibration saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vaqf_compiler.dialects.binvit import QuantizedType
from vaqf_compiler.quantize.ranges import METHODS, Statistics
from vaqf_compiler.quantize.scales import symmetric
from vaqf_compiler.reference.integer_semantics import quantize


def statistics_of(*tensors: NDArray[np.floating]) -> Statistics:
    statistics = Statistics(max(float(np.abs(tensor).max()) for tensor in tensors))
    for tensor in tensors:
        statistics.count(tensor)
    return statistics


def square_error(x: NDArray[np.float64], element: QuantizedType) -> float:
    return float(np.sum((quantize(x, element) * element.scale.data - x) ** 2))


def test_a_histogram_counts_every_value_of_every_tensor():
    statistics = statistics_of(np.array([0.0, -2.0, 1.0]), np.array([[0.5], [4.0]]))
    assert statistics.largest == 4.0
    assert statistics.histogram is not None
    places = np.flatnonzero(statistics.histogram)
    np.testing.assert_array_equal(places, [0, 512, 1024, 2048, 4095])


@pytest.mark.parametrize("largest", [2.0**-146, 1e-36, 1e-30, 3e38])
def test_the_smallest_and_the_largest_numbers_are_counted(largest: float):
    statistics = statistics_of(np.array([0, largest / 2, -largest], np.float32))
    assert statistics.histogram is not None
    assert np.flatnonzero(statistics.histogram).tolist() == [0, 2048, 4095]
    for method in METHODS.values():
        assert 0.9 * largest < method(statistics, 127) < 1.1 * largest


def test_min_max_is_all_that_was_seen():
    assert METHODS["minmax"](Statistics(3.5), 127) == 3.5


def test_a_percentile_leaves_outliers_out():
    x = np.append(np.linspace(-1, 1, 100_000), [50.0, -80.0])
    assert METHODS["percentile"](statistics_of(x), 127) == pytest.approx(1.0, rel=0.02)
    # One value in a thousand is more than the share that may be cut.
    often = np.append(np.linspace(-1, 1, 10_000), 10 * [80.0])
    assert METHODS["percentile"](statistics_of(often), 127) == 80.0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.sampled_from([1, 3, 100]))
def test_the_mean_square_error_is_no_greater_than_that_of_the_whole_range(
    seed: int, bits: int, freedom: int
):
    x = np.random.default_rng(seed).standard_t(freedom, 5000)
    chosen = METHODS["mse"](statistics_of(x), (1 << (bits - 1)) - 1)
    assert 0 < chosen <= np.abs(x).max()
    # A bin of the histogram is at most 1/4096 of the range wide.
    tolerance = 1.01 + (0.1 if bits == 8 else 0)
    whole = square_error(x, symmetric(bits, float(np.abs(x).max())))
    assert square_error(x, symmetric(bits, chosen)) <= tolerance * whole


def test_the_mean_square_error_is_near_the_best_for_a_normal_distribution():
    x = np.random.default_rng(0).standard_normal(100_000)
    chosen = METHODS["mse"](statistics_of(x), 7)
    errors = {c: square_error(x, symmetric(4, c)) for c in np.arange(0.5, 5, 0.05)}
    assert square_error(x, symmetric(4, chosen)) <= 1.02 * min(errors.values())


@pytest.mark.parametrize("method", METHODS)
def test_a_tensor_of_zeros_has_no_range(method: str):
    assert METHODS[method](statistics_of(np.zeros(10)), 127) == 0.0
