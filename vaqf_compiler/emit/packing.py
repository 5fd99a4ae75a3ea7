"""
Contents of the files behind the accelerator's ports: parameters and images, packed into words.

`binvit.pack` defines the layout; words of 128 bits are little-endian.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from vaqf_compiler.dialects.binvit import MemoryImageOp, PackOp
from vaqf_compiler.dialects.binvit.mapping import WORD_BITS
from vaqf_compiler.reference.interpreter import Array, Weights, run_packs

WORD_BYTES = WORD_BITS // 8

Bytes = NDArray[np.uint8]


def pack_matrix(matrix: NDArray[np.int64], rows: int, columns: int, bits: int) -> Bytes:
    """
    Cut a matrix into tiles of `rows x columns` and pack their rows into words; see `PackOp`. A
    single bit stands for +1 if it is set and for -1 if not, several bits for a two's complement
    integer.
    """
    height, width = matrix.shape
    tiles = (-(-height // rows), -(-width // columns))
    padded = np.zeros((tiles[0] * rows, tiles[1] * columns), dtype=np.int64)
    padded[:height, :width] = matrix
    packed_rows = padded.reshape(tiles[0], rows, tiles[1], columns).swapaxes(1, 2)
    elements = packed_rows.reshape(-1, columns)
    row_bits = columns * bits
    fields = _fields(elements, bits).reshape(len(elements), row_bits)
    if row_bits < WORD_BITS:
        per_word = WORD_BITS // row_bits
        spare = -len(fields) % per_word
        fields = np.pad(fields, ((0, spare), (0, 0))).reshape(-1, per_word * row_bits)
    fields = np.pad(fields, ((0, 0), (0, -fields.shape[1] % WORD_BITS)))
    return np.packbits(fields, axis=1, bitorder="little").reshape(-1)


def _fields(elements: NDArray[np.int64], bits: int) -> Bytes:
    """Return the bits of each element, least significant first, along a new last dimension."""
    if bits == 1:
        return (elements > 0).astype(np.uint8)[..., None]
    octets = elements.astype("<i8")[..., None].view(np.uint8)
    return np.unpackbits(octets[..., : -(-bits // 8)], axis=-1, bitorder="little")[..., :bits]


def unpack_matrix(
    contents: Bytes, shape: tuple[int, int], rows: int, columns: int, bits: int
) -> NDArray[np.int64]:
    """
    Return the matrix of a shape with whose packed form `contents` begins; this reverses
    `pack_matrix`.
    """
    tiles = (-(-shape[0] // rows), -(-shape[1] // columns))
    count, row_bits = tiles[0] * tiles[1] * rows, columns * bits
    word_bits = max(1, -(-row_bits // WORD_BITS)) * WORD_BITS
    per_word = max(1, WORD_BITS // row_bits)
    words = contents[: -(-count // per_word) * word_bits // 8].reshape(-1, word_bits // 8)
    fields = np.unpackbits(words, axis=1, bitorder="little")[:, : per_word * row_bits]
    digits = fields.reshape(-1, columns, bits)[:count].astype(np.int64)
    if bits == 1:
        elements = 2 * digits[..., 0] - 1
    else:
        digits[..., -1] *= -1  # In two's complement, the sign bit has a negative weight.
        elements = digits @ (np.int64(1) << np.arange(bits))
    padded = elements.reshape(*tiles, rows, columns).swapaxes(1, 2)
    return padded.reshape(tiles[0] * rows, -1)[: shape[0], : shape[1]]


def unpack_image(
    image: MemoryImageOp, contents: Bytes
) -> Iterator[tuple[PackOp, NDArray[np.int64]]]:
    """Yield the matrices in the words of a port, each with the operation that packed it."""
    for op in image.body.block.ops:
        if isinstance(op, PackOp):
            start, end = op.at.value.data * WORD_BYTES, op.end * WORD_BYTES
            tile = (op.rows.value.data, op.columns.value.data)
            packed = contents[start:end]
            yield op, unpack_matrix(packed, op.matrix_shape, *tile, op.bits.value.data)


def fill_image(image: MemoryImageOp, weights: Weights, arguments: Sequence[Array] = ()) -> Bytes:
    """Return the bytes that a memory image describes, for given parameters and arguments."""
    contents = np.zeros(image.words.value.data * WORD_BYTES, dtype=np.uint8)
    for op, matrix in run_packs(image.body.block, weights, arguments):
        packed = pack_matrix(
            matrix.reshape(op.matrix_shape),
            op.rows.value.data,
            op.columns.value.data,
            op.bits.value.data,
        )
        start = op.at.value.data * WORD_BYTES
        contents[start : start + len(packed)] = packed
    return contents


def memory_images(module: ModuleOp) -> Mapping[str, MemoryImageOp]:
    """Return the memory images of a module, by the name of their port."""
    return {op.sym_name.data: op for op in module.ops if isinstance(op, MemoryImageOp)}
