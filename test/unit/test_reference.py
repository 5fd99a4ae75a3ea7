"""The integer reference against docs/arithmetic.md, written again in Python integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vaqf_compiler.dialects.binvit import BinaryType, QuantizedType
from vaqf_compiler.dialects.binvit.types import dot_product_bits, signed_bits, sum_bits
from vaqf_compiler.reference import float_semantics as floats
from vaqf_compiler.reference import integer_semantics as ints
from vaqf_compiler.reference.tables import exp_table, gelu, softmax_constants


def clamp(x: int, low: int, high: int) -> int:
    return max(low, min(high, x))


def layer_norm_row(x: list[int], g: list[int], b: list[int], e: int, shift: int) -> list[int]:
    """Layer normalisation as the document says it, with Python's unbounded integers."""
    channels, total = len(x), sum(x)
    root = math.isqrt(channels * sum(v * v for v in x) - total * total + e)
    exponent = root.bit_length() - 16
    mantissa = root >> exponent if exponent >= 0 else root << -exponent
    reciprocal = 2**31 // mantissa
    result: list[int] = []
    for value, gamma, beta in zip(x, g, b, strict=True):
        centred = channels * value - total
        t = (centred * reciprocal + 2 ** (18 + exponent)) >> (19 + exponent)
        result.append((t * gamma + beta + 2 ** (shift - 1)) >> shift)
    return result


def softmax_row(x: list[int], scale: float, bits: int, n: int) -> list[int]:
    """Softmax as the document says it."""
    c, shift, limit = softmax_constants(scale)
    z = [(min(max(x) - v, limit) * c) >> shift for v in x]
    e = [round(2 ** (15 - v % 256 / 256)) >> (v // 256) for v in z]
    r = 2**36 // sum(e)
    return [min((v * r + 2 ** (35 - n)) >> (36 - n), 2**bits - 1) for v in e]


rows = st.integers(1, 40).flatmap(
    lambda size: arrays(np.int64, (2, size), elements=st.integers(-(2**15), 2**15 - 1))
)


@settings(max_examples=200, deadline=None)
@given(rows, st.integers(1, 2**40), st.integers(1, 31), st.integers(0, 2**32 - 1))
def test_layer_norm(x: ints.Ints, epsilon: int, shift: int, seed: int):
    generator = np.random.default_rng(seed)
    gamma = generator.integers(-(2**15), 2**15, x.shape[1])
    beta = generator.integers(-(2**31), 2**31, x.shape[1])
    found = ints.layer_norm(x, gamma, beta, epsilon, shift)
    expected = [
        layer_norm_row(row, gamma.tolist(), beta.tolist(), epsilon, shift) for row in x.tolist()
    ]
    assert found.tolist() == expected


@pytest.mark.parametrize("value", [0, -(2**15), 2**15 - 1])
def test_layer_norm_of_a_constant_row_is_beta(value: int):
    x = np.full((1, 768), value)
    gamma, beta = np.full(768, 2**15 - 1), np.arange(768) * 1024
    assert ints.layer_norm(x, gamma, beta, 1, 10).tolist() == [list(range(768))]


score_rows = st.integers(1, 24).flatmap(
    lambda size: arrays(np.int64, (2, size), elements=st.integers(-(2**37), 2**37))
)


@settings(max_examples=200, deadline=None)
@given(score_rows, st.integers(1, 16), st.integers(1, 35), st.floats(-40, 3))
def test_softmax(x: ints.Ints, bits: int, n: int, magnitude: float):
    scale = 10.0**magnitude
    result = QuantizedType(bits, 2.0**-n, signed=False)
    found = ints.softmax(x, softmax_constants(scale), result, n)
    assert found.tolist() == [softmax_row(row, scale, bits, n) for row in x.tolist()]


def test_softmax_of_one_token_is_one():
    result = QuantizedType(8, 2.0**-7, signed=False)
    assert ints.softmax(np.array([[5]]), softmax_constants(0.1), result, 7).tolist() == [[128]]


def test_exponentials_fall_from_one_to_a_half():
    table = exp_table()
    assert (table[0], table[255]) == (2**15, round(2 ** (15 - 255 / 256)))
    assert (np.diff(table) < 0).all()


@given(st.integers(0, 2**62 - 1))
def test_square_root(x: int):
    assert int(ints.isqrt(np.array([x]))[0]) == math.isqrt(x)


@pytest.mark.parametrize("root", [2**31 - 1, 94906265, 3037000499 // 2])
def test_square_root_at_squares(root: int):
    x = np.array([root * root - 1, root * root, root * root + 1])
    assert ints.isqrt(x).tolist() == [root - 1, root, root]


@given(st.integers(1, 2**31 - 1))
def test_bit_length(x: int):
    assert int(ints.bit_length(np.array([x]))[0]) == x.bit_length()


@settings(max_examples=100, deadline=None)
@given(st.integers(-(2**38), 2**38), st.integers(2**15, 2**16 - 1), st.integers(1, 62))
def test_requantisation(x: int, multiplier: int, shift: int):
    found = ints.shift_right_rounding(np.array([x]) * multiplier, shift)
    assert int(found[0]) == math.floor(Fraction(x * multiplier, 2**shift) + Fraction(1, 2))


@pytest.mark.parametrize("bits", range(1, 17))
def test_products_are_exact_at_the_extremes(bits: int):
    element = QuantizedType(bits, 1.0)
    terms = 3072
    for a in (element.minimum, element.maximum):
        x, y = np.full((2, terms), a), np.full((terms, 2), element.minimum)
        found = ints.matmul(x, y, ints.magnitude(element), ints.magnitude(element))
        assert found.tolist() == [[terms * a * element.minimum] * 2] * 2


@given(st.integers(1, 4096), st.integers(1, 16), st.booleans(), st.booleans())
def test_accumulators_cannot_overflow_and_are_not_wider(
    terms: int, bits: int, signed: bool, binary: bool
):
    a = QuantizedType(bits, 1.0, signed=signed)
    b = BinaryType(1.0) if binary else QuantizedType(8, 1.0)
    corners = [terms * x * y for x in (a.minimum, a.maximum) for y in (b.minimum, b.maximum)]
    needed = dot_product_bits(terms, a, b)
    half = 1 << (needed - 1)
    assert all(-half <= corner < half for corner in corners)
    assert any(not -half // 2 <= corner < half // 2 for corner in corners) or needed == 1


def test_signed_bits():
    assert [signed_bits(0, 0), signed_bits(-1, 0), signed_bits(0, 1)] == [1, 1, 2]
    assert [signed_bits(-128, 127), signed_bits(-129, 0), signed_bits(0, 128)] == [8, 9, 9]
    assert sum_bits(4, QuantizedType(8, 1.0)) == 10


def test_quantisation_rounds_to_even_saturates_and_gives_zero_a_sign():
    element = QuantizedType(4, 0.5)
    x = np.array([0.25, 0.75, -0.25, 100, -100], dtype=np.float32)
    assert ints.quantize(x, element).tolist() == [0, 2, 0, 7, -8]
    assert ints.quantize(np.array([-0.1, 0.0, 0.1]), BinaryType(2.0)).tolist() == [-1, 1, 1]


def test_float_semantics_are_pytorch():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 16, generator=generator)
    gamma, beta = torch.rand(16, generator=generator), torch.rand(16, generator=generator)
    expected = torch.nn.functional.layer_norm(x, [16], gamma, beta, 1e-6)
    found = floats.layer_norm(x.numpy(), gamma.numpy(), beta.numpy(), 1e-6)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)
    np.testing.assert_allclose(floats.softmax(x.numpy()), x.softmax(-1).numpy(), atol=1e-7)
    for approximate in ("none", "tanh"):
        expected = torch.nn.functional.gelu(x, approximate=approximate)
        np.testing.assert_allclose(gelu(x.numpy(), approximate), expected.numpy(), atol=1e-6)


def test_patches_are_what_a_strided_convolution_sees():
    image = torch.randn(3, 8, 12)
    weight = torch.randn(5, 3, 4, 4)
    expected = torch.nn.functional.conv2d(image[None], weight, stride=4).flatten(2)[0].T
    found = floats.patches(image.numpy(), 4) @ weight.numpy().reshape(5, -1).T
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
