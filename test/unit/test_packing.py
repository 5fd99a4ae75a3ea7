"""The layout of weights and parameters in the files behind the ports."""

from __future__ import annotations

import numpy as np
import pytest

from vaqf_compiler.emit.packing import pack_matrix, unpack_matrix


def read_bit_by_bit(
    contents: np.ndarray, height: int, width: int, rows: int, columns: int, bits: int
) -> np.ndarray:
    """Read a packed matrix back, element by element, as an engine does."""
    words = [
        int.from_bytes(contents[i : i + 16].tobytes(), "little")
        for i in range(0, len(contents), 16)
    ]
    row_words = max(1, -(-columns * bits // 128))
    per_word = max(1, 128 // (columns * bits))
    matrix = np.zeros((height, width), dtype=np.int64)
    tiles = -(-width // columns)
    for m in range(height):
        for n in range(width):
            row = ((m // rows) * tiles + n // columns) * rows + m % rows
            bit = n % columns * bits + (row % per_word) * columns * bits
            word = words[row // per_word * row_words + bit // 128]
            value = word >> bit % 128 & ((1 << bits) - 1)
            matrix[m, n] = 2 * value - 1 if bits == 1 else value - (value >> (bits - 1) << bits)
    return matrix


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns", "bits"),
    [
        pytest.param(8, 64, 4, 64, 1, id="two rows a word"),
        pytest.param(6, 300, 2, 256, 1, id="two words a row"),
        pytest.param(10, 40, 4, 32, 1, id="tiles that do not divide the matrix"),
        pytest.param(5, 40, 2, 16, 8, id="a word a row of bytes"),
        pytest.param(3, 24, 1, 8, 32, id="parameters"),
        pytest.param(1, 10, 1, 16, 32, id="a short vector"),
    ],
)
def test_what_is_packed_is_read_back(height: int, width: int, rows: int, columns: int, bits: int):
    generator = np.random.default_rng(0)
    low, high = (0, 2) if bits == 1 else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    matrix = generator.integers(low, high, (height, width))
    if bits == 1:
        matrix = 2 * matrix - 1
    contents = pack_matrix(matrix, rows, columns, bits)
    assert len(contents) % 16 == 0
    found = read_bit_by_bit(contents, height, width, rows, columns, bits)
    np.testing.assert_array_equal(found, matrix)
    np.testing.assert_array_equal(
        unpack_matrix(contents, (height, width), rows, columns, bits), matrix
    )


def test_binary_weights_take_one_bit():
    assert len(pack_matrix(np.ones((768, 768), dtype=np.int64), 128, 64, 1)) == 768 * 768 // 8


def test_the_first_weight_is_the_least_significant_bit():
    matrix = np.full((1, 128), -1)
    matrix[0, 0] = 1
    assert pack_matrix(matrix, 1, 128, 1).tolist() == [1] + 15 * [0]
